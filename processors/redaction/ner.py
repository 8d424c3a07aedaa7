"""Names, places, organisations: what a model finds, where it can be true."""

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import regex

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding
from processors.redaction.names import is_technical, names
from processors.redaction.ner_models import Entity, Model

_WINDOW = 8000
"""Characters that are searched at once; the budget is looked at between windows."""
_OVERLAP = 200
"""Characters at the end of a window that the next one begins with, so that no name is cut."""
_BATCH = 16000
"""Characters of short texts that are searched together."""
_SHORT = 200
_BYTES_A_BUDGET = 64 << 10

_LETTER = re.compile(r"[^\W\d_]")
_LOWER_WORD = re.compile(r"[a-z]+")
# What stands in the place of earlier findings is no name: `placeholders.veil` leaves signs, and
# pseudonyms and hashes.
_PLACEHOLDER = re.compile(r"<{3,}|<[A-Z][A-Z0-9_]*_[0-9a-f]{8,64}>")
# spaCy's tokenizer takes a word apart sign by sign: the square of its length.
_LONG_WORD = re.compile(r"\S{65,}")
_SIGN = regex.compile(r"[^\p{L}\p{M}\p{N}]")


class NerDetector:
    """Finds what a model labels with one of the wanted entity types.

    Safe to use from several threads.
    """

    condition = r"\p{L}"

    def __init__(self, model: Model, types: Mapping[str, str], seconds: float) -> None:
        """`types` has the entity type for each of the model's labels that counts.

        `seconds` of CPU, apart from the detectors' common budget, may be spent on each 64 KiB.
        """
        self._model = model
        self._types = types
        self._seconds = seconds
        self._primed = threading.local()

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`. `budget` must not be used up; its time goes by while the model runs."""
        budget.remaining()
        known: dict[str, list[Finding]] = getattr(self._primed, "found", {})
        yield from known[text] if text in known else self._search([text])[0]

    @contextlib.contextmanager
    def primed(self, texts: Iterable[str]) -> Iterator[None]:
        """Search many texts together: two to three times faster than one by one.

        Until the end of the block, `find` knows what was found in them; of the calling thread.
        Raises OverrunError.
        """
        distinct = list(dict.fromkeys(texts))
        self._primed.found = dict(zip(distinct, self._search(distinct), strict=True))
        try:
            yield
        finally:
            del self._primed.found

    def _search(self, texts: Sequence[str]) -> list[list[Finding]]:
        size = sum(map(len, texts))
        # Half: the analyzer tries a text that took too long a second time.
        budget = Budget(self._seconds / 2 * (1 + size // _BYTES_A_BUDGET))
        found: list[set[Finding]] = [set() for _ in texts]
        for group in _groups(texts):
            budget.remaining()
            readable = [_readable(texts[place.text][place.start : place.end]) for place in group]
            for place, entities in zip(group, self._model.entities(readable), strict=True):
                found[place.text].update(self._findings(texts[place.text], place, entities))
        return [sorted(findings) for findings in found]

    def _findings(
        self, text: str, window: "_Window", entities: Iterable[Entity]
    ) -> Iterator[Finding]:
        for entity in entities:
            if kind := self._types.get(entity.label):
                start, end = window.start + entity.start, window.start + entity.end
                for name in names(text, start, end):
                    yield Finding(*name, kind, entity.score)


class _Window(NamedTuple):
    """A part of one of several texts."""

    text: int
    """Its place among the texts."""
    start: int
    end: int


def _groups(texts: Iterable[str]) -> Iterator[list[_Window]]:
    """What is to be searched, in groups of up to `_BATCH` characters or one window."""
    group: list[_Window] = []
    size = 0
    for number, text in enumerate(texts):
        for start, end in _windows(text):
            if not _may_hold_names(text[start:end]):
                continue
            if group and size + end - start > _BATCH:
                yield group
                group, size = [], 0
            group.append(_Window(number, start, end))
            size += end - start
    if group:
        yield group


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Slices of the text, cut between words where there are blanks; each overlaps the next."""
    start = 0
    while (end := start + _WINDOW) < len(text):
        end = _blank_before(text, end)
        yield start, end
        start = _blank_before(text, end - _OVERLAP)
    yield start, len(text)


def _blank_before(text: str, position: int) -> int:
    """The last blank in the `_OVERLAP` characters before `position`, or else `position`."""
    found = text.rfind(" ", position - _OVERLAP, position)
    return position if found < 0 else found


def _may_hold_names(text: str) -> bool:
    if len(text) > _SHORT:
        return _LETTER.search(text) is not None
    return not _LOWER_WORD.fullmatch(text) and not is_technical(text)


def _readable(text: str) -> str:
    """The text with blanks for what the model should not read; all else stays in its place."""
    text = _PLACEHOLDER.sub(lambda match: " " * len(match[0]), text)
    return _LONG_WORD.sub(lambda match: _SIGN.sub(" ", match[0]), text)
