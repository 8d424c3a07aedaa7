"""A live quantile over a sliding window, in bounded memory."""

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Generic, NamedTuple, TypeVar

K = TypeVar("K")

ACCURACY = 0.005
"""Relative error of a value: two values this close may share a bucket."""
SUB_WINDOWS = 6
"""The window slides in steps of this share of it."""
_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA = math.log(_GAMMA)
_REFRESH_SHARE = 100


class Cut(NamedTuple):
    """Where the quantile is."""

    bucket: int
    """The bucket it is in."""
    share: float
    """How many of the values in this bucket belong above it, 0 to 1."""


class SlidingQuantile:
    """A DDSketch (Masson, Rim, Lee; VLDB 2019) for each sub-window, and their sum.

    Values are whole numbers from 1 to 2^63, smaller ones count as 1, so there are at most some
    4,400 buckets. Not thread-safe.
    """

    def __init__(self, quantile: float, window: float, min_samples: int) -> None:
        """`quantile` is between 0 and 1, `window` in seconds."""
        self._quantile = quantile
        self._step = window / SUB_WINDOWS
        self._min_samples = max(1, min_samples)
        self._parts: deque[tuple[int, dict[int, int]]] = deque()
        self._total: dict[int, int] = {}
        self._count = 0
        self._added = 0
        self._cut: Cut | None = None

    def add(self, value: int, now: float) -> None:
        """Count a value that was seen at `now`, in seconds."""
        number = self._slide(now)
        if not self._parts or self._parts[-1][0] != number:
            self._parts.append((number, {}))
        part, bucket = self._parts[-1][1], _bucket(value)
        part[bucket] = part.get(bucket, 0) + 1
        self._total[bucket] = self._total.get(bucket, 0) + 1
        self._count += 1
        self._added += 1

    def share_above(self, value: int, now: float) -> float | None:
        """How many of the values like `value` are above the quantile: 1 or 0 for most values.

        It is between them for what cannot be told from the quantile itself, so that the shares
        of all values add up, however many are equal. None before the window holds `min_samples`
        values.
        """
        self._slide(now)
        if self._count < self._min_samples:
            return None
        if self._cut is None or self._added * _REFRESH_SHARE >= self._count:
            self._cut, self._added = self._find_cut(), 0
        bucket = _bucket(value)
        return self._cut.share if bucket == self._cut.bucket else float(bucket > self._cut.bucket)

    def _find_cut(self) -> Cut:
        """Nothing in the quantile's bucket is above it where most of what is below is in it, too:
        in a stream of equal values none is extreme.
        """
        rank = self._quantile * self._count
        below = 0
        for bucket in sorted(self._total):
            within = self._total[bucket]
            if below + within >= rank:
                break
            below += within
        return Cut(bucket, (below + within - rank) / within if 2 * below >= rank else 0.0)

    def _slide(self, now: float) -> int:
        """Forget what left the window; returns the number of the sub-window of `now`."""
        number = int(now // self._step)
        while self._parts and self._parts[0][0] <= number - SUB_WINDOWS:
            self._cut = None
            for bucket, count in self._parts.popleft()[1].items():
                self._count -= count
                self._total[bucket] -= count
                if not self._total[bucket]:
                    del self._total[bucket]
        return number


class GroupedQuantiles(Generic[K]):
    """One quantile a group; the group that was idle longest makes room for a new one.

    Thread-safe.
    """

    def __init__(
        self,
        quantile: float,
        window: float,
        min_samples: int,
        forgotten: Callable[[], None],
        max_groups: int = 200,
    ) -> None:
        """`forgotten` is called when a group makes room."""
        self._settings = quantile, window, min_samples
        self._forgotten = forgotten
        self._groups: OrderedDict[K, SlidingQuantile] = OrderedDict()
        self._max_groups = max_groups
        self._lock = threading.Lock()

    def add(self, group: K, value: int, now: float) -> None:
        """Count a value in its group."""
        with self._lock:
            sketch = self._groups.get(group) or self._begin(group)
            self._groups.move_to_end(group)
            sketch.add(value, now)

    def share_above(self, group: K, value: int, now: float) -> float | None:
        """How many of the values like `value` are above the quantile of its group."""
        with self._lock:
            sketch = self._groups.get(group)
            return None if sketch is None else sketch.share_above(value, now)

    def _begin(self, group: K) -> SlidingQuantile:
        if len(self._groups) >= self._max_groups:
            self._groups.popitem(last=False)
            self._forgotten()
        sketch = self._groups[group] = SlidingQuantile(*self._settings)
        return sketch


def _bucket(value: int) -> int:
    return math.ceil(math.log(value) / _LOG_GAMMA) if value > 1 else 0
