"""Metrics on a registry of the collector's own, with every label's value set bounded."""

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics
from prometheus_client.registry import Collector

from collector.telemetry.histogram import Histogram

disable_created_metrics()  # type: ignore[no-untyped-call]

OTHER = "other"
_M = TypeVar("_M", bound=Collector)
_Shape = tuple[str | float, ...]
"""Kind, labels and buckets of a metric."""


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
    """Makes metrics, or hands out the ones made before: components of one type share them.

    Every method raises ValueError where one of that name has another kind, or other labels or
    buckets.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._made: dict[str, tuple[Collector, _Shape]] = {}

    def counter(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Counter:
        """A counter; `name` goes without `_total`, which the exposition adds."""
        make = partial(Counter, name, help_text, labels, registry=None)
        return self._once(name, make, ("counter", *labels))

    def gauge(self, name: str, help_text: str, labels: Sequence[str] = ()) -> Gauge:
        """A gauge."""
        make = partial(Gauge, name, help_text, labels, registry=None)
        return self._once(name, make, ("gauge", *labels))

    def histogram(
        self, name: str, help_text: str, labels: Sequence[str] = (), *, buckets: Sequence[float]
    ) -> Histogram:
        """A histogram with these upper bounds (`+Inf` is added); it takes batches of values."""
        make = partial(Histogram, name, help_text, labels, buckets)
        return self._once(name, make, ("histogram", *labels, *buckets))

    def _once(self, name: str, make: Callable[[], _M], shape: _Shape) -> _M:
        if name not in self._made:
            made = make()
            self.registry.register(made)
            self._made[name] = made, shape
        made_before, its_shape = self._made[name]
        if shape != its_shape:
            raise ValueError(
                f"there is a metric {name} with another kind, labels or buckets: choose another "
                "name; if it is an earlier form of this one, a restart will do"
            )
        return cast(_M, made_before)
