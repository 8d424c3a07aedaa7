"""Edits strings and numbers in JSON text, and leaves every other byte as it was.

The text is not parsed and written anew: that would lose the digits of large numbers, and pass over
the first of two equal keys. It is known to be valid, so its tokens can be told by one pattern.
"""

import json
import re
from collections.abc import Iterator
from typing import Protocol

import orjson

from processors.redaction.run import Place

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+\-]*', re.DOTALL)
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]|[^\s,:\[{\]}"]+', re.DOTALL)
_NESTING = {"[": 1, "{": 1, "]": -1, "}": -1}
_START = re.compile(r'\s*[\[{"]')
# `{"field": "ssn", "value": "212345678"}`: the label says what the value is.
_LABELS = frozenset({"name", "field", "label", "key", "type"})
_VALUES = frozenset({"value", "content", "text", "answer", "input"})
_MAX_LABEL = 40


class Editor(Protocol):
    """Decides what becomes of the parts of a JSON text."""

    def key(self, name: str, place: Place) -> str:
        """What stands for an object's key."""
        ...

    def whole(self, key: str) -> bool:
        """Whether the editor takes a member's value as a whole: `string` gets it, as JSON text
        unless it is a string.
        """
        ...

    def string(self, value: str, key: str, label: str, place: Place) -> str:
        """What stands for a string under `key`; `label` is what a neighbour calls it, or ""."""
        ...

    def number(self, literal: str, key: str, place: Place) -> str | None:
        """The string that stands for a number under `key`; None to leave it."""
        ...


def is_json(text: str) -> bool:
    """Whether the text is a JSON array, object or string, or a line of such after another.

    NaN and Infinity, which Python writes, are no JSON (RFC 8259), but read as such.
    """
    if not _START.match(text):
        return False
    if _is_document(text):
        return True
    lines = text.splitlines()
    return len(lines) > 1 and all(
        _START.match(line) and _is_document(line) for line in lines if line.strip()
    )


def _is_document(text: str) -> bool:
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return ("NaN" in text or "Infinity" in text) and _is_pythons(text)
    return True


def _is_pythons(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
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
    label, outer, done = "", key, 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        if start < done:
            continue
        end -= len(token[1] or "")
        if text[start] != '"':
            new = editor.number(token[0], key, Place(start, end, literal=True))
            old = None
        else:
            old, literal = _decoded(text, start, end)
            if token[1]:
                outer, key, new = key, old, editor.key(old, Place(start + 1, end - 1, literal))
            else:
                named = label if key in _VALUES else ""
                new = editor.string(old, key, named, Place(start + 1, end - 1, literal))
                label = old if key in _LABELS and len(old) <= _MAX_LABEL else label
        if new is not None and new != old:
            yield start, end, orjson.dumps(new).decode()
        if token[1] and editor.whole(key):
            start, done = _value(text, token.end())
            yield start, done, _replaced(text[start:done], key, start, editor)
            key = outer


def _replaced(value: str, key: str, start: int, editor: Editor) -> str:
    """What stands for a member's whole value; `null` is none, and stays."""
    if value == "null":
        return value
    old = orjson.loads(value) if value[0] == '"' else value
    new = editor.string(old, key, "", Place(start, start + len(value), literal=False))
    return value if new == old else orjson.dumps(new).decode()


def _value(text: str, start: int) -> tuple[int, int]:
    """Where the next value in the JSON text begins and ends."""
    first, depth = -1, 0
    for part in _PART.finditer(text, start):
        first = part.start() if first < 0 else first
        depth += _NESTING.get(part[0], 0)
        if depth == 0:
            return first, part.end()
    raise ValueError("not JSON")


def _decoded(text: str, start: int, end: int) -> tuple[str, bool]:
    """A string token's value, and whether it stands in the text as it is."""
    content = text[start + 1 : end - 1]
    if "\\" not in content:
        return content, True
    return orjson.loads(text[start:end]), False
