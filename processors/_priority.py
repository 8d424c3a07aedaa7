"""`sampling.priority`, the OpenTracing attribute by which a program asks for a span to be kept.

As the Collector's probabilistic_sampler reads it: a number, or a text that Go's ParseFloat takes.
"""

import math
import re

from collector import Attributes, Value

SAMPLING_PRIORITY = "sampling.priority"
"""The attribute's key."""
_DIGITS = r"\d+(?:_\d+)*"
_HEX = r"_?[0-9a-f]+(?:_[0-9a-f]+)*"
_DECIMAL = re.compile(rf"[+-]?(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS})(?:e[+-]?{_DIGITS})?", re.A)
_HEXADECIMAL = re.compile(rf"[+-]?0x(?:{_HEX}\.?(?:{_HEX})?|\.{_HEX})p[+-]?{_DIGITS}", re.A)
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.A)


def wish(attributes: Attributes) -> bool | None:
    """True to keep (above 0), False to drop (0); None where there is no wish, or none to read."""
    if SAMPLING_PRIORITY not in attributes.values:
        return None
    number = _number(attributes.get(SAMPLING_PRIORITY))
    return None if number is None or not number >= 0 else number > 0


def _number(value: Value) -> float | None:
    match value:
        case bool():
            return None
        case int() | float():
            return value
        case str():
            return _parsed(value.lower())
        case _:
            return None


def _parsed(text: str) -> float | None:
    """A number in the syntax of Go; None for anything else, and for what no double can hold."""
    if _INFINITE.fullmatch(text):
        return float(text)
    if _DECIMAL.fullmatch(text):
        number = float(text.replace("_", ""))
        return None if math.isinf(number) else number
    if _HEXADECIMAL.fullmatch(text):
        try:
            return float.fromhex(text.replace("_", ""))
        except OverflowError:
            return None
    return None
