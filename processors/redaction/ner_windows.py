"""What a model is given at once: windows of long texts, and short texts in groups."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from processors.redaction.names import is_technical

LONGEST = 8000
"""Characters of a window; the budget is looked at between groups of windows."""
_OVERLAP = 200
"""Characters at the end of a window that the next one begins with, so that no name is cut."""
_GROUP = 16000
"""Characters of short texts that are searched together."""
_SHORT = 200

_LETTER = re.compile(r"[^\W\d_]")
_LOWER_WORD = re.compile(r"[a-z]+")


class Window(NamedTuple):
    """A part of one of several texts."""

    text: int
    """Its place among the texts."""
    start: int
    end: int


def groups(texts: Iterable[str]) -> Iterator[list[Window]]:
    """What is to be searched, in groups of up to `_GROUP` characters or one window."""
    group: list[Window] = []
    size = 0
    for number, text in enumerate(texts):
        for start, end in _windows(text):
            if not may_hold_names(text[start:end]):
                continue
            if group and size + end - start > _GROUP:
                yield group
                group, size = [], 0
            group.append(Window(number, start, end))
            size += end - start
    if group:
        yield group


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Slices of the text, cut between words where there are blanks; each overlaps the next."""
    start = 0
    while (end := start + LONGEST) < len(text):
        end = _blank_before(text, end)
        yield start, end
        start = _blank_before(text, end - _OVERLAP)
    yield start, len(text)


def _blank_before(text: str, position: int) -> int:
    """The last blank in the `_OVERLAP` characters before `position`, or else `position`."""
    found = text.rfind(" ", position - _OVERLAP, position)
    return position if found < 0 else found


def may_hold_names(text: str) -> bool:
    """Whether the text, of one window, is worth a model's time."""
    if len(text) > _SHORT:
        return _LETTER.search(text) is not None
    return not _LOWER_WORD.fullmatch(text) and not is_technical(text)
