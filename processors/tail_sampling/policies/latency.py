"""Policies on time: a fixed bound, and a live percentile."""

from collections.abc import Iterable, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from collector import ConfigModel, Duration, SpanRecord
from processors.tail_sampling.policies.base import Observer, Policy, Setup, Verdict
from processors.tail_sampling.quantile import GroupedQuantiles
from processors.tail_sampling.summary import Summary

Group = tuple[str, ...]


class LatencySettings(ConfigModel):
    """How long a trace takes, from its earliest start to its latest end; bounds included."""

    threshold_ms: int = Field(ge=0)
    """At least so many milliseconds."""
    upper_threshold_ms: int = Field(default=0, ge=0)
    """At most so many milliseconds; 0 is no bound."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.upper_threshold_ms and self.upper_threshold_ms < self.threshold_ms:
            raise ValueError("upper_threshold_ms is below threshold_ms: no trace can match")
        return self


class Latency(Policy[LatencySettings]):
    """Keeps traces that take long.

    The Collector excludes the lower bound where an upper one is set (contrib issue 49593), and
    judges a trace by its spans one after the other; here the whole trace is judged.
    """

    Settings = LatencySettings

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the duration in whole milliseconds is within the bounds."""
        duration, most = summary.duration // 1_000_000, self.settings.upper_threshold_ms
        within = self.settings.threshold_ms <= duration and (not most or duration <= most)
        return Verdict.of(within)


class LatencyPercentileSettings(ConfigModel):
    """What counts as slow, measured on the stream itself."""

    percentile: float = Field(default=99.0, gt=0, lt=100)
    """Slower than this percentile of the window is slow."""
    window: Duration = Field(default=600.0, gt=0)
    """How far back the percentile looks."""
    group_by: list[str] = []
    """Attributes of spans or resources: each combination of values has a percentile of its own.
    At most 200 combinations at a time. For traces, the first value seen counts."""
    scope: Literal["trace", "span"] = "trace"
    """`trace` compares whole traces; `span` keeps a trace if one of its spans is slow."""
    min_samples: int = Field(default=100, ge=1)
    """Nothing is slow before the group has so many samples in the window."""


class LatencyPercentile(Observer[LatencyPercentileSettings]):
    """Keeps traces that are slower than a live percentile."""

    Settings = LatencyPercentileSettings

    def __init__(self, settings: LatencyPercentileSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._quantiles = GroupedQuantiles[Group](
            settings.percentile / 100, settings.window, settings.min_samples
        )
        self._by_span = settings.scope == "span"
        self._no_group: Group = ("",) * len(settings.group_by)

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember the group of the trace, or the slowest span of each group."""
        if self._by_span:
            self._observe_spans(summary, records)
        elif self.settings.group_by:
            self._observe_group(summary, records)

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the trace, or one of its spans, is slow."""
        now = self.clock.monotonic()
        slow = self._quantiles.exceeded_by
        return Verdict.of(any(slow(*found, now) for found in self._durations(summary)))

    def learn(self, summary: Summary) -> None:
        """A decided trace is a sample; spans are samples as soon as they come."""
        if not self._by_span:
            now = self.clock.monotonic()
            for group, duration in self._durations(summary):
                self._quantiles.add(group, duration, now)

    def _durations(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        if self._by_span:
            slowest: dict[Group, int] = summary.state[self.slot]
            return slowest.items()
        return ((summary.state[self.slot] or self._no_group, summary.duration),)

    def _observe_spans(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        slowest: dict[Group, int] = summary.state[self.slot] or {}
        now = self.clock.monotonic()
        for record in records:
            group = self._group(record)
            duration = record.span.end_time_unix_nano - record.span.start_time_unix_nano
            self._quantiles.add(group, duration, now)
            slowest[group] = max(duration, slowest.get(group, 0))
        summary.state[self.slot] = slowest

    def _observe_group(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        found: Group = summary.state[self.slot] or self._no_group
        for record in records:
            if all(found):
                break
            found = tuple(a or b for a, b in zip(found, self._group(record), strict=True))
        summary.state[self.slot] = found

    def _group(self, record: SpanRecord) -> Group:
        own, shared = record.attributes, record.resource.attributes
        return tuple(own.text(key) or shared.text(key) for key in self.settings.group_by)
