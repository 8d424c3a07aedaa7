"""Policies on time: a fixed bound, and a live percentile."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Literal, Self

from pydantic import Field, model_validator

from collector import ConfigModel, SpanRecord
from processors.tail_sampling.grouping import Group, SpanGroups, TraceGroups
from processors.tail_sampling.policies.base import Policy, Setup, Verdict
from processors.tail_sampling.policies.percentile import PercentilePolicy, WindowSettings
from processors.tail_sampling.summary import Summary

_GROUPS_OF_A_TRACE = 50


class LatencySettings(ConfigModel):
    """How long a trace takes, in whole milliseconds from its earliest start to its latest end."""

    threshold_ms: int = Field(ge=0)
    """More than so many milliseconds."""
    upper_threshold_ms: int = Field(default=0, ge=0)
    """At most so many milliseconds; 0 is no bound."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.upper_threshold_ms and self.upper_threshold_ms <= self.threshold_ms:
            raise ValueError(
                "upper_threshold_ms is not above threshold_ms, so no trace can match: raise it"
            )
        return self


class Latency(Policy[LatencySettings]):
    """Keeps traces that take long.

    The bounds are those of the Collector since contrib issue 49593: the lower one is excluded,
    the upper one included. With an upper bound the Collector keeps a trace whose first spans
    alone are within the bounds; here the whole trace is judged.
    """

    Settings = LatencySettings

    def __init__(self, settings: LatencySettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self.lasting = not settings.upper_threshold_ms

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the duration in whole milliseconds is within the bounds."""
        duration, most = summary.duration // 1_000_000, self.settings.upper_threshold_ms
        within = self.settings.threshold_ms < duration and (not most or duration <= most)
        return Verdict.of(within)


class LatencyPercentileSettings(WindowSettings):
    """What counts as slow, measured on the stream itself."""

    percentile: float = Field(default=99.0, gt=0, lt=100)
    """Slower than this percentile of the window is slow."""
    scope: Literal["trace", "span"] = "trace"
    """`trace` compares whole traces; `span` keeps a trace if one of its spans is slow, and takes
    the span's own values and name for `group_by`."""
    initial_threshold_ms: int | None = Field(default=None, ge=0)
    """Before there are enough samples, so many milliseconds and more are slow."""

    @model_validator(mode="after")
    def _one_beginning(self) -> Self:
        if self.initial_threshold_ms is not None and self.before_enough == "sample":
            raise ValueError(
                "before_enough: sample keeps everything at first: remove it or initial_threshold_ms"
            )
        return self


class LatencyPercentile(PercentilePolicy[LatencyPercentileSettings]):
    """Keeps traces that are slower than a live percentile."""

    Settings = LatencyPercentileSettings

    def __init__(self, settings: LatencyPercentileSettings, setup: Setup) -> None:
        super().__init__(settings, setup, settings.percentile)
        if settings.initial_threshold_ms is not None:
            self.initial = settings.initial_threshold_ms * 1_000_000
        by_span = settings.scope == "span"
        self._spans = SlowestSpans(settings.group_by, self.add, setup) if by_span else None
        self._traces = TraceGroups([] if by_span else settings.group_by, setup)

    def samples(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        """The duration of the trace, or of the slowest span of each group; nanoseconds."""
        if self._spans is not None:
            return self._spans.of(summary)
        return ((self._traces.of(summary), summary.duration),)

    def learn(self, summary: Summary) -> None:
        """A decided trace is a sample; spans are samples as soon as they come."""
        if self._spans is None:
            super().learn(summary)


class SlowestSpans:
    """Remembers the slowest span of each group in a trace."""

    def __init__(
        self, keys: Sequence[str], add: Callable[[Group, int], None], setup: Setup
    ) -> None:
        """`add` is told the group and the nanoseconds of every span."""
        self._groups = SpanGroups(keys)
        self._add = add
        self._slot = setup.slot(self)
        self._overflowed = partial(setup.overflowed, "groups_of_a_trace")

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Take in spans of the trace. Of more than 50 groups only the first are remembered."""
        slowest: dict[Group, int] = summary.state[self._slot] or {}
        for record in records:
            group = self._groups.of(record)
            duration = record.span.end_time_unix_nano - record.span.start_time_unix_nano
            self._add(group, duration)
            if group in slowest or len(slowest) < _GROUPS_OF_A_TRACE:
                slowest[group] = max(duration, slowest.get(group, 0))
            else:
                self._overflowed()
        summary.state[self._slot] = slowest

    def of(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        """Each group with its slowest span, in nanoseconds."""
        slowest: dict[Group, int] = summary.state[self._slot] or {}
        return slowest.items()
