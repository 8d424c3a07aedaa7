"""What a batch adds to the metrics, summed up before any metric is touched."""

from collections.abc import Sequence

from prometheus_client import Counter, Gauge

from collector.telemetry.histogram import Series as HistogramSeries
from processors.agent_metrics.series import Labels, Series


class Tally:
    """Sums for counters, values for histograms and gauges, told to them in one go."""

    def __init__(self) -> None:
        self._sums: dict[tuple[Series[Counter], Labels], float] = {}
        self._values: dict[tuple[Series[HistogramSeries], Labels], list[float]] = {}
        self._latest: dict[tuple[Series[Gauge], Labels], float] = {}

    def add(self, series: Series[Counter], labels: Labels, amount: float = 1) -> None:
        """Raise a counter by `amount`."""
        if amount:
            key = series, labels
            self._sums[key] = self._sums.get(key, 0) + amount

    def observe(
        self, series: Series[HistogramSeries], labels: Labels, values: Sequence[float]
    ) -> None:
        """Put values into a histogram."""
        if values:
            self._values.setdefault((series, labels), []).extend(values)

    def set(self, series: Series[Gauge], labels: Labels, value: float) -> None:
        """Set a gauge; the last value of the batch stands."""
        self._latest[series, labels] = value

    def apply(self) -> None:
        """Tell the metrics."""
        for (counter, labels), amount in self._sums.items():
            counter.child(labels).inc(amount)
        for (histogram, labels), values in self._values.items():
            histogram.child(labels).observe(values)
        for (gauge, labels), value in self._latest.items():
            gauge.child(labels).set(value)
