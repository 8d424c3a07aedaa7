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

    __slots__ = ("_entries", "values")

    def __init__(self, entries: Any) -> None:
        """`entries` is the message's repeated KeyValue field."""
        self._entries = entries
        self.values: dict[str, AnyValue] = {entry.key: entry.value for entry in entries}

    def __contains__(self, key: str) -> bool:
        return key in self.values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def get(self, key: str, default: Value = None) -> Value:
        """The Python value at `key`, or `default` where the key is absent or has no value."""
        value = self.values.get(key)
        if value is None:
            return default
        result = to_python(value)
        return default if result is None else result

    def text(self, key: str) -> str:
        """The value at `key` if it is a non-empty string, else an empty string."""
        value = self.values.get(key)
        return value.string_value if value is not None else ""

    def items(self) -> Iterator[tuple[str, Value]]:
        """Every key with its Python value."""
        return ((key, to_python(value)) for key, value in self.values.items())

    def set(self, key: str, value: Value) -> None:
        """Write `value` at `key`, replacing what stood there."""
        target = self.values.get(key)
        if target is None:
            target = self.values[key] = self._entries.add(key=key).value
        write_value(target, value)

    def delete(self, key: str) -> bool:
        """Remove every entry of `key`; returns whether there was one."""
        if self.values.pop(key, None) is None:
            return False
        for position in reversed(range(len(self._entries))):
            if self._entries[position].key == key:
                del self._entries[position]
        return True


__all__ = ["AnyValue", "Attributes", "KeyValue", "Value", "to_python", "write_value"]
