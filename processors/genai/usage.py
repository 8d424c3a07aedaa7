"""Makes the token counts of a span mean what the conventions say: each whole with all its parts."""

import functools
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from pydantic import TypeAdapter

from collector import Attributes, ConfigModel, SpanRecord, Value
from collector.model_calls import USAGE_DETAILS, USAGE_RULE, Usage, token_count, told_usage
from processors.genai.dialect import read_table

INPUT = "gen_ai.usage.input_tokens"
OUTPUT = "gen_ai.usage.output_tokens"
_MODALITIES = ("text", "audio", "image", "video")
_INPUTS = tuple(f"gen_ai.usage.{modality}.input_tokens" for modality in _MODALITIES)
_OUTPUTS = tuple(f"gen_ai.usage.{modality}.output_tokens" for modality in _MODALITIES)
_LONGEST_NAME = 256
_INCLUSIVE, _EXCLUSIVE = "inclusive", "exclusive"
Reading = Literal["inclusive", "exclusive"]


class UsageRule(ConfigModel):
    """Says how an instrumentation counts."""

    scope: str = "*"
    """The instrumentation scope's name; `*` stands for any text."""
    provider: list[str] = []
    """Only for these values of `gen_ai.provider.name`."""
    model: str = "*"
    """Only for models of this name, in lower case; `*` stands for any text."""
    without: list[str] = []
    """Only where the span has none of these attributes."""
    cache: Reading | None = None
    """Whether `gen_ai.usage.input_tokens` includes what was read from and written to a cache."""
    reasoning: Reading | None = None
    """Whether `gen_ai.usage.output_tokens` includes the reasoning."""

    def holds(self, scope: str, provider: str, model: str) -> bool:
        """Whether the rule is for what such an instrumentation says of such a call."""
        told = not self.provider or provider in self.provider
        return told and fnmatchcase(scope, self.scope) and fnmatchcase(model, self.model)


class UsageTable(ConfigModel):
    """What ships in usage.yaml."""

    totals: tuple[str, ...]
    """Attributes with the total of a call's tokens."""
    rules: tuple[UsageRule, ...]


class _Known(NamedTuple):
    """What rules say of one part; empty where they say nothing."""

    source: str
    reading: str


_UNKNOWN = _Known("", "")
_COUNTS = _Known("counts", _EXCLUSIVE)
_DEFAULT = _Known("default", _INCLUSIVE)


class _Rules(NamedTuple):
    """What is known of an instrumentation, a provider and a model."""

    cache: _Known
    reasoning: _Known


@functools.cache
def built_in_usage() -> UsageTable:
    """The table that ships beside this module."""
    return TypeAdapter(UsageTable).validate_python(read_table("usage.yaml"))


class UsageRepair:
    """Rules, made ready for looking up."""

    names = USAGE_DETAILS.union(_INPUTS, _OUTPUTS)
    """A span with none of these attributes has nothing to repair."""

    def __init__(self, own: Sequence[UsageRule], shipped: UsageTable) -> None:
        """`own` come before those that ship."""
        self._rules = [("config", rule) for rule in own]
        self._rules += [("scope", rule) for rule in shipped.rules]
        self._exceptions = frozenset(key for _, rule in self._rules for key in rule.without)
        self._totals = shipped.totals
        self._known = functools.lru_cache(maxsize=1024)(self._find)

    def repair(self, record: SpanRecord) -> None:
        """Add to input and output what they leave out, and write the rule that was used.

        Happens once: a span that carries a rule is left alone.
        """
        attributes = record.attributes
        if USAGE_RULE in attributes.values:
            return
        told = told_usage(attributes.values)
        if told is None or INPUT not in attributes.values or OUTPUT not in attributes.values:
            _sum_modalities(attributes)
            told = told_usage(attributes.values)
        if told is None:
            return
        cached, reasoning = told.cache_read + told.cache_write, told.reasoning
        if cached or reasoning:
            self._add(record, told, cached, reasoning)

    def _add(self, record: SpanRecord, told: Usage, cached: int, reasoning: int) -> None:
        attributes = record.attributes
        known = self._for(record)
        extra = self._extra(attributes.values, told)
        thought = _verdict(known.reasoning, reasoning, told.output, extra, cached)
        verdict = _verdict(known.cache, cached, told.input, extra, reasoning) if cached else thought
        if cached and verdict.reading == _EXCLUSIVE:
            attributes.set(INPUT, told.input + cached)
        if reasoning and thought.reading == _EXCLUSIVE:
            attributes.set(OUTPUT, told.output + reasoning)
        attributes.set(USAGE_RULE, f"{verdict.source}:{verdict.reading}")

    def _for(self, record: SpanRecord) -> _Rules:
        text = record.attributes.text
        present = self._exceptions.intersection(record.attributes.values)
        model = text("gen_ai.request.model") or text("gen_ai.response.model")
        names = (record.scope.scope.name, text("gen_ai.provider.name"), model.lower())
        scope, provider, model = (name[:_LONGEST_NAME] for name in names)
        return self._known(scope, provider, model, present)

    def _find(self, scope: str, provider: str, model: str, present: frozenset[str]) -> _Rules:
        found = [
            (source, rule)
            for source, rule in self._rules
            if rule.holds(scope, provider, model) and present.isdisjoint(rule.without)
        ]
        cache = (_Known(source, rule.cache) for source, rule in found if rule.cache)
        reasoning = (_Known(source, rule.reasoning) for source, rule in found if rule.reasoning)
        return _Rules(next(cache, _UNKNOWN), next(reasoning, _UNKNOWN))

    def _extra(self, values: Mapping[str, Value], told: Usage) -> int:
        """By how much the total exceeds input and output; below 0 where there is no total."""
        for key in self._totals:
            if key in values and (total := token_count(values[key])):
                return total - told.input - told.output
        return -1


def _verdict(known: _Known, part: int, whole: int, extra: int, other: int) -> _Known:
    """How a part relates to its whole: what is known, else what the total says.

    `extra` is what the total has beyond both wholes, `other` the part of the other one.
    """
    if part > whole and known.reading != _EXCLUSIVE:
        return _COUNTS  # whoever says otherwise
    if known.reading:
        return known
    if extra == 0 or (extra == other and extra != part):
        return _Known("total", _INCLUSIVE)
    if extra in (part, part + other):
        return _Known("total", _EXCLUSIVE)
    return _DEFAULT


def _sum_modalities(attributes: Attributes) -> None:
    """Where only the modalities are told, the whole is their sum."""
    for whole, parts in ((INPUT, _INPUTS), (OUTPUT, _OUTPUTS)):
        if whole not in attributes.values:
            told = sum(token_count(attributes.values.get(part)) for part in parts)
            if told:
                attributes.set(whole, told)
