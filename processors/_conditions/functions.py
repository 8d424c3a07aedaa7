"""The functions of a condition. What they do is in contrib `pkg/ottl/ottlfuncs/README.md`."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from collector.config.fields import parse_duration
from processors._conditions.errors import ConditionError, ConditionSyntaxError
from processors._conditions.nodes import Node
from processors._conditions.paths import Context, Getter
from processors._conditions.values import Duration, Id, compare, text_of
from processors._regex import check_re2, searcher

Build: TypeAlias = Callable[..., Getter]
"""From the arguments to the function's value."""

_REMEMBERED = 128
_INTEGER = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"0", "f", "F", "FALSE", "false", "False"})
_UNITS = {"Nanoseconds": 1, "Microseconds": 1000, "Milliseconds": 10**6}
_LONG_UNITS = {"Seconds": 10**9, "Minutes": 60 * 10**9, "Hours": 3600 * 10**9}


class Function(NamedTuple):
    """How many arguments it takes, and what becomes of them."""

    arguments: int
    build: Build
    contexts: tuple[Context, ...] = ("span", "spanevent")


def _of(convert: Callable[[Any], Any]) -> Function:
    """A function of one value."""

    def build(target: Node) -> Getter:
        get = target.get
        return lambda record, event: convert(get(record, event))

    return Function(1, build)


def _of_texts(convert: Callable[[str, str], Any]) -> Function:
    """A function of two texts."""

    def build(target: Node, other: Node) -> Getter:
        first, second = target.get, other.get
        return lambda record, event: convert(
            _text(first(record, event)), _text(second(record, event))
        )

    return Function(2, build)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise ConditionError("a text is needed")


def _is(kind: type) -> Function:
    return _of(lambda value: value.__class__ is kind)


def _is_match(target: Node, pattern: Node) -> Getter:
    try:
        found = searcher([check_re2(pattern.text())], _REMEMBERED)
    except ConditionSyntaxError:
        raise
    except ValueError as error:
        raise ConditionSyntaxError(pattern.column, str(error)) from None
    get = target.get

    def matches(record: Any, event: Any) -> bool:
        text = text_of(get(record, event))
        return text is not None and found(text)

    return matches


def _contains_value(target: Node, item: Node) -> Getter:
    def contains(record: Any, event: Any) -> bool:
        values, wanted = target.get(record, event), item.get(record, event)
        if not isinstance(values, list):
            raise ConditionError("a list is needed")
        return any(compare(value, wanted, "==") for value in values)

    return contains


def _length(value: Any) -> int:
    """Bytes of a text, as in Go; items of a list or a map."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes | list | dict):
        return len(value)
    raise ConditionError("a text, a list or a map is needed")


def _integer(value: Any) -> int | None:
    if value is None or value.__class__ is int:
        return value
    if isinstance(value, str) and _INTEGER.fullmatch(value) and abs(int(value)) < 1 << 63:
        return int(value)
    if isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
        return int(value)
    raise ConditionError("this is no integer")


def _double(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return float(value)
    if isinstance(value, str) and _DECIMAL.fullmatch(value) and math.isfinite(float(value)):
        return float(value)
    raise ConditionError("this is no number")


def _boolean(value: Any) -> bool | None:
    if value is None:
        return None
    if isinstance(value, bool | int | float):
        return value != 0
    if isinstance(value, str) and (value in _TRUE or value in _FALSE):
        return value in _TRUE
    raise ConditionError("this is no boolean")


def _duration(text: Node) -> Getter:
    try:
        length = Duration(round(parse_duration(text.text()) * 1e9))
    except ConditionSyntaxError:
        raise
    except ValueError as error:
        raise ConditionSyntaxError(text.column, str(error)) from None
    return lambda *_: length


def _nanoseconds(value: Any) -> int:
    if isinstance(value, Duration):
        return value.nanoseconds
    raise ConditionError("a duration is needed")


def _whole(unit: int) -> Function:
    return _of(lambda value: math.trunc(_nanoseconds(value) / unit))


def _fraction(unit: int) -> Function:
    return _of(lambda value: _nanoseconds(value) / unit)


def _id(size: int) -> Function:
    def build(target: Node) -> Getter:
        value = target.value
        try:
            found = bytes.fromhex(value) if isinstance(value, str) else value
        except ValueError:
            found = None
        if not isinstance(found, bytes) or len(found) != size:
            raise ConditionSyntaxError(
                target.column, f"expected {size} bytes as {2 * size} hex digits, such as 0x0a1b…"
            )
        constant = Id(found)
        return lambda *_: constant

    return Function(1, build)


def _is_root() -> Getter:
    return lambda record, _: not record.span.parent_span_id


FUNCTIONS: Mapping[str, Function] = {
    "Bool": _of(_boolean),
    "ContainsValue": Function(2, _contains_value),
    "Double": _of(_double),
    "Duration": Function(1, _duration),
    "HasPrefix": _of_texts(str.startswith),
    "HasSuffix": _of_texts(str.endswith),
    "Int": _of(_integer),
    "IsBool": _is(bool),
    "IsDouble": _is(float),
    "IsInt": _is(int),
    "IsList": _is(list),
    "IsMap": _is(dict),
    "IsMatch": Function(2, _is_match),
    "IsRootSpan": Function(0, _is_root, contexts=("span",)),
    "IsString": _is(str),
    "Len": _of(_length),
    "SpanID": _id(8),
    "String": _of(text_of),
    "ToLowerCase": _of(lambda value: _text(value).lower()),
    "ToUpperCase": _of(lambda value: _text(value).upper()),
    "TraceID": _id(16),
    **{name: _whole(unit) for name, unit in _UNITS.items()},
    **{name: _fraction(unit) for name, unit in _LONG_UNITS.items()},
}
"""Every function, by its name."""
