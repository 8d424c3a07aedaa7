"""Redacts the texts of a batch before their turn comes, so that a model searches them together."""

from collections.abc import Iterable

from processors.redaction.budget import Budget, OverrunError
from processors.redaction.ner import NerDetector
from processors.redaction.redactor import Redactor
from processors.redaction.run import Run
from processors.redaction.spans import Seen, Text

_MAX_ROUNDS = 16
"""Each settles a pass over every text; a text has eight at most."""


def redacted(texts: Iterable[Text], redactor: Redactor, names: NerDetector, budget: Budget) -> Seen:
    """What comes of the texts, but for those that the budget is too small for.

    Text by text is redacted as far as it goes without the model, which then searches all that is
    left at once; and so on, until nothing is. What the cache knows never waits.
    """
    seen: Seen = {}
    waiting = list(texts)
    with names.together() as together:
        for _ in range(_MAX_ROUNDS):
            waiting = [text for text in waiting if not _is_settled(text, redactor, budget, seen)]
            if not waiting:
                break
            try:
                together.search(budget)
            except OverrunError:
                break
    return seen


def _is_settled(text: Text, redactor: Redactor, budget: Budget, seen: Seen) -> bool:
    run = Run(budget)
    value, key, treatment = text
    redacted = redactor.redact(value, key, run, treatment)
    if not run.waiting:
        seen[text] = redacted, run.done, run.masked
    return not run.waiting
