"""OTLP attributes as Python values: read off their serialized form, and written through to it."""

import struct
import sys
from collections.abc import ItemsView, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Value: TypeAlias = "str | bool | int | float | bytes | list[Any] | dict[str, Any] | None"
"""What an OTLP AnyValue holds: a scalar, or lists and string-keyed dicts of these."""

_SHORT = 128
"""Bytes: longer attributes do not come again often enough to be worth remembering."""
_MOST_KNOWN = 8192


def to_python(value: AnyValue) -> Value:
    """The Python value of an AnyValue; None for one that is not set."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [to_python(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return {entry.key: to_python(entry.value) for entry in value.kvlist_value.values}
    return None if kind is None else getattr(value, kind)


def write_value(target: AnyValue, value: Value) -> None:
    """Set an AnyValue to a Python value, whatever it held before.

    Raises TypeError for a value that OTLP has no kind for.
    """
    match value:
        case str():
            target.string_value = value
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case bytes():
            target.bytes_value = value
        case None:
            target.Clear()
        case Mapping() | Sequence():
            target.CopyFrom(_nested(value))
        case _:
            raise TypeError(f"OTLP has no attribute kind for {type(value).__name__}")


def _nested(value: Mapping[str, Any] | Sequence[Any]) -> AnyValue:
    result = AnyValue()
    if isinstance(value, Mapping):
        result.kvlist_value.SetInParent()
        for key, item in value.items():
            write_value(result.kvlist_value.values.add(key=key).value, item)
    else:
        result.array_value.SetInParent()
        for item in value:
            write_value(result.array_value.values.add(), item)
    return result


class _Known(dict[bytes, tuple[str, Value]]):
    """What serialized attributes say: in most spans it has all been seen before. In memory only."""

    def __missing__(self, serialized: bytes) -> tuple[str, Value]:
        entry = KeyValue.FromString(serialized)
        pair = sys.intern(entry.key), to_python(entry.value)
        if len(serialized) <= _SHORT:
            if len(self) >= _MOST_KNOWN:
                self.clear()
            self[serialized] = pair
        return pair


_known = _Known()


def decode(serialized: bytes) -> tuple[str, Value]:
    """Key and value of a serialized KeyValue. Lists and dicts are shared: never change them.

    Raises protobuf's DecodeError if it is none.
    """
    return _known[serialized]


def encode(key: str, value: Value) -> bytes:
    """The serialized KeyValue. Raises TypeError for a value that OTLP has no kind for."""
    if value.__class__ is str and len(value) <= _SHORT:
        return _encode_text(key, value)
    if value.__class__ is float:
        return _before_number(key) + _double(value)
    entry = KeyValue(key=key)
    write_value(entry.value, value)
    return entry.SerializeToString()


_double = struct.Struct("<d").pack


@lru_cache(1024)
def _before_number(key: str) -> bytes:
    """A KeyValue with a double, up to the eight bytes of the number."""
    return KeyValue(key=key, value=AnyValue(double_value=1.0)).SerializeToString()[:-8]


@lru_cache(1024)
def _encode_text(key: str, text: str) -> bytes:
    return KeyValue(key=key, value=AnyValue(string_value=text)).SerializeToString()


class Attributes:
    """The attributes of one span, resource, scope, event or link.

    All are read once, on construction. Writes go to the message and to `values` alike, so that
    every processor sees what the one before it wrote. Where a key stands twice in the message,
    reads and writes meet the last of them.
    """

    __slots__ = ("_serialized", "memo", "values")

    def __init__(self, serialized: Any) -> None:
        """`serialized` is the field `attributes` of one of the messages in `collector.wire`."""
        self._serialized = serialized
        # A list made by slicing, and a lookup without a frame: this runs for every span.
        self.values: dict[str, Value] = dict(map(_known.__getitem__, serialized[:]))
        """Every key with its Python value, for reading without a detour; `set` to write."""
        self.memo: Any = None
        """What somebody derived from the attributes and wants to find again; a write forgets it."""

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def get(self, key: str, default: Value = None) -> Value:
        """The Python value at `key`, or `default` where the key is absent or has no value.

        Lists and dicts are shared with other spans: never change them.
        """
        value = self.values.get(key)
        return default if value is None else value

    def text(self, key: str) -> str:
        """The value at `key` if it is a non-empty string, else an empty string."""
        value = self.values.get(key)
        return value if value.__class__ is str else ""

    def items(self) -> ItemsView[str, Value]:
        """Every key with its Python value."""
        return self.values.items()

    def set(self, key: str, value: Value) -> None:
        """Write `value` at `key`, replacing what stood there."""
        serialized = encode(key, value)
        if key in self.values:
            self._serialized[self._positions(key)[-1]] = serialized
        else:
            self._serialized.append(serialized)
        self.values[key] = value
        self.memo = None

    def append(self, serialized: bytes) -> None:
        """Add an entry that is serialized already, by `encode`; its key must be a new one."""
        key, value = decode(serialized)
        self._serialized.append(serialized)
        self.values[key] = value
        self.memo = None

    def rename(self, targets: Mapping[str, str]) -> None:
        """Give entries new keys, old to new, in place; no new key may be taken."""
        for source, target in targets.items():
            for position in self._positions(source):
                entry = KeyValue.FromString(self._serialized[position])
                entry.key = target
                self._serialized[position] = entry.SerializeToString()
            self.values[target] = self.values.pop(source)
        self.memo = None

    def delete(self, *keys: str) -> int:
        """Remove every entry of `keys`; returns how many of the keys there were."""
        doomed = frozenset(keys) & self.values.keys()
        for position in reversed(self._positions(*doomed) if doomed else ()):
            del self._serialized[position]
        for key in doomed:
            del self.values[key]
        self.memo = None
        return len(doomed)

    def _positions(self, *keys: str) -> list[int]:
        return [at for at, item in enumerate(self._serialized) if decode(item)[0] in keys]


__all__ = ["Attributes", "Value", "decode", "encode", "to_python", "write_value"]
