"""Stretches of a text, and what is put in their places."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol


class Stretch(Protocol):
    """A part of a text, from `start` to before `end`, in characters."""

    @property
    def start(self) -> int:
        """The place of its first character."""
        ...

    @property
    def end(self) -> int:
        """The place behind its last character."""
        ...


class Edit(NamedTuple):
    """A stretch of a text and what stands there instead."""

    start: int
    end: int
    new: str


def overlap(stretch: Stretch, others: Sequence[Stretch]) -> bool:
    """Whether the stretch has a character with one of the others, which are in order and apart."""
    place = bisect_left(others, stretch.start + 1, key=attrgetter("end"))
    return place < len(others) and others[place].start < stretch.end


def is_covered(stretch: Stretch, others: Sequence[Stretch]) -> bool:
    """Whether one of the others, which are in order and apart, has all of the stretch."""
    place = bisect_left(others, stretch.end, key=attrgetter("end"))
    return place < len(others) and others[place].start <= stretch.start


def applied(text: str, edits: Iterable[Edit]) -> str:
    """The text with all edits made; no two of them overlap."""
    parts: list[str] = []
    position = 0
    for start, end, new in sorted(edits):
        parts += (text[position:start], new)
        position = end
    return "".join((*parts, text[position:])) if parts else text
