"""What redacting a batch may take, and what came of it."""

from typing import NamedTuple

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding


class Place(NamedTuple):
    """Where a part of a text stands in it."""

    start: int
    end: int
    literal: bool
    """Whether it stands there as it is, without escapes."""


class Run:
    """Passed along while strings are redacted; of one thread."""

    __slots__ = ("again", "budget", "done", "findings", "masked")

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        """For all strings together; while one is redacted, what is left for that."""
        self.done: list[tuple[str, str]] = []
        """Entity type and action of each finding."""
        self.masked: list[str] = []
        """The reason for each value that was masked as a whole."""
        self.findings: list[Finding] = []
        """Findings in order, at their places in the string that is being redacted."""
        self.again = False
        """Whether this is another pass over redacted text: only what changes it is noted."""

    def note(self, finding: Finding, action: str) -> None:
        """Something was found, and this was done."""
        self.done.append((finding.type, action))
        self.findings.append(finding)

    def mask(self, reason: str) -> str:
        """What stands for a value that could not be searched."""
        self.masked.append(reason)
        return f"<REDACTED:{reason}>"

    def moved(self, first: int, place: Place) -> None:
        """Put the findings since number `first`, which are in a part, at their places in the text.

        Where the part is written otherwise in the text, one finding covers all of it.
        """
        inside = self.findings[first:]
        if not inside:
            return
        start, end = place.start, place.end
        if place.literal:
            moved = [f._replace(start=start + f.start, end=start + f.end) for f in inside]
        else:
            surest = max(inside, key=lambda finding: finding.score)
            moved = [surest._replace(start=start, end=end)]
        self.findings[first:] = moved
