"""Phone numbers: what could be one, each candidate read once.

Presidio's recognizer scans the whole text again for every region, takes embeddings for phone
numbers and needs no context for it. Here one pattern finds whatever is written like a number, and
`phone_judge` decides on it.
"""

import re
from collections.abc import Iterator

from processors.redaction import phone_plans
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding
from processors.redaction.phone_judge import Judge

REGIONS = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR")
"""The regions of Presidio's recognizer."""

_BLANK = r"[ \-/()\u00a0\u2009\u202f\u2010-\u2013]"
# Two notations: with dots, which floats have too, and with anything else.
_CANDIDATE = re.compile(
    rf"\d(?<![A-Za-z\d_$€£].)(?<![^A-Za-z]\..)(?:"
    rf"(?:\d{{0,3}}\)?[ \-])?(?:\d{{0,3}}\.)(?:\d{{2,4}}\.){{1,4}}\d{{2,4}}(?!\d)"
    rf"|(?<=\+\d)\d{{0,2}}(?:\.\d{{1,4}}){{2,5}}(?!\d)"
    rf"|(?:{_BLANK}{{0,3}}\d){{5,}})"
)
_INSIDE = re.compile(r"(?<!\d)(?:\(\d{3}\) ?\d{3}[ \-]\d{4}|\d{3}([ .\-])\d{3}\1\d{4})(?!\d)")
_BREAK = re.compile(r"[ \u00a0\u2009\u202f]+|/")
_SECOND = re.compile(r"(?<=\d)[ \u00a0]*(?=\(\d{3}\))")
_MOST_DROPPED = 3


class PhoneDetector:
    """Finds phone numbers in time linear in the text, and a little more for each candidate."""

    condition = r"\p{Nd}(?:[ \-./()\x{00a0}\x{2009}\x{202f}\x{2010}-\x{2013}]{0,3}\p{Nd}){5}"

    def __init__(self, regions: tuple[str, ...] = REGIONS) -> None:
        """`regions` (ISO 3166) are tried for numbers without a country code.

        Raises ValueError for one without a numbering plan.
        """
        self._regions = regions
        for region in regions:  # a plan is compiled when it is first asked
            phone_plans.exists("2015550123", region)

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        judge = Judge(text, key, self._regions)
        for match in _CANDIDATE.finditer(text):
            for start, end in _apart(text, *match.span()):
                budget.remaining()
                if found := judge.finding(start, end):
                    yield found
                else:
                    yield from _within(text, start, end, judge, budget)


def _within(text: str, start: int, end: int, judge: Judge, budget: Budget) -> Iterator[Finding]:
    """Numbers with other numbers before or after them: `3 (415) 555-0132 2024`."""
    plain, shorter = _plain(text, start, end), _shorter(text, start, end)
    international = text[start - 1 : start] == "+"
    end_of_last = 0
    for piece in (*shorter, *plain) if international else (*plain, *shorter):
        budget.remaining()
        if piece[0] < end_of_last or piece == (start, end):
            continue
        if found := judge.finding(*piece):
            yield found
            end_of_last = found.end


def _apart(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The candidate in parts, each of which begins with an area code in parentheses."""
    for second in _SECOND.finditer(text, start, end):
        if second.start() - start > 5:
            yield start, second.start()
            start = second.end() + 1
    yield start, end


def _plain(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What is plainly a North American number in the candidate."""
    # A parenthesis before the first digit is not in the candidate yet.
    return [inner.span() for inner in _INSIDE.finditer(text, max(0, start - 1), end)]


def _shorter(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The candidate without some groups of digits at its ends, where a number can begin."""
    gaps = [gap.span() for gap in _BREAK.finditer(text, start, end)]
    starts = [start, *(after for _, after in gaps[:_MOST_DROPPED])]
    ends = [end, *(before for before, _ in gaps[: -_MOST_DROPPED - 1 : -1])]
    for first in starts:
        if text[first] in "(0" or text[first - 1 : first] == "+":
            yield from ((first, last) for last in ends if first < last)
