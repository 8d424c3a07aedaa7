"""Allow and deny lists. An entry is a literal, or between slashes a pattern in RE2's syntax.

Case does not matter. A denied literal is found as a whole word: where it begins or ends with an
ASCII letter, digit or `_`, none of these may follow. In scripts without blanks, names touch.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import re2

from processors.redaction.budget import Budget
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding

_SCORE = 1.0
_MAX_MEMORY = 64 << 20


def check_entry(entry: str) -> str:
    """The entry. Raises ValueError, which does not show it, if it is blank or no pattern."""
    if not entry.strip():
        raise ValueError("is blank: write a text, or a pattern between slashes")
    try:
        re2.compile(pattern(entry), _options())
    except re2.error as error:
        raise ValueError(
            f"is not a pattern for RE2, which says {_reason(error)!r}: correct it, or leave out "
            "the slashes to have it read as it is"
        ) from None
    return entry


def check_denied(entry: str) -> str:
    """The entry. Raises ValueError where it would be found in the empty text."""
    if is_pattern(entry) and re2.compile(pattern(entry), _options()).fullmatch(""):
        raise ValueError("matches the empty text: write + for *, or a text that must be there")
    return entry


def is_pattern(entry: str) -> bool:
    """Whether the entry is more than a literal."""
    return len(entry) > 2 and entry[0] == entry[-1] == "/"


def pattern(entry: str) -> str:
    """The entry in RE2's syntax."""
    return entry[1:-1] if is_pattern(entry) else str(re2.escape(entry))


def allowing(detectors: Iterable[Detector], allow: Sequence[str]) -> list[Detector]:
    """The detectors without those of their findings whose whole text is in the list."""
    if not allow:
        return list(detectors)
    allowed = re2.Set.FullMatchSet(_options())
    for entry in allow:
        allowed.Add(pattern(entry))
    allowed.Compile()
    return [_Allowing(detector, allowed.Match) for detector in detectors]


def denying(deny: Mapping[str, Sequence[str]]) -> list[Detector]:
    """Detectors for the entries of each type.

    Raises ValueError where there are more literals than RE2 can hold.
    """
    found: list[Detector] = []
    for entity, entries in deny.items():
        literals = [_as_word(entry) for entry in entries if not is_pattern(entry)]
        longest = max(map(len, entries), default=0)
        found += [_Denied(entity, "|".join(literals), longest)] if literals else []
        found += [_Denied(entity, pattern(entry)) for entry in entries if is_pattern(entry)]
    return found


class _Allowing:
    def __init__(self, detector: Detector, allowed: Callable[[str], list[int]]) -> None:
        self.condition = detector.condition
        self._detector = detector
        self._allowed = allowed

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        for finding in self._detector.find(text, key, budget):
            if not self._allowed(text[finding.start : finding.end]):
                yield finding


class _Denied:
    def __init__(self, entity: str, denied: str, longest: int = 0) -> None:
        """`longest` counts the characters of the longest literal; a pattern has none."""
        self.condition = f"(?i:{denied})"
        self._type = entity
        self._longest = longest
        try:
            self._pattern: Any = re2.compile(denied, _options(longest=longest > 0))
        except re2.error as error:
            raise ValueError(f"RE2 cannot hold the entries of {entity}: write fewer") from error

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`."""
        for match in self._pattern.finditer(text):
            budget.remaining()
            start, end = match.span()
            if start < end:
                yield Finding(start, self._end(text, start, end), self._type, _SCORE)

    def _end(self, text: str, start: int, end: int) -> int:
        """Where the last of the literals ends that begin inside of one another from `start` on."""
        if not self._longest:
            return end
        position = start + 1
        while position < end and (match := self._within(text, position, end)):
            position, end = match[0] + 1, max(end, match[1])
        return end

    def _within(self, text: str, position: int, end: int) -> tuple[int, int] | None:
        # One character more on either side says whether a word goes on there.
        base = position - 1
        match = self._pattern.search(text[base : end + self._longest], 1)
        if match is None or base + match.start() >= end:
            return None
        return base + match.start(), base + match.end()


def _as_word(literal: str) -> str:
    before = r"\b" if _is_ascii_word(literal[0]) else ""
    after = r"\b" if _is_ascii_word(literal[-1]) else ""
    return f"{before}{re2.escape(literal)}{after}"


def _is_ascii_word(character: str) -> bool:
    return character.isascii() and (character.isalnum() or character == "_")


def _options(*, longest: bool = False) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.longest_match = longest
    options.max_mem = _MAX_MEMORY
    return options


def _reason(error: Any) -> str:
    """RE2's words for the mistake, without the part of the pattern that it quotes."""
    reason = error.args[0]
    return str(reason.decode() if isinstance(reason, bytes) else reason).partition(":")[0]
