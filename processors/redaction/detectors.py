"""What a detector is, and the one that runs any of Presidio's pattern recognizers."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import regex

from processors.redaction import context
from processors.redaction.budget import Budget, OverrunError
from processors.redaction.findings import Finding
from processors.redaction.windows import Windows, whole


class Detector(Protocol):
    """Finds entities of one or a few types in a text. Safe to call from several threads."""

    @property
    def condition(self) -> str:
        """A pattern, in RE2's syntax, that is in every text where the detector can find something
        ("" is in every text).
        """
        ...

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """Everything found in `text`.

        `key` holds the words of the attribute or JSON key over the text, as `context.key_words`
        makes them. Raises OverrunError when the budget is used up.
        """
        ...


def search(
    pattern: Any, text: str, budget: Budget, start: int = 0, end: int | None = None
) -> Iterator[Any]:
    """Every match of a `regex` pattern between `start` and `end`.

    Raises OverrunError instead of giving up in silence.
    """
    try:
        yield from pattern.finditer(text, start, end, timeout=budget.remaining())
    except TimeoutError as error:
        raise OverrunError from error


class PatternDetector:
    """Runs a Presidio `PatternRecognizer`: its patterns, its checks and its context words.

    What is left out of Presidio's own `analyze` are the objects made for every candidate, and its
    habit of skipping a pattern that takes too long.
    """

    def __init__(
        self,
        recognizer: Any,
        condition: str = "",
        windows: Windows = whole,
        veto: Callable[[str, Any, str], bool] | None = None,
    ) -> None:
        """`recognizer` is a `PatternRecognizer`; `condition` as in `Detector`.

        `windows` spares the patterns the parts of a text that hold no match. `veto` tells from the
        text, a match that passed all checks, and the words of the key, that it is something else.
        """
        self._windows = windows
        self._veto = veto
        self.condition = condition
        self._type: str = recognizer.supported_entities[0]
        self._terms = tuple(recognizer.context or ())
        self._recognizer = recognizer
        self._patterns = [
            (regex.compile(pattern.regex, recognizer.global_regex_flags), pattern.score)
            for pattern in recognizer.patterns
        ]

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        for start, end in self._windows(text):
            for pattern, base in self._patterns:
                for match in search(pattern, text, budget, start, end):
                    score = self._score(match[0], base)
                    if score and not (self._veto and self._veto(text, match, key)):
                        yield self._finding(text, match, score, key)

    def _score(self, found: str, base: float) -> float:
        """0 where the recognizer's own checks say that it is something else."""
        if not found:
            return 0.0
        valid = self._recognizer.validate_result(found)
        if valid is False or self._recognizer.invalidate_result(found):
            return 0.0
        return 1.0 if valid else base

    def _finding(self, text: str, match: Any, score: float, key: str) -> Finding:
        start, end = match.span()
        if score < 1.0 and in_context(text, start, key, self._terms):
            score = context.boosted(score)
        return Finding(start, end, self._type, score)


def in_context(text: str, start: int, key: str, terms: tuple[str, ...]) -> bool:
    """Whether one of the terms is in the key, or among the words before `start`."""
    return context.supports(key, terms) or context.supports(
        context.words_before(text, start), terms
    )


class RecognizerDetector:
    """Runs any other Presidio recognizer as it is, on every text.

    It cannot be interrupted: where it takes longer than the budget allows, the value is masked when
    it comes back.
    """

    condition = ""

    def __init__(self, recognizer: Any) -> None:
        """`recognizer` is an `EntityRecognizer` that does without `nlp_artifacts`."""
        self._recognizer = recognizer
        self._types = list(recognizer.supported_entities)
        self._terms = tuple(recognizer.context or ())

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`. Raises whatever the recognizer raises."""
        results = self._recognizer.analyze(text, self._types, None)
        budget.remaining()
        for result in results or ():
            score = float(result.score)
            if 0 < score < 1 and in_context(text, result.start, key, self._terms):
                score = context.boosted(score)
            yield Finding(result.start, result.end, result.entity_type, score)
