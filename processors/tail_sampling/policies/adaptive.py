"""The policy that keeps a target, whatever arrives."""

from functools import partial
from typing import Self

from pydantic import Field, model_validator

from collector import ConfigModel, Duration
from processors.tail_sampling.budget import Budget
from processors.tail_sampling.grouping import TraceGroups
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.summary import Summary

_DAY = 86_400
_GB = 10**9
_TARGETS = ("traces_per_second", "bytes_per_day", "usd_per_day")


class AdaptiveSettings(ConfigModel):
    """How much is kept: give one of `traces_per_second`, `bytes_per_day` and `usd_per_day`."""

    traces_per_second: float | None = Field(default=None, gt=0)
    """Traces to keep, a second."""
    bytes_per_day: float | None = Field(default=None, gt=0)
    """Bytes of serialized spans to keep, a day."""
    usd_per_day: float | None = Field(default=None, gt=0)
    """USD to spend on storage, a day; needs `usd_per_gb`."""
    usd_per_gb: float | None = Field(default=None, gt=0)
    """What the backend charges for a GB (10^9 bytes) of spans."""
    key: list[str] = ["name"]
    """Attributes of spans or resources, or `name`, the name of the root span: traces with the
    same values are of one kind. Of a trace the root span's values count, else the first ones
    seen."""
    floor_percentage: float = Field(default=20.0, ge=0, le=100)
    """So much of the target is dealt out evenly over the kinds, the rest by the logarithm of
    their rates. What a kind does not use goes to the others."""
    window: Duration = Field(default=60.0, gt=0)
    """How far back rates are averaged: what came this long ago counts 1/e."""
    max_keys: int = Field(default=500, ge=1, le=10_000)
    """So many kinds have a share of their own; all others are one more kind together."""

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if sum(getattr(self, target) is not None for target in _TARGETS) != 1:
            raise ValueError(f"give one of {', '.join(_TARGETS)}")
        if (self.usd_per_day is None) != (self.usd_per_gb is None):
            raise ValueError("usd_per_day and usd_per_gb belong together: give both")
        return self

    def per_second(self) -> float:
        """The target in traces, or in bytes, a second."""
        if self.traces_per_second is not None:
            return self.traces_per_second
        if self.usd_per_day is not None and self.usd_per_gb is not None:
            return self.usd_per_day / self.usd_per_gb * _GB / _DAY
        return (self.bytes_per_day or 0) / _DAY


class Adaptive(Policy[AdaptiveSettings]):
    """Keeps a target of traces, bytes or dollars, shared over kinds of traces.

    A trace is kept if its randomness reaches the threshold of its kind at that moment, which is
    written to its tracestate: counts of what arrived can be estimated from what was kept.
    """

    Settings = AdaptiveSettings
    weight = Weight.THRESHOLD

    def __init__(self, settings: AdaptiveSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._kinds = TraceGroups(settings.key, setup)
        self._by_trace = settings.traces_per_second is not None
        self._budget = Budget(
            settings.per_second(),
            settings.floor_percentage / 100,
            settings.window,
            settings.max_keys,
            partial(setup.overflowed, "adaptive_keys"),
        )
        self._threshold = 0

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the trace is in the share of its kind."""
        units = 1 if self._by_trace else summary.size
        share = self._budget.share(self._kinds.of(summary), units, self.clock.monotonic())
        self._threshold = summary.threshold_for(share)
        return Verdict.of(summary.reaches(self._threshold))

    def threshold(self, summary: Summary) -> int:  # noqa: ARG002
        """The one of the latest decision."""
        return self._threshold
