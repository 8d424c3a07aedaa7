"""OTLP attributes as Python values: read on demand, written through to the message."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeAlias

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Value: TypeAlias = "str | bool | int | float | bytes | list[Any] | dict[str, Any] | None"
"""What an OTLP AnyValue holds: a scalar, or lists and string-keyed dicts of these."""


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


class Attributes:
    """The attributes of one span, resource, scope, event or link.

    The keys are indexed once, on construction; values are decoded when asked for. Writes go to
    the message and the index alike, so that every processor sees what the one before it wrote.
    Where a key stands twice in the message, reads and writes meet the last of them.
    """

    __slots__ = ("_repeated", "entries", "memo")

    def __init__(self, repeated: Any) -> None:
        """`repeated` is the message's repeated KeyValue field."""
        self._repeated = repeated
        self.entries: dict[str, KeyValue] = {entry.key: entry for entry in repeated}
        """Every key with its entry in the message, for reading without a detour."""
        self.memo: Any = None
        """What somebody derived from the attributes and wants to find again; a write forgets it."""

    def __contains__(self, key: str) -> bool:
        return key in self.entries

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, key: str, default: Value = None) -> Value:
        """The Python value at `key`, or `default` where the key is absent or has no value."""
        entry = self.entries.get(key)
        if entry is None:
            return default
        result = to_python(entry.value)
        return default if result is None else result

    def value(self, key: str) -> AnyValue | None:
        """The undecoded value at `key`."""
        entry = self.entries.get(key)
        return None if entry is None else entry.value

    def text(self, key: str) -> str:
        """The value at `key` if it is a non-empty string, else an empty string."""
        entry = self.entries.get(key)
        return "" if entry is None else entry.value.string_value

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every key with its Python value."""
        return ((key, to_python(entry.value)) for key, entry in self.entries.items())

    def set(self, key: str, value: Value) -> None:
        """Write `value` at `key`, replacing what stood there."""
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = self._repeated.add(key=key)
        if value.__class__ is str:
            entry.value.string_value = value
        elif value.__class__ is float:
            entry.value.double_value = value
        else:
            write_value(entry.value, value)
        self.memo = None

    def rename(self, targets: Mapping[str, str]) -> None:
        """Give entries new keys, old to new, in place; no new key may be taken."""
        for entry in self._repeated:
            key = entry.key
            if key in targets:
                entry.key = targets[key]
        for source, target in targets.items():
            self.entries[target] = self.entries.pop(source)
        self.memo = None

    def delete(self, *keys: str) -> int:
        """Remove every entry of `keys`; returns how many of the keys there were."""
        doomed = frozenset(keys) & self.entries.keys()
        for key in doomed:
            del self.entries[key]
        for position in reversed(range(len(self._repeated) if doomed else 0)):
            if self._repeated[position].key in doomed:
                del self._repeated[position]
        self.memo = None
        return len(doomed)


__all__ = ["AnyValue", "Attributes", "KeyValue", "Value", "to_python", "write_value"]
