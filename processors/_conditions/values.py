"""What the parts of a condition are worth, and how values compare.

Sources: contrib `pkg/ottl/LANGUAGE.md`, "Comparison Rules", and `pkg/ottl/compare.go`.
"""

import json
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from processors._conditions.errors import ConditionError
from processors._match import as_text, same_value

Test: TypeAlias = Callable[[Any, Any], bool]

COMPARISONS: Mapping[str, Test] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True, order=True)
class Time:
    """A moment, in nanoseconds since the Unix epoch."""

    nanoseconds: int


@dataclass(frozen=True, slots=True, order=True)
class Duration:
    """A length of time, in nanoseconds."""

    nanoseconds: int


@dataclass(frozen=True, slots=True)
class Id:
    """The id of a trace or a span: ids are equal or not, and nothing else compares to them."""

    value: bytes


_ORDERED = frozenset({str, bool, int, float, bytes, Time, Duration})
_NUMBERS = frozenset({int, float})


def compare(left: Any, right: Any, sign: str) -> bool:
    """What `left sign right` is worth. Values of different kinds are unequal and have no order;
    nothing equals nil but nil; lists and maps have no order.
    """
    kind, other, test = left.__class__, right.__class__, COMPARISONS[sign]
    if kind is other and kind in _ORDERED:
        return test(left, right)
    if kind in _NUMBERS and other in _NUMBERS:
        return test(float(left), float(right))
    if left is None and right is None:
        return sign in ("==", "<=", ">=")
    equal = kind is other and same_value(left, right)
    return equal if sign == "==" else sign == "!=" and not equal


def calculate(left: Any, right: Any, sign: str) -> Any:
    """What `left sign right` is worth for numbers, moments and lengths of time.

    Raises ConditionError for anything else, and for a division by zero.
    """
    kind, other = left.__class__, right.__class__
    if kind in _NUMBERS and other in _NUMBERS:
        return _number(left, right, sign)
    result = _RESULTS.get((kind, sign, other))
    if result is None:
        raise ConditionError(f"{sign} needs numbers, or times and durations")
    change = right.nanoseconds if sign == "+" else -right.nanoseconds
    return result(left.nanoseconds + change)


_RESULTS: Mapping[tuple[type, str, type], type[Time] | type[Duration]] = {
    (Time, "-", Time): Duration,
    (Time, "+", Duration): Time,
    (Duration, "+", Time): Time,
    (Time, "-", Duration): Time,
    (Duration, "+", Duration): Duration,
    (Duration, "-", Duration): Duration,
}


def _number(left: float, right: float, sign: str) -> float:
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    if right == 0:
        raise ConditionError("a division by zero")
    if isinstance(left, int) and isinstance(right, int):
        quotient = abs(left) // abs(right)  # Go's division is towards zero
        return quotient if (left < 0) == (right < 0) else -quotient
    return left / right


def text_of(value: Any) -> str | None:
    """The value as OTTL writes it where it wants a text; None for nil.

    Raises ConditionError for what it does not write.
    """
    if value is None:
        return None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | dict):
        plain = json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return plain.replace("<", r"\u003c").replace(">", r"\u003e").replace("&", r"\u0026")
    text = as_text(value)
    if text is None:
        raise ConditionError("this has no text")
    return text


def _plain(value: Any) -> Any:
    """What JSON has a kind for; a double without a fraction is written as an integer."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bytes):
        raise ConditionError("bytes within a list or a map have no text")
    return value
