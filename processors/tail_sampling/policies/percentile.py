"""A live percentile of what traces measure."""

from collections.abc import Iterable
from functools import partial
from typing import Literal, TypeVar

from pydantic import Field

from collector import ConfigModel, Duration
from collector.tracestate import NEVER
from processors.tail_sampling.grouping import Group
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.quantile import GroupedQuantiles
from processors.tail_sampling.summary import Summary


class WindowSettings(ConfigModel):
    """What a percentile is taken of."""

    window: Duration = Field(default=600.0, gt=0)
    """How far back the percentile looks."""
    group_by: list[str] = []
    """Attributes of spans or resources, or `name`, the name of the root span: each combination of
    values has a percentile of its own. At most 200 combinations at a time. Of a trace the root
    span's values count, else the first ones seen."""
    min_samples: int = Field(default=100, ge=1)
    """So many samples of the group must be in the window before its percentile counts."""
    before_enough: Literal["sample", "not_sampled"] = "not_sampled"
    """What becomes of traces before there are enough samples."""


W = TypeVar("W", bound=WindowSettings)


class PercentilePolicy(Policy[W]):
    """Base of the policies that keep what is above a live percentile.

    Traces that cannot be told from the percentile are kept by chance, as many as are missing:
    where 2% of all run into the same timeout, half of these are above the 99th percentile.
    """

    initial: int | None = None
    """Before there are enough samples, this and more is kept."""

    def __init__(self, settings: W, setup: Setup, percentile: float | None) -> None:
        super().__init__(settings, setup)
        self._quantiles = None if percentile is None else _quantiles(percentile, settings, setup)
        self._threshold = 0
        self.unready = 0
        """Traces that were judged before there were enough samples."""
        self.weight = Weight.ONE if percentile is None else Weight.THRESHOLD

    def certain(self, summary: Summary) -> bool:  # noqa: ARG002
        """Whether the trace is kept whatever the percentile."""
        return False

    def samples(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        """What is measured on the trace: whole numbers, and the groups to compare them in."""
        raise NotImplementedError

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if one of its samples is above the percentile."""
        share = 1.0 if self.certain(summary) else self._share(summary)
        self._threshold = summary.threshold_for(share) if share else NEVER
        return Verdict.of(summary.reaches(self._threshold))

    def threshold(self, summary: Summary) -> int:  # noqa: ARG002
        """Above 0 where the trace was kept by chance."""
        return self._threshold

    def learn(self, summary: Summary) -> None:
        """A decided trace is a sample."""
        if self._quantiles is not None:
            for group, value in self.samples(summary):
                self.add(group, value)

    def add(self, group: Group, value: int) -> None:
        """Count a sample. Thread-safe."""
        if self._quantiles is not None:
            self._quantiles.add(group, value, self.clock.monotonic())

    def _share(self, summary: Summary) -> float:
        if self._quantiles is None:
            return 0.0
        now = self.clock.monotonic()
        shares = [
            (self._quantiles.share_above(group, value, now), value)
            for group, value in self.samples(summary)
        ]
        self.unready += any(share is None for share, _ in shares)
        return max(
            (self._unknown(value) if share is None else share for share, value in shares),
            default=0.0,
        )

    def _unknown(self, value: int) -> float:
        high = self.initial is not None and value >= self.initial
        return float(high or self.settings.before_enough == "sample")


def _quantiles(
    percentile: float, settings: WindowSettings, setup: Setup
) -> GroupedQuantiles[Group]:
    forgotten = partial(setup.overflowed, "percentile_groups")
    return GroupedQuantiles(percentile / 100, settings.window, settings.min_samples, forgotten)
