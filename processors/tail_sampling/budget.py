"""A budget for each second, shared over kinds of traces so that rare ones are not lost.

The idea is that of Honeycomb's dynsampler-go (EMAThroughput): average the rate of each key, and
deal the goal out by the logarithm of the rates. Here averages decay continuously, so that there
are no intervals, and what a rare key does not use is dealt out again.
"""

import math
from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

_QUICK = 10
"""A rise that is no accident is measured over this part of the window."""
_SIGNIFICANT = 4.0
"""Standard deviations (of a Poisson process) that a rise must have."""
_REPLAN = 1.0
"""Seconds after which the shares are dealt out anew."""
_IDLE = 0.01
"""A key with fewer traces left in its average makes room."""


class Decayed:
    """A number of traces and of units (traces or bytes), which decay over a window."""

    __slots__ = ("count", "units", "window")

    def __init__(self, window: float) -> None:
        """`window` in seconds: what came this long ago counts 1/e."""
        self.window = window
        self.count = 0.0
        self.units = 0.0

    def decay(self, seconds: float) -> None:
        """Let time pass."""
        left = math.exp(-seconds / self.window)
        self.count *= left
        self.units *= left

    def length(self, age: float) -> float:
        """Seconds to divide by for a rate, where counting began `age` seconds ago."""
        return self.window * -math.expm1(-age / self.window)


class Meter:
    """The rate of one key, in units a second."""

    __slots__ = ("allowance", "at", "quick", "slow")

    def __init__(self, window: float, now: float) -> None:
        self.slow = Decayed(window)
        self.quick = Decayed(window / _QUICK)
        self.at = now
        self.allowance = 0.0
        """Units a second that it may keep."""

    def advance(self, now: float) -> None:
        """Let time pass until `now`."""
        if now > self.at:
            self.slow.decay(now - self.at)
            self.quick.decay(now - self.at)
            self.at = now

    def add(self, units: float) -> None:
        """Count a trace."""
        for average in (self.slow, self.quick):
            average.count += 1
            average.units += units

    def rate(self, age: float) -> float:
        """Units a second; the latest where they have risen, else those of the whole window."""
        slow, quick = self.slow.length(age), self.quick.length(age)
        expected = self.slow.count / slow * quick
        if self.quick.count > expected + _SIGNIFICANT * math.sqrt(expected + 1):
            return self.quick.units / quick
        return self.slow.units / slow


class Demand(NamedTuple):
    """What a key asks of the budget."""

    rate: float
    """Units a second that arrive."""
    weight: float
    """Its part of what is dealt out."""


class Budget:
    """Says what share of each key's traces to keep. Not thread-safe."""

    def __init__(
        self,
        target: float,
        floor: float,
        window: float,
        max_keys: int,
        overflowed: Callable[[], None],
    ) -> None:
        """`target` in units a second, `window` in seconds. The part `floor` (0 to 1) of the
        target is dealt out evenly, the rest by rate.

        Beyond `max_keys` keys share one meter; `overflowed` is called for each trace of theirs.
        """
        self._target = target
        self._floor = floor
        self._window = window
        self._max_keys = max_keys
        self._overflowed = overflowed
        self._meters: dict[Hashable, Meter] = {}
        self._begun: float | None = None
        self._planned = -math.inf

    def share(self, key: Hashable, units: float, now: float) -> float:
        """Count a trace of so many units, and say what share of traces like it to keep now."""
        if self._begun is None:
            self._begun = now
        meter = self._meter(key, now)
        meter.advance(now)
        meter.add(units)
        if now >= self._planned + _REPLAN:
            self._plan(now)
        rate = meter.rate(self._age(now))
        return meter.allowance / rate if rate > meter.allowance else 1.0

    def _meter(self, key: Hashable, now: float) -> Meter:
        if key not in self._meters and len(self._meters) >= self._max_keys:
            key = None
            self._overflowed()
        meter = self._meters.get(key)
        if meter is None:
            meter = self._meters[key] = Meter(self._window, now)
            self._planned = -math.inf
        return meter

    def _age(self, now: float) -> float:
        """How long rates have been counted; at first taken for a second."""
        return max(1.0, now - (self._begun or 0.0))

    def _plan(self, now: float) -> None:
        """Deal the target out."""
        self._planned = now
        for meter in self._meters.values():
            meter.advance(now)
        self._meters = {k: m for k, m in self._meters.items() if m.slow.count >= _IDLE}
        age, meters = self._age(now), self._meters.values()
        demands = [Demand(meter.rate(age), math.log10(1 + meter.slow.count)) for meter in meters]
        for meter, allowance in zip(meters, self._allowances(demands), strict=True):
            meter.allowance = allowance

    def _allowances(self, demands: list[Demand]) -> Iterable[float]:
        spare = self._target - sum(demand.rate for demand in demands)
        if spare >= 0:
            weights = sum(demand.weight for demand in demands)
            return [rate + spare * weight / weights for rate, weight in demands]
        floor = self._target * self._floor / len(demands)
        level = _level(demands, floor, self._target)
        return [floor + level * weight for _, weight in demands]


def _level(demands: Iterable[Demand], floor: float, target: float) -> float:
    """The level at which the sum of all `min(rate, floor + level * weight)` is `target`.

    The rates add up to more.
    """
    rest = target
    hungry = []
    for rate, weight in demands:
        rest -= min(rate, floor)
        if rate > floor:
            hungry.append(((rate - floor) / weight, weight))
    weights = sum(weight for _, weight in hungry)
    level = 0.0
    for level, weight in sorted(hungry):
        if level * weights >= rest:
            return rest / weights
        rest -= level * weight
        weights -= weight
    return level
