"""Text that was put into base64, as in `data:` URLs, blob parts and basic headers."""

import binascii
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple
from urllib.parse import quote

from processors.redaction.edits import overlap
from processors.redaction.escapes import View

CONDITIONS = (
    r"[A-Za-z0-9+/_\-]{15}",
    r"[A-Za-z0-9+/_\-]{7}[A-Z0-9]|[A-Za-z0-9+/_\-][A-Z0-9][A-Za-z0-9+/_\-]{8}",
)
"""Patterns, in RE2's syntax, that are all in every text with base64: what is shorter than 15
characters is not read, nor are words in small letters."""

# One word, or lines as MIME has them (RFC 2045, section 6.8).
_WORD = r"[A-Za-z0-9+/_\-]{15,}={0,2}"
_LINES = r"(?:[A-Za-z0-9+/]{60,}+\r?\n)++[A-Za-z0-9+/]*+={0,2}"
# What is too short is passed over in one go: a search would begin anew at each of its characters.
_SHORT = r"(?:[A-Za-z0-9+/_\-]{0,14}+[^A-Za-z0-9+/_\-]++)*+"
_NEXT_RUN = re.compile(rf"{_SHORT}({_LINES}|{_WORD})")
# Words of languages and of code have small letters, but for the first one; of 15 characters of
# base64, one in a hundred thousand is such.
_MIXED = re.compile(r"[A-Z0-9]")
# Where the whole is none, it may stand behind a path or a prefix: `user_YWxpY2VA`, `/v1/YWxpY2VA`.
_PIECES = [
    re.compile(rf"[{characters}]{{15,}}={{0,2}}")
    for characters in (r"A-Za-z0-9+/", r"A-Za-z0-9_\-", "A-Za-z0-9")
]
_SEPARATOR = re.compile(r"[/_+\-]")
_MOST_CUT = 8
_SHORTEST = 15
_LONG = 4096
"""From here on, what is binary has too many short pieces to look at; what is text has long ones."""
_ESCAPED_NEWLINE = re.compile(r"(?:\\+r)?\\+n")
_TO_STANDARD = str.maketrans("-_", "+/", "\r\n=")
_TO_URL = str.maketrans("+/", "-_")


class Blob(NamedTuple):
    """Base64 in a text that holds text itself."""

    start: int
    end: int
    """Where it stands."""
    word: str
    """How it reads there, without escapes."""
    text: str
    """What it holds."""


def blobs(text: str, views: Sequence[View]) -> Iterator[Blob]:
    """Every stretch of `text` that is base64 of UTF-8, none overlapping.

    `views` are the text's parts without escapes: in a URL, base64 has some.
    """
    behind = [blob for view in views for blob in _behind(view)]
    yield from behind
    for blob in _runs(text):
        if not overlap(blob, behind):
            yield blob


def _behind(view: View) -> Iterator[Blob]:
    """The blobs of a view, at their places in the text, but for those that are cut off."""
    for blob in _runs(view.text):
        start, end = view.places[blob.start], view.places[blob.end]
        if view.has_whole(start, end):
            yield blob._replace(start=start, end=end)


def _runs(text: str) -> Iterator[Blob]:
    position = 0
    while run := _NEXT_RUN.match(text, position):
        start, position = run.span(1)
        if _MIXED.search(text, start + 1, position):
            yield from _blobs(text, start, position)


def put_back(text: str, blob: Blob, new: str) -> str:
    """What stands for a blob of `text` that holds `new` instead."""
    written = text[max(0, blob.start - 3) : blob.end + 3]  # with the escapes beside it
    return encoded(new, blob.word, written)


def encoded(text: str, like: str, written: str) -> str:
    """The text in base64 with the alphabet, the padding and the lines that `like` has.

    Where that was `written` with escapes of a URL, or of JSON, so is what comes back.
    """
    word = _encoded(text, like)
    if "%" in written:
        return quote(word, safe="")
    newline = _ESCAPED_NEWLINE.search(written) if "\n" in word else None
    return newline[0].join(word.splitlines()) if newline else word


def _encoded(text: str, like: str) -> str:
    lines = like.splitlines()
    word = binascii.b2a_base64(text.encode(), newline=False).decode()
    unpadded = "=" not in like and sum(map(len, lines)) % 4
    if "-" in like or "_" in like or (unpadded and "+" not in like and "/" not in like):
        word = word.translate(_TO_URL)
    if unpadded:
        word = word.rstrip("=")
    if len(lines) == 1:
        return word
    width, newline = len(lines[0]), "\r\n" if "\r" in like else "\n"
    return newline.join(word[start : start + width] for start in range(0, len(word), width))


def _blobs(text: str, start: int, end: int) -> Iterator[Blob]:
    whole = text[start:end].rstrip("\r\n")
    yield from _at(start, _tail(whole) or _pieces(whole))


def _tail(whole: str) -> list[tuple[int, str, str]]:
    """The whole, or what is left of it behind a path, or before a last line that is another's."""
    starts = [0, *(separator.end() for separator in islice(_SEPARATOR.finditer(whole), _MOST_CUT))]
    for start in starts:
        for word in (whole[start:], whole[start:].rpartition("\n")[0].rstrip("\r")):
            if len(word) >= _SHORTEST and (plain := decoded(word)) is not None:
                return [(start, word, plain)]
    return []


def _pieces(whole: str) -> list[tuple[int, str, str]]:
    """What stands between separators."""
    least = _SHORTEST if len(whole) < _LONG else _LONG // 16
    for pattern in _PIECES:
        pieces = [
            (match.start(), match[0], plain)
            for match in pattern.finditer(whole)
            if match.end() - match.start() >= least and (plain := decoded(match[0])) is not None
        ]
        if pieces:
            return pieces
    return []


def _at(place: int, found: list[tuple[int, str, str]]) -> Iterator[Blob]:
    for start, word, plain in found:
        yield Blob(place + start, place + start + len(word), word, plain)


def decoded(word: str) -> str | None:
    """The text that a word of base64 holds; None where it holds none."""
    word = word.translate(_TO_STANDARD)
    if len(word) % 4 == 1:
        return None
    try:
        if len(word) > _LONG:  # what is binary shows early
            getincrementaldecoder("utf-8")().decode(binascii.a2b_base64(word[:_LONG]))
        return binascii.a2b_base64(word + "=" * (-len(word) % 4)).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
