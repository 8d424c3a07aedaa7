"""Rules, found by what they ask about, so that a span meets few of them."""

from collections.abc import Sequence
from typing import NamedTuple

from collector import SpanRecord, Value
from collector.attributes import encode
from processors._match import MatchProperties, Rule, matcher
from processors.atlas.config import AtlasRule
from processors.atlas.vocabulary import DIMENSIONS

Annotations = list[tuple[str, bytes]]
"""Attributes to write: the key, and all of it serialized, which takes longer than the rest."""

PREFIX = "winnow.atlas."
_MOST_KNOWN = 4096
"""Texts, and combinations of rules, whose answer is remembered."""
_LONGEST = 128
"""Characters of a text that is remembered."""


class _Indexed(NamedTuple):
    """A rule, by its number: the earlier ones are written first."""

    number: int
    matches: Rule


class _Answers:
    """Rules whose answer hangs on one text, with the answers given lately."""

    def __init__(self) -> None:
        self._rules: list[_Indexed] = []
        self._known: dict[str, list[int]] = {}

    def add(self, rule: _Indexed) -> None:
        self._rules.append(rule)

    def numbers(self, value: Value, record: SpanRecord) -> list[int]:
        """The numbers of the rules that match; `value` is what they ask for."""
        # Only texts: to a dict 1, 1.0 and true are the same, to a rule they are not.
        if value.__class__ is not str or len(value) > _LONGEST:
            return self._ask(record)
        found = self._known.get(value)
        if found is None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            found = self._known[value] = self._ask(record)
        return found

    def _ask(self, record: SpanRecord) -> list[int]:
        return [rule.number for rule in self._rules if rule.matches(record)]


class Rules:
    """Some rules, in their order. Thread-safe: what is remembered is the same for all."""

    def __init__(self, own: Sequence[AtlasRule], defaults: Sequence[AtlasRule]) -> None:
        """`defaults` speak on a dimension only where none of `own` that matches does."""
        self._rules = [*own, *defaults]
        self._own = len(own)
        self._by_name = _Answers()
        self._by_value: dict[str, _Answers] = {}
        self._by_key: dict[str, list[_Indexed]] = {}
        self._others: list[_Indexed] = []
        self._said: dict[tuple[int, ...], Annotations] = {}
        for number, rule in enumerate(self._rules):
            self._index(rule.match, _Indexed(number, matcher(rule.match)))

    def on(self, record: SpanRecord) -> Annotations:
        """What the rules say of a span. Shared: not to be changed."""
        numbers = self._matching(record)
        key = tuple(sorted(numbers)) if len(numbers) > 1 else tuple(numbers)
        said = self._said.get(key)
        if said is None:
            if len(self._said) >= _MOST_KNOWN:
                self._said.clear()
            said = self._said[key] = self._say(key)
        return said

    def _index(self, match: MatchProperties, rule: _Indexed) -> None:
        asked = {key for key in MatchProperties.model_fields if getattr(match, key)}
        asked.discard("match_type")
        if asked == {"span_names"}:
            self._by_name.add(rule)
        elif asked == {"attributes"} and len(match.attributes) == 1:
            self._by_value.setdefault(match.attributes[0].key, _Answers()).add(rule)
        elif match.attributes:
            self._by_key.setdefault(match.attributes[0].key, []).append(rule)
        else:
            self._others.append(rule)

    def _matching(self, record: SpanRecord) -> list[int]:
        values = record.attributes.values
        numbers = list(self._by_name.numbers(record.span.name, record))
        for key, answers in self._by_value.items():
            if key in values:
                numbers += answers.numbers(values[key], record)
        for key, rules in self._by_key.items():
            if key in values:
                numbers += [rule.number for rule in rules if rule.matches(record)]
        numbers += [rule.number for rule in self._others if rule.matches(record)]
        return numbers

    def _say(self, numbers: Sequence[int]) -> Annotations:
        own = [self._rules[number] for number in numbers if number < self._own]
        defaults = [self._rules[number] for number in numbers if number >= self._own]
        said: Annotations = []
        for dimension in DIMENSIONS:
            ids = _ids(own, dimension) or _ids(defaults, dimension)
            if ids:
                key = PREFIX + dimension
                said.append((key, encode(key, ids)))
        return said


def _ids(rules: Sequence[AtlasRule], dimension: str) -> list[str]:
    return list(dict.fromkeys(word for rule in rules for word in rule.ids(dimension)))
