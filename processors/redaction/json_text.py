"""Edits strings and numbers in JSON text, and leaves every other byte as it was.

The text is not parsed and written anew: that would lose the digits of large numbers, and pass over
the first of two equal keys. It is known to be valid, so its tokens can be told by one pattern.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Protocol

import orjson

from processors.redaction.cache import CLEAN, Verdict, joined
from processors.redaction.edits import Edit

_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+\-]*', re.DOTALL)
_PART = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[{\]}]|[^\s,:\[{\]}"]+', re.DOTALL)
# Each is one character.
_ESCAPE = re.compile(
    r"\\(?:u[Dd][89ABab][0-9A-Fa-f]{2}\\u[Dd][C-Fc-f][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|.)"
)
_NESTING = {"[": 1, "{": 1, "]": -1, "}": -1}
_START = re.compile(r'\s*[\[{"]')
# `{"field": "ssn", "value": "212345678"}`: the label says what the value is.
_LABELS = frozenset({"name", "field", "label", "key", "type"})
_VALUES = frozenset({"value", "content", "text", "answer", "input"})
_MAX_LABEL = 40


class Editor(Protocol):
    """Says what comes of the parts of a JSON text."""

    def key(self, name: str) -> Verdict:
        """What comes of an object's key."""
        ...

    def whole(self, key: str) -> bool:
        """Whether the editor takes a member's value as a whole: `string` gets it, as JSON text
        unless it is a string, and leaves all of it or nothing.
        """
        ...

    def string(self, value: str, key: str, label: str) -> Verdict:
        """What comes of a string under `key`; `label` is what a neighbour calls it, or ""."""
        ...

    def number(self, digits: str, key: str) -> Verdict:
        """What comes of a number under `key`, without its sign and a fraction of `.0`."""
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


def verdict(text: str, key: str, editor: Editor) -> Verdict:
    """What comes of the JSON text; `key` is what it stands under itself.

    Edits are as small as those of its parts, so that they hold nothing of what stays.
    """
    return joined(_verdicts(text, key, editor))


def _verdicts(text: str, key: str, editor: Editor) -> Iterator[Verdict]:
    label, outer, done = "", key, 0
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        if start < done:
            continue
        end -= len(token[1] or "")
        if text[start] != '"':
            yield _number(token[0], key, start, editor)
        elif token[1]:
            outer, key = key, _decoded(text[start:end])
            yield _in_string(editor.key(key), text, start, end)
        else:
            old = _decoded(text[start:end])
            named = label if key in _VALUES else ""
            yield _in_string(editor.string(old, key, named), text, start, end)
            label = old if key in _LABELS and len(old) <= _MAX_LABEL else label
        if token[1] and editor.whole(key):
            start, done = _value(text, token.end())
            yield _replaced(text, key, start, done, editor)
            key = outer


def _number(literal: str, key: str, start: int, editor: Editor) -> Verdict:
    digits = literal.removesuffix(".0").lstrip("-")
    first = start + len(literal) - len(literal.lstrip("-"))
    found = editor.number(digits, key)
    return _quoted(found, (start, first), (first + len(digits), start + len(literal)))


def _replaced(text: str, key: str, start: int, end: int, editor: Editor) -> Verdict:
    """What comes of a member's whole value; `null` is none, and stays."""
    value = text[start:end]
    if value == "null":
        return CLEAN
    if value[0] == '"':
        return _in_string(editor.string(_decoded(value), key, ""), text, start, end)
    return _quoted(editor.string(value, key, ""), (start, start), (end, end))


def _quoted(found: Verdict, before: tuple[int, int], behind: tuple[int, int]) -> Verdict:
    """The verdict on what stands between two stretches; where it changes, it becomes a string."""
    placed = found.placed(lambda place: before[1] + place, _escaped)
    if not placed.edits:
        return placed
    return placed._replace(edits=(Edit(*before, '"'), *placed.edits, Edit(*behind, '"')))


def _in_string(found: Verdict, text: str, start: int, end: int) -> Verdict:
    """The verdict on the value of a string token, at its places in the text."""
    if not found.edits and not found.done:
        return found
    return found.placed(_places(text[start + 1 : end - 1], start + 1), _escaped)


def _places(content: str, start: int) -> Callable[[int], int]:
    """From places in a string's value to those in the text, where its content is at `start`."""
    behind, shifts = [0], [start]
    for escape in _ESCAPE.finditer(content) if "\\" in content else ():
        shifts.append(shifts[-1] + len(escape[0]) - 1)
        behind.append(start + escape.end() - shifts[-1])
    return lambda place: place + shifts[bisect_right(behind, place) - 1]


def _escaped(text: str) -> str:
    """The text as it stands in a string."""
    return orjson.dumps(text).decode()[1:-1]


def _value(text: str, start: int) -> tuple[int, int]:
    """Where the next value in the JSON text begins and ends."""
    first, depth = -1, 0
    for part in _PART.finditer(text, start):
        first = part.start() if first < 0 else first
        depth += _NESTING.get(part[0], 0)
        if depth == 0:
            return first, part.end()
    raise ValueError("not JSON")


def _decoded(token: str) -> str:
    """A string token's value."""
    if "\\" not in token:
        return token[1:-1]
    value: str = orjson.loads(token)
    return value
