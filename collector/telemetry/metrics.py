"""Metrics on a registry of the collector's own, with every label's value set bounded."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.registry import Collector

from collector.telemetry.histogram import Histogram

disable_created_metrics()  # type: ignore[no-untyped-call]

OTHER = "other"
_M = TypeVar("_M", bound=Collector)


class BoundedLabel:
    """Lets the first `limit` distinct values of a label through; the rest become `other`."""

    def __init__(self, limit: int = 200, max_length: int = 128) -> None:
        self._limit = limit
        self._max_length = max_length
        self._seen: set[str] = set()
        self._lock = threading.Lock()

    def __call__(self, value: str) -> str:
        """`value` itself while there is room for it, else `other`."""
        if value in self._seen:
            return value
        with self._lock:
            if value not in self._seen and not self._has_room_for(value):
                return OTHER
            self._seen.add(value)
            return value

    def _has_room_for(self, value: str) -> bool:
        return len(self._seen) < self._limit and len(value) <= self._max_length


class Metrics:
    """Makes metrics, or hands out the ones made before: components of one type share them."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._made: dict[str, Collector] = {}

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; `name` goes without `_total`, which the exposition adds."""
        return self._once(name, lambda: Counter(name, help_text, labels, registry=None))

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge."""
        return self._once(name, lambda: Gauge(name, help_text, labels, registry=None))

    def histogram(
        self, name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> Histogram:
        """A histogram with these upper bounds (`+Inf` is added); it takes batches of values."""
        return self._once(name, lambda: Histogram(name, help_text, labels, buckets))

    def _once(self, name: str, make: Callable[[], _M]) -> _M:
        if name not in self._made:
            made = self._made[name] = make()
            self.registry.register(made)
        return cast(_M, self._made[name])
