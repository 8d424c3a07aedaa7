"""The stretches of a text that are worth a slow pattern's time."""

import re
from collections.abc import Callable, Iterator

Windows = Callable[[str], Iterator[tuple[int, int]]]
"""From a text to slices of it, in order, that hold every match there can be."""


def whole(text: str) -> Iterator[tuple[int, int]]:
    """The text itself."""
    yield 0, len(text)


def runs(pattern: str, margin: int = 0) -> Windows:
    """Every match of `pattern` and `margin` characters after it."""
    compiled = re.compile(pattern)

    def find(text: str) -> Iterator[tuple[int, int]]:
        for match in compiled.finditer(text):
            yield match.start(), min(match.end() + margin, len(text))

    return find


def around(anchor: str, characters: str, reach: int) -> Windows:
    """The run of `characters` (the inside of a class) around each `anchor`.

    It goes at most `reach` characters to either side.
    """
    compiled = re.compile(anchor)
    after = re.compile(rf"[{characters}]{{0,{reach}}}")
    before = re.compile(rf"[{characters}]*\Z")

    def find(text: str) -> Iterator[tuple[int, int]]:
        end = 0
        for match in compiled.finditer(text):
            if match.start() < end:
                continue
            window = text[max(end, match.start() - reach) : match.start()]
            found = before.search(window)
            start = match.start() - (len(window) - found.start() if found else 0)
            tail = after.match(text, match.end())
            end = tail.end() if tail else match.end()
            yield start, end

    return find
