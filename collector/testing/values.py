"""The values of attributes in a test file: what may be sent, and what may be expected."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Discriminator, Tag, field_validator

from collector.config.fields import ConfigModel

_HEX = frozenset("0123456789abcdefABCDEF")
_INTEGERS = range(-(2**63), 2**63)
"""What OTLP's integers hold."""
_DEEPEST = 25
"""Protobuf's readers stop at 100 messages in each other, and a level may take three."""


def is_id(word: str, size: int) -> bool:
    """Whether it is an id of so many bytes, in hex."""
    return len(word) == 2 * size and _HEX.issuperset(word)


def _sendable(value: Any) -> Any:
    """The value, if OTLP has a kind for it. Raises ValueError with the remedy."""
    _check(value, 0)
    return value


def _check(value: Any, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"is nested deeper than {_DEEPEST} levels: write what is below as JSON")
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"the key {key} in it must be text: put it in quotes")
            _check(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
    elif isinstance(value, int) and value not in _INTEGERS:
        raise ValueError(f"{value} is more than 64 bits hold: put it in quotes, or add a .0")
    elif not isinstance(value, str | int | float | bytes | None):
        raise ValueError(f"{value} is a {type(value).__name__} in YAML: put it in quotes")


def _there(value: Any) -> Any:
    if value is None:
        raise ValueError("has no value: give it one, or leave it out")
    return value


class Matches(ConfigModel):
    """Text that is to match a regular expression, as a whole."""

    matches: str

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern


def _form(value: Any) -> str:
    is_pattern = isinstance(value, Matches) or (isinstance(value, dict) and "matches" in value)
    return "matches" if is_pattern else "value"


_Pattern: TypeAlias = Annotated[Matches, Tag("matches")]

Sent: TypeAlias = Annotated[Any, BeforeValidator(_sendable), BeforeValidator(_there)]
"""An attribute to send: text, true or false, a number, bytes, or a list or mapping of these."""

Expected: TypeAlias = Annotated[
    _Pattern | Annotated[Any, BeforeValidator(_sendable), Tag("value")], Discriminator(_form)
]
"""An attribute that is to be there: a value, or `{matches: REGEX}`; null: it is not there."""

ExpectedText: TypeAlias = Annotated[_Pattern | Annotated[str, Tag("value")], Discriminator(_form)]
"""Text, or `{matches: REGEX}`."""
