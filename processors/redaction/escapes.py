r"""Text behind escapes: `%40` of URLs, `\u0040` of JSON that was cut off, `&#64;` of HTML.

Findings in the plain text are put back at their places in the text with the escapes, so nothing
else of it changes.
"""

import html
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote

from processors.redaction.budget import DepthError
from processors.redaction.findings import Finding

CONDITION = (
    r'%(?:[2-7C-Fc-f][0-9A-Fa-f]|0[9ADad])|\\[unrtx"/\\]|&[#acglnq]'
    r"|[0-9A-Za-z).,;:!?]\+[0-9A-Za-z(]"
)
"""A pattern, in RE2's syntax, that is in every text with an escape."""

_BYTE = "%[89ABab][0-9A-Fa-f]"
_PERCENT = (
    rf"[2-7][0-9A-Fa-f]|0[9ADad]|[CDcd][0-9A-Fa-f]{_BYTE}|[Ee][0-9A-Fa-f](?:{_BYTE}){{2}}"
    rf"|[Ff][0-7](?:{_BYTE}){{3}}"
)
_PAIR = r"[Dd][89ABab][0-9A-Fa-f]{2}\\+u[Dd][C-Fc-f][0-9A-Fa-f]{2}"
_HEX = r"u(?P<unit>[0-9A-Fa-f]{4})|x(?P<byte>[0-9A-Fa-f]{2})"
_ENTITY = r"(?:#\d{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lt|gt|quot|nbsp|commat);"
# Each is one character. Backslashes double with each JSON that a string is put into.
_ESCAPE = re.compile(
    rf"[%\\&](?:(?<=%)(?P<percent>{_PERCENT})|(?<=&)(?P<entity>{_ENTITY})"
    rf"|(?<=\\)(?<!\\\\)\\*(?:u(?P<pair>{_PAIR})|{_HEX}|(?P<sign>[nrt\"/])))"
)
# A plus sign is a blank in the values of a form and of a URL's query (WHATWG, "URL", section 5.1).
_FORM_VALUE = re.compile(r"=[^\s&=<>\"']+")
_BLANK = re.compile(r"(?<=[0-9A-Za-z).,;:!?])\+(?=[0-9A-Za-z(])")
_SIGNS = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "/": "/"}
_UNKNOWN = "\ufffd"
_MAX_LEVELS = 4
_AROUND = 200
_WORD_END = re.compile(r"[^ \n]*")


class View(NamedTuple):
    """A part of a text as it reads without its escapes."""

    text: str
    places: list[int]
    """Where each of its characters begins in the text, and where the last one ends."""
    start: int
    end: int
    """The part of the text; what touches its ends may go on beyond."""
    size: int
    """The length of the whole text."""
    form: bool = False
    """Whether plus signs are read as blanks."""

    def located(self, findings: Iterable[Finding]) -> Iterator[Finding]:
        """The findings at their places in the text, but for those that are cut off."""
        for finding in findings:
            start, end = self.places[finding.start], self.places[finding.end]
            if self.has_whole(start, end):
                yield finding._replace(start=start, end=end)

    def has_whole(self, start: int, end: int) -> bool:
        """Whether a stretch of the text is inside of the part, and not cut off by its ends."""
        return not start == self.start > 0 and not end == self.end < self.size


def views(text: str) -> Iterator[View]:
    """The parts of `text` around its escapes, in order.

    Raises DepthError for escapes of escapes of escapes.
    """
    escapes = sorted([*_escapes(text), *_pluses(text)])
    for start, end in _parts(text, escapes):
        inside = escapes[
            bisect_right(escapes, (start, 0, "")) : bisect_right(escapes, (end, 0, ""))
        ]
        plain, places = _decoded(text, start, end, inside)
        levels = 1
        while deeper := _escapes(plain):
            if levels == _MAX_LEVELS:
                raise DepthError
            plain, again = _decoded(plain, 0, len(plain), deeper)
            places = [places[place] for place in again]
            levels += 1
        view = View(plain, places, start, end, len(text))
        yield view
        if (blank := _with_blanks(plain)) != plain:
            yield view._replace(text=blank, form=True)


def _escapes(text: str) -> list[tuple[int, int, str]]:
    """Start, end and meaning of each escape, in order."""
    return [(*match.span(), _meaning(match)) for match in _ESCAPE.finditer(text)]


def _pluses(text: str) -> Iterator[tuple[int, int, str]]:
    """The plus signs that may be blanks."""
    if "+" in text and "=" in text:
        for value in _FORM_VALUE.finditer(text):
            yield from ((*sign.span(), "+") for sign in _BLANK.finditer(text, *value.span()))


def _with_blanks(text: str) -> str:
    """The text with blanks for plus signs in values of forms."""
    if "+" not in text or "=" not in text:
        return text
    return _FORM_VALUE.sub(lambda value: _BLANK.sub(" ", value[0]), text)


def _meaning(match: re.Match[str]) -> str:
    kind = match.lastgroup
    if kind == "percent":
        return _one(unquote(match[0], errors="replace"))
    if kind == "entity":
        return _one(html.unescape(match[0]))
    if kind == "pair":
        high, low = int(match["pair"][:4], 16), int(match["pair"][-4:], 16)
        return chr(0x10000 + (high - 0xD800) * 0x400 + low - 0xDC00)
    if kind == "sign":
        return _SIGNS[match["sign"]]
    return _one(chr(int(match[str(kind)], 16)))


def _one(character: str) -> str:
    known = len(character) == 1 and not "\ud800" <= character <= "\udfff"
    return character if known else _UNKNOWN


def _parts(text: str, escapes: list[tuple[int, int, str]]) -> Iterator[tuple[int, int]]:
    """Parts of whole words that reach to both sides of each escape; none overlaps."""
    start = end = 0
    for first, last, _ in escapes:
        begin = _word_start(text, end, first - _AROUND)
        if begin > end or not end:
            if end:
                yield start, end
            start = begin
        if last + _AROUND > end:
            word = _WORD_END.match(text, min(last + _AROUND, len(text)))
            end = word.end() if word else len(text)
    if end:
        yield start, end


def _word_start(text: str, least: int, place: int) -> int:
    """Where the word around `place` begins, but not before `least`."""
    if place <= least:
        return least
    return max(least, text.rfind(" ", least, place) + 1, text.rfind("\n", least, place) + 1)


def _decoded(
    text: str, start: int, end: int, escapes: list[tuple[int, int, str]]
) -> tuple[str, list[int]]:
    """The text from `start` to `end` without escapes, and the place of each character in it."""
    parts: list[str] = []
    places: list[int] = []
    position = start
    for first, last, meaning in escapes:
        if last > end:
            break
        parts += (text[position:first], meaning)
        places += range(position, first + 1)
        position = last
    parts.append(text[position:end])
    places += range(position, end + 1)
    return "".join(parts), places
