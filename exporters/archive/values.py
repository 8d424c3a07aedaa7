"""OTLP attributes as JSON that reads naturally and loses nothing.

Strings, booleans, integers, finite doubles, arrays, maps and absent values become what JSON has
for them; a double always has a decimal point or an exponent, an integer never. What JSON has no
form for becomes an object with one key, named as in OTLP's own JSON encoding:

    {"bytesValue": "<base64>"}
    {"doubleValue": "NaN" | "Infinity" | "-Infinity"}
    {"kvlistValue": [["key", value], …]}     a map with a key twice, or that looks like one of these
    {"stringValueStrindex": 7}
"""

import base64
import math
from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector import write_value

_TAGS = frozenset({"bytesValue", "doubleValue", "kvlistValue", "stringValueStrindex"})


def encode_map(entries: Sequence[KeyValue]) -> dict[str, Any]:
    """A JSON-ready object that stands for the entries, in their order."""
    # Most values are strings, so these are tried without asking for the kind.
    result = {entry.key: (value := entry.value).string_value or encode(value) for entry in entries}
    if len(result) != len(entries) or (len(result) == 1 and not _TAGS.isdisjoint(result)):
        return {"kvlistValue": [[entry.key, encode(entry.value)] for entry in entries]}
    return result


def encode_attributes(serialized: Iterable[bytes]) -> dict[str, Any]:
    """The same for attributes as a batch's records hold them: serialized."""
    return encode_map([KeyValue.FromString(item) for item in serialized])


def lookup(encoded: dict[str, Any]) -> dict[str, Any]:
    """The keys and values of an encoded map; the last value of a key that stands twice."""
    if len(encoded) == 1 and "kvlistValue" in encoded:
        return dict(encoded["kvlistValue"])
    return encoded


def encode(value: AnyValue) -> Any:  # noqa: PLR0911 - one answer for each kind of value
    """A JSON-ready value that stands for `value`."""
    kind = value.WhichOneof("value")
    if kind == "string_value":
        return value.string_value
    if kind == "double_value":
        return _double(value.double_value)
    if kind == "array_value":
        return [encode(item) for item in value.array_value.values]
    if kind == "kvlist_value":
        return encode_map(value.kvlist_value.values)
    if kind == "bytes_value":
        return {"bytesValue": base64.b64encode(value.bytes_value).decode()}
    if kind == "string_value_strindex":
        return {"stringValueStrindex": value.string_value_strindex}
    return None if kind is None else getattr(value, kind)


def decode_map(encoded: dict[str, Any], target: Any) -> None:
    """Add the entries that `encoded` stands for to a repeated KeyValue field."""
    pairs = encoded.items()
    if len(encoded) == 1 and "kvlistValue" in encoded:
        pairs = encoded["kvlistValue"]
    for key, value in pairs:
        entry = target.add(key=key)
        entry.value.SetInParent()
        if isinstance(value, str):
            entry.value.string_value = value
        else:
            decode(value, entry.value)


def decode(value: Any, target: AnyValue) -> None:
    """Set `target`, an empty value, to what `value` stands for. The inverse of `encode`.

    Raises ValueError or TypeError for what `encode` does not write.
    """
    match value:
        case dict() if len(value) == 1 and not _TAGS.isdisjoint(value):
            _decode_tagged(value, target)
        case dict():
            target.kvlist_value.SetInParent()
            decode_map(value, target.kvlist_value.values)
        case list():
            target.array_value.SetInParent()
            for item in value:
                decode(item, target.array_value.values.add())
        case _:
            write_value(target, value)


def _decode_tagged(value: dict[str, Any], target: AnyValue) -> None:
    ((tag, content),) = value.items()
    if tag == "bytesValue":
        target.bytes_value = base64.b64decode(content)
    elif tag == "doubleValue":
        target.double_value = float(content)
    elif tag == "stringValueStrindex":
        target.string_value_strindex = content
    else:
        target.kvlist_value.SetInParent()
        decode_map(value, target.kvlist_value.values)


def _double(number: float) -> Any:
    if math.isfinite(number):
        return number
    name = "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"
    return {"doubleValue": name}
