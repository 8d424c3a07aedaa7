"""Policies on attributes of spans and of their resources."""

from collections.abc import Sequence
from typing import Self, TypeVar

from pydantic import Field, model_validator

from collector import ConfigModel, SpanRecord, Value
from processors._regex import check_re2, searcher
from processors.tail_sampling.policies.base import Observer, Setup, Verdict
from processors.tail_sampling.summary import Summary

_REMEMBERED = 128


class AttributeSettings(ConfigModel):
    """Where to look."""

    key: str = Field(min_length=1)
    """An attribute of a span or of its resource."""
    invert_match: bool = False
    """Keep traces in which nothing matches, and no others. Deprecated in the Collector: say it
    with a `drop` policy."""


A = TypeVar("A", bound=AttributeSettings)


class AttributePolicy(Observer[A]):
    """Base of the policies that match the values of one attribute."""

    def __init__(self, settings: A, setup: Setup) -> None:
        super().__init__(settings, setup)
        self.lasting = not settings.invert_match

    def matches(self, value: Value) -> bool:
        """Whether the attribute's value is one that is looked for."""
        raise NotImplementedError

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember that one value matched."""
        if not summary.state[self.slot]:
            summary.state[self.slot] = any(map(self._seen_on, records))

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if a value matched; with `invert_match`, the inverted verdicts."""
        matched = bool(summary.state[self.slot])
        if self.settings.invert_match:
            return Verdict.INVERT_NOT_SAMPLED if matched else Verdict.INVERT_SAMPLED
        return Verdict.of(matched)

    def _seen_on(self, record: SpanRecord) -> bool:
        key = self.settings.key
        return any(
            self.matches(attributes.values[key])
            for attributes in (record.attributes, record.resource.attributes)
            if key in attributes
        )


class StringAttributeSettings(AttributeSettings):
    """Which text to look for."""

    values: list[str] = Field(min_length=1)
    """The attribute is one of these, or, with `enabled_regex_matching`, one of these regular
    expressions (Go's syntax) is found in it."""
    enabled_regex_matching: bool = False
    """Take `values` for regular expressions."""
    cache_max_size: int = Field(default=0, ge=0)
    """For how many attribute values the result of the regular expressions is remembered, the
    latest ones; 0 is 128. Values longer than 256 characters are looked at each time."""

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        for value in self.values if self.enabled_regex_matching else ():
            check_re2(value)
        return self


class StringAttribute(AttributePolicy[StringAttributeSettings]):
    """Keeps traces with one of the given texts in an attribute."""

    Settings = StringAttributeSettings

    def __init__(self, settings: StringAttributeSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        exact = frozenset(settings.values)
        self._matches = (
            searcher(settings.values, settings.cache_max_size or _REMEMBERED)
            if settings.enabled_regex_matching
            else exact.__contains__
        )

    def matches(self, value: Value) -> bool:
        """Whether the text is wanted; an empty one, or none, never is."""
        return isinstance(value, str) and bool(value) and self._matches(value)


class NumericAttributeSettings(AttributeSettings):
    """Which numbers to look for, bounds included."""

    min_value: float | None = None
    """At least this; no bound if not given."""
    max_value: float | None = None
    """At most this; no bound if not given."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        low, high = self.min_value, self.max_value
        if low is None and high is None:
            raise ValueError("give min_value, max_value or both")
        if low is not None and high is not None and low > high:
            raise ValueError("max_value is below min_value: no number can match")
        return self


class NumericAttribute(AttributePolicy[NumericAttributeSettings]):
    """Keeps traces with a number in the given range in an attribute."""

    Settings = NumericAttributeSettings

    def matches(self, value: Value) -> bool:
        """Whether it is an integer or a double within the range."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        low, high = self.settings.min_value, self.settings.max_value
        return (low is None or value >= low) and (high is None or value <= high)


class BooleanAttributeSettings(AttributeSettings):
    """Which truth to look for."""

    value: bool
    """The attribute has this value."""


class BooleanAttribute(AttributePolicy[BooleanAttributeSettings]):
    """Keeps traces with the given boolean in an attribute."""

    Settings = BooleanAttributeSettings

    def matches(self, value: Value) -> bool:
        """Whether it is a boolean, and this one."""
        return value is self.settings.value
