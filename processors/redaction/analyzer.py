"""Everything that finds something, behind one gate."""

from collections.abc import Sequence
from typing import NamedTuple

from processors.redaction import base64_text, escapes, parameters
from processors.redaction.budget import Budget, OverrunError, OversizeError
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding
from processors.redaction.gate import Gate

_BYTES_A_BUDGET = 64 << 10
_HIDING = (escapes.CONDITION, parameters.CONDITION, *base64_text.CONDITIONS)


class Suspects(NamedTuple):
    """What one pass over a text leaves open."""

    detectors: list[Detector]
    """Those that may find something in it."""
    escaped: bool
    """Whether there may be escapes, with something behind them."""
    encoded: bool
    """Whether there may be base64."""
    named: bool
    """Whether there may be parameters of a URL or a form."""


class Analyzer:
    """Finds personal data and secrets in strings. Safe to use from several threads."""

    def __init__(
        self, detectors: Sequence[Detector], *, threshold: float, max_bytes: int, seconds: float
    ) -> None:
        """`threshold` is the least score that counts; a longer string than `max_bytes` (UTF-8) is
        refused; `seconds` of CPU may be spent on each 64 KiB.

        Raises ValueError where a detector's condition is not in RE2's syntax.
        """
        self._detectors = list(detectors)
        self._gate = Gate((*_HIDING, *(detector.condition for detector in detectors)))
        self._threshold = threshold
        self._max_bytes = max_bytes
        self._seconds = seconds

    def suspects(self, text: str, key: str = "") -> Suspects | None:
        """What may be found in `text` under a key with these words; None where nothing can be.

        Raises UnreadableError for a text that is too long, and UnicodeEncodeError for one that is
        not Unicode.
        """
        self._check_size(text)
        places = self._gate.open_for(f"{key}\n{text}" if key else text)
        if not places:
            return None
        first = len(_HIDING)
        detectors = [self._detectors[place - first] for place in places if place >= first]
        hiding = set(places[:first])
        return Suspects(detectors, 0 in hiding, {2, 3} <= hiding, 1 in hiding)

    def budget(self, text: str, within: Budget) -> Budget:
        """What searching `text`, with all that it holds, may take."""
        return Budget(self._allowance(text), within)

    def findings(
        self, text: str, key: str, detectors: Sequence[Detector], budget: Budget
    ) -> list[Finding]:
        """What these detectors find in `text`, overlaps and all; `key` as `Detector.find` has it.

        Raises UnreadableError where the text cannot be searched to its end.
        """
        try:
            return self._search(detectors, text, key, budget)
        except OverrunError:
            # A pattern's clock goes on while other threads run: that is not the text's fault.
            budget.remaining()
            return self._search(detectors, text, key, budget)

    def _search(
        self, detectors: Sequence[Detector], text: str, key: str, budget: Budget
    ) -> list[Finding]:
        return [
            finding
            for detector in detectors
            for finding in detector.find(text, key, budget)
            if finding.score >= self._threshold
        ]

    def _allowance(self, text: str) -> float:
        return self._seconds * (1 + len(text) // _BYTES_A_BUDGET)

    def _check_size(self, text: str) -> None:
        size = len(text)
        if size * 4 > self._max_bytes and (
            size > self._max_bytes or len(text.encode()) > self._max_bytes
        ):
            raise OversizeError
