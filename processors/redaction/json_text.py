"""Edits strings and numbers in JSON text, and leaves every other byte as it was.

The text is not parsed and written anew: that would lose the digits of large numbers, and pass over
the first of two equal keys. It is known to be valid, so its tokens can be told by one pattern.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import orjson

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+\-]*', re.DOTALL)
_START = re.compile(r'\s*[\[{"]')
# `{"field": "ssn", "value": "212345678"}`: the label says what the value is.
_LABELS = frozenset({"name", "field", "label", "key", "type"})
_VALUES = frozenset({"value", "content", "text", "answer", "input"})
_MAX_LABEL = 40


class Place(NamedTuple):
    """Where a token's content stands in the JSON text."""

    start: int
    end: int
    literal: bool
    """Whether it stands there as it is, without escapes."""


class Editor(Protocol):
    """Decides what becomes of the parts of a JSON text."""

    def key(self, name: str, place: Place) -> str:
        """What stands for an object's key."""
        ...

    def string(self, value: str, key: str, place: Place) -> str:
        """What stands for a string under `key`."""
        ...

    def number(self, literal: str, key: str, place: Place) -> str | None:
        """The string that stands for a number under `key`; None to leave it."""
        ...


def is_json(text: str) -> bool:
    """Whether the text is a JSON array, object or string."""
    if not _START.match(text):
        return False
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return True


def edit(text: str, key: str, editor: Editor) -> str:
    """The JSON text with the editor's changes; `key` is what the text itself stands under."""
    parts: list[str] = []
    position = 0
    for start, end, literal in _edits(text, key, editor):
        parts += (text[position:start], literal)
        position = end
    return "".join((*parts, text[position:])) if parts else text


def _edits(text: str, key: str, editor: Editor) -> Iterator[tuple[int, int, str]]:
    label = ""
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        end -= len(token[1] or "")
        if text[start] != '"':
            new = editor.number(token[0], key, Place(start, end, literal=True))
            old = None
        else:
            old, literal = _decoded(text, start, end)
            if token[1]:
                key, new = old, editor.key(old, Place(start + 1, end - 1, literal))
            else:
                named = f"{key} {label}" if key in _VALUES else key
                new = editor.string(old, named, Place(start + 1, end - 1, literal))
                label = old if key in _LABELS and len(old) <= _MAX_LABEL else label
        if new is not None and new != old:
            yield start, end, orjson.dumps(new).decode()


def _decoded(text: str, start: int, end: int) -> tuple[str, bool]:
    """A string token's value, and whether it stands in the text as it is."""
    content = text[start + 1 : end - 1]
    if "\\" not in content:
        return content, True
    return orjson.loads(text[start:end]), False
