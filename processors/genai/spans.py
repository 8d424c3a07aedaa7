"""What spans are whose attributes do not tell, or tell it wrong: known by who made them, and how
they are called.
"""

from collections.abc import Sequence
from typing import NamedTuple

from collector import SpanRecord
from processors.genai.dialect import Dialect, SpanRule

_ANY = "*"


class Named(NamedTuple):
    """What a span's name says: its operation, an attribute with its value, and the provider; empty
    if not.
    """

    operation: str
    target: str
    text: str
    provider: str


_NOTHING = Named("", "", "", "")


class Spans:
    """The dialects' `spans` tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._rules: dict[str, list[SpanRule]] = {}
        for dialect in dialects:
            for rule in dialect.spans:
                self._rules.setdefault(rule.scope, []).append(rule)

    def read(self, record: SpanRecord) -> Named:
        """What the first rule for the span says."""
        rules = self._rules.get(record.scope.scope.name)
        if rules is None:
            return _NOTHING
        name = record.span.name
        for rule in rules:
            text = _text_at_star(rule.name, name)
            if text is not None:
                return Named(rule.operation, rule.tells, text, rule.provider)
        return _NOTHING


def _text_at_star(pattern: str, name: str) -> str | None:
    """What stands in a name for the pattern's `*`; None if the pattern is another name's."""
    head, star, tail = pattern.partition(_ANY)
    if not star:
        return "" if name == pattern else None
    fits = len(name) >= len(head) + len(tail) and name.startswith(head) and name.endswith(tail)
    return name[len(head) : len(name) - len(tail)] if fits else None
