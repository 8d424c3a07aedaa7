"""Names, places, organisations: what a model finds, where it can be true."""

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence

import regex

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding
from processors.redaction.names import names
from processors.redaction.ner_models import Entity, Model
from processors.redaction.ner_together import Together
from processors.redaction.ner_windows import LONGEST, Window, groups, may_hold_names

_BYTES_A_BUDGET = 64 << 10

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
        # Half: the analyzer tries a text that took too long a second time.
        self._seconds = seconds / 2
        self._local = threading.local()

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`. Where names may be, `budget` must not be used up; its time goes by while
        the model runs.

        Raises DeferredError for a text that is to be searched `together` with others.
        """
        if len(text) <= LONGEST and not may_hold_names(text):
            return
        budget.remaining()
        together: Together | None = getattr(self._local, "together", None)
        found = together.found(text) if together else None
        if found is None:
            seconds = self._seconds * (1 + len(text) // _BYTES_A_BUDGET)
            found = self._search([text], Budget(seconds))[0]
        yield from found

    @contextlib.contextmanager
    def together(self) -> Iterator[Together]:
        """Until the end of the block, `find` has the texts of this thread wait for each other."""
        self._local.together = Together(self._search, self._seconds)
        try:
            yield self._local.together
        finally:
            del self._local.together

    def _search(self, texts: Sequence[str], budget: Budget) -> list[list[Finding]]:
        found: list[set[Finding]] = [set() for _ in texts]
        for group in groups(texts):
            budget.remaining()
            readable = [_readable(texts[place.text][place.start : place.end]) for place in group]
            for place, entities in zip(group, self._model.entities(readable), strict=True):
                found[place.text].update(self._findings(texts[place.text], place, entities))
        return [sorted(findings) for findings in found]

    def _findings(self, text: str, window: Window, entities: Iterable[Entity]) -> Iterator[Finding]:
        for entity in entities:
            if kind := self._types.get(entity.label):
                start, end = window.start + entity.start, window.start + entity.end
                for name in names(text, start, end):
                    yield Finding(*name, kind, entity.score)


def _readable(text: str) -> str:
    """The text with blanks for what the model should not read; all else stays in its place."""
    text = _PLACEHOLDER.sub(lambda match: " " * len(match[0]), text)
    return _LONG_WORD.sub(lambda match: _SIGN.sub(" ", match[0]), text)
