"""A histogram that takes a batch of values at once.

prometheus_client's own walks its buckets and takes two locks for every value; this one counts a
batch in one go. It is exposed the same way.
"""

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

INFINITY = float("inf")


class Series:
    """The values of one combination of labels."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: Sequence[float], lock: threading.Lock) -> None:
        """`bounds` are the upper bounds, infinity last."""
        self._bounds = bounds
        self._counts = [0] * len(bounds)
        self._sum = 0.0
        self._lock = lock

    def observe(self, values: Iterable[float]) -> None:
        """Count each of `values` in the bucket it falls into (`le`: at most the bound)."""
        bounds, counts = self._bounds, self._counts
        with self._lock:
            for value in values:
                counts[bisect_left(bounds, value)] += 1
                self._sum += value

    def snapshot(self) -> tuple[list[tuple[str, float]], float]:
        """Cumulative counts by bound, and the sum, as the exposition format wants them."""
        with self._lock:
            totals, total = list(accumulate(self._counts)), self._sum
        return [
            (_le(bound), float(count)) for bound, count in zip(self._bounds, totals, strict=True)
        ], total


class Histogram(Collector):
    """A metric: one `Series` for each combination of label values."""

    def __init__(
        self, name: str, help_text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> None:
        """`buckets` are the upper bounds in rising order; infinity is added."""
        self._name = name
        self._help = help_text
        self._label_names = tuple(labels)
        self._bounds = (*buckets, INFINITY)
        self._lock = threading.Lock()
        self._series: dict[tuple[str, ...], Series] = {}

    def labels(self, *values: str) -> Series:
        """The series with these label values, made if it is new."""
        if len(values) != len(self._label_names):
            raise ValueError(f"{self._name} has the labels {', '.join(self._label_names)}")
        with self._lock:
            return self._series.setdefault(values, Series(self._bounds, self._lock))

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """What a scrape shows."""
        family = HistogramMetricFamily(self._name, self._help, labels=self._label_names)
        with self._lock:
            series = list(self._series.items())
        for values, one in series:
            buckets, total = one.snapshot()
            family.add_metric(values, buckets=buckets, sum_value=total)
        yield family


def _le(bound: float) -> str:
    return str(floatToGoString(bound))  # type: ignore[no-untyped-call]
