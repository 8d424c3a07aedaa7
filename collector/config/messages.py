"""pydantic's errors in short sentences that say the remedy and never show a value."""

import re
from collections.abc import Callable
from typing import Any

from pydantic_core import ErrorDetails

from collector.config.problems import did_you_mean

_Context = dict[str, Any]

_TEXT = "must be text: put it in quotes"
_INTEGER = "must be a whole number"
_NUMBER = "must be a number"
_BOOLEAN = "must be true or false"
_LIST = "must be a list: [a, b]"
_MAPPING = "must be a mapping, with a `key: value` a line"

_FIXED = {
    "bool_parsing": _BOOLEAN,
    "bool_type": _BOOLEAN,
    "dict_type": _MAPPING,
    "float_parsing": _NUMBER,
    "float_type": _NUMBER,
    "finite_number": "must be a finite number",
    "int_from_float": _INTEGER,
    "int_parsing": _INTEGER,
    "int_type": _INTEGER,
    "invalid_key": "a key must be text: put it in quotes",
    "list_type": _LIST,
    "missing": "is required",
    "model_attributes_type": _MAPPING,
    "model_type": _MAPPING,
    "path_type": "must be a path",
    "set_type": _LIST,
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "tuple_type": _LIST,
}

_FROM_CONTEXT: dict[str, Callable[[_Context], str]] = {
    "greater_than": lambda ctx: f"must be more than {ctx['gt']}",
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']}",
    "less_than": lambda ctx: f"must be less than {ctx['lt']}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']}",
    "multiple_of": lambda ctx: f"must be a multiple of {ctx['multiple_of']}",
    "string_pattern_mismatch": lambda ctx: f"must match the pattern {ctx['pattern']}",
    "string_too_long": lambda ctx: f"must have at most {_count(ctx['max_length'], 'character')}",
    "string_too_short": lambda ctx: f"must have at least {_count(ctx['min_length'], 'character')}",
    "too_long": lambda ctx: f"must have at most {_count(ctx['max_length'], 'entry')}",
    "too_short": lambda ctx: f"must have at least {_count(ctx['min_length'], 'entry')}",
    "union_tag_not_found": lambda ctx: f"needs the key {ctx['discriminator']}",
    "assertion_error": lambda ctx: str(ctx["error"]),
    "value_error": lambda ctx: str(ctx["error"]),
}

_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s,']+")


def explain(error: ErrorDetails) -> str:
    """What is wrong, and what to write instead."""
    kind, context = error["type"], error.get("ctx", {})
    if kind in _FIXED:
        return _FIXED[kind]
    if kind in _FROM_CONTEXT:
        return _FROM_CONTEXT[kind](context)
    if kind in ("literal_error", "enum"):
        return _one_of(context["expected"], error["input"])
    if kind == "union_tag_invalid":
        return _one_of(context["expected_tags"], context["tag"])
    return error["msg"].replace("Input should be", "must be")


def _one_of(expected: str, found: object) -> str:
    """`expected` is pydantic's enumeration: `'a', 'b' or 'c'`."""
    choices = [word.strip("'\"") for word in _QUOTED.findall(expected) if word != "or"]
    hint = did_you_mean(found, choices) if isinstance(found, str) else ""
    return f"must be one of {', '.join(choices)}{hint}"


def _count(number: int, noun: str) -> str:
    plural = noun.removesuffix("y") + "ies" if noun.endswith("y") else noun + "s"
    return f"{number} {noun if number == 1 else plural}"
