"""What an analyzer finds, and how findings that overlap become one."""

from collections.abc import Iterable
from typing import NamedTuple


class Finding(NamedTuple):
    """A stretch of text that is personal data or a secret."""

    start: int
    end: int
    """Offsets in characters, as in a slice."""
    type: str
    """The entity type, such as `EMAIL_ADDRESS`."""
    score: float
    """How sure the detector is, 0 to 1."""


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Findings in order of place, none overlapping, every found character covered.

    Where some overlap, one takes the place of all and names the surest of them, or the longest of
    the equally sure.
    """
    merged: list[Finding] = []
    for finding in sorted(findings):
        if merged and finding.start < merged[-1].end:
            merged[-1] = _join(merged[-1], finding)
        else:
            merged.append(finding)
    return merged


def _join(first: Finding, second: Finding) -> Finding:
    winner = max(first, second, key=lambda finding: (finding.score, finding.end - finding.start))
    start, end = min(first.start, second.start), max(first.end, second.end)
    return Finding(start, end, winner.type, winner.score)
