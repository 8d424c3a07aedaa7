"""IBANs: Presidio's pattern and check, tried at every end a number can have."""

import re
from collections.abc import Iterator

import regex

from processors.redaction.budget import Budget, OverrunError
from processors.redaction.findings import Finding
from processors.redaction.presidio import IbanRecognizer

TYPE = "IBAN_CODE"
# As in Presidio's pattern, capitals may follow small letters; small ones must begin a word.
_STARTS = re.compile(
    r"(?:[A-Za-z](?<![A-Za-z0-9].)[A-Za-z]|[A-Z](?<![A-Z0-9].)[A-Z])[0-9]{2}[ \-]?[A-Za-z0-9]"
)
_SHORTEST = 15
"""Norway's, in the SWIFT IBAN registry."""


class IbanDetector:
    """Finds IBANs in capital or small letters, with blanks, dashes or neither between groups.

    Presidio's pattern is greedy: in `BE68539007547034 from my bank` it takes words for groups of
    four and then gives up. Here every shorter end is tried, and the search goes on behind the
    number, not behind the greed.
    """

    condition = r"(?i)[A-Z]{2}[0-9]{2}[ \-]?[A-Z0-9]"

    def __init__(self) -> None:
        self._recognizer = IbanRecognizer()
        pattern, flags = self._recognizer.patterns[0].regex, self._recognizer.global_regex_flags
        self._patterns = [
            regex.compile(pattern, flags | regex.IGNORECASE),
            regex.compile(pattern, flags & ~regex.IGNORECASE),
        ]

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`."""
        end = 0
        for match in _STARTS.finditer(text):
            start = match.start()
            if start >= end and (longest := self._longest(text, start, budget)):
                end = self._valid_end(text, start, longest)
                if end:
                    yield Finding(start, end, TYPE, 1.0)

    def _longest(self, text: str, start: int, budget: Budget) -> int:
        """The farthest end that Presidio's pattern sees; 0 if it sees none."""
        try:
            left = budget.remaining()
            matches = [pattern.match(text, start, timeout=left) for pattern in self._patterns]
        except TimeoutError as error:
            raise OverrunError from error
        return max(match.end() if match else 0 for match in matches)

    def _valid_end(self, text: str, start: int, end: int) -> int:
        """The farthest end, at most `end`, of a number with the right check digits; else 0."""
        for candidate in range(end, start + _SHORTEST - 1, -1):
            if _may_end(text, candidate) and self._valid(text[start:candidate]):
                return candidate
        return 0

    def _valid(self, number: str) -> bool:
        return self._recognizer.validate_result(number.upper()) is True


def _may_end(text: str, end: int) -> bool:
    last, following = text[end - 1], text[end : end + 1]
    if not last.isalnum() or following.isdecimal():
        return False
    return (
        not following.isascii() or not following.isalpha() or following.islower() > last.islower()
    )
