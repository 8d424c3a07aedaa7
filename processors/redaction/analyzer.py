"""Everything that finds something, behind one gate."""

from collections.abc import Sequence

from processors.redaction.budget import Budget, OverrunError, OversizeError
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding
from processors.redaction.gate import Gate

_BYTES_A_BUDGET = 64 << 10


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
        self._gate = Gate(detector.condition for detector in detectors)
        self._threshold = threshold
        self._max_bytes = max_bytes
        self._seconds = seconds

    def suspects(self, text: str, key: str = "") -> list[Detector]:
        """The detectors that may find something in `text` under a key with these words.

        Raises UnreadableError for a text that is too long, and UnicodeEncodeError for one that is
        not Unicode.
        """
        self._check_size(text)
        places = self._gate.open_for(f"{key}\n{text}" if key else text)
        return [self._detectors[place] for place in places]

    def findings(
        self, text: str, key: str, suspects: Sequence[Detector], within: Budget | None = None
    ) -> list[Finding]:
        """What these detectors find in `text`, overlaps and all; `key` as `Detector.find` has it.

        Raises UnreadableError where the text cannot be searched to its end.
        """
        seconds = self._seconds * (1 + len(text) // _BYTES_A_BUDGET)
        try:
            return self._search(suspects, text, key, Budget(seconds / 2, within))
        except OverrunError:
            # The process may have paused, as for garbage collection: that is not the text's fault.
            return self._search(suspects, text, key, Budget(seconds / 2, within))

    def _search(
        self, suspects: Sequence[Detector], text: str, key: str, budget: Budget
    ) -> list[Finding]:
        return [
            finding
            for detector in suspects
            for finding in detector.find(text, key, budget)
            if finding.score >= self._threshold
        ]

    def _check_size(self, text: str) -> None:
        size = len(text)
        if size * 4 > self._max_bytes and (
            size > self._max_bytes or len(text.encode()) > self._max_bytes
        ):
            raise OversizeError
