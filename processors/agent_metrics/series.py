"""Metrics whose label values, and number of series, are bounded; children are bound once."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from prometheus_client import Counter, Histogram

from collector.telemetry.metrics import OTHER, BoundedLabel

M = TypeVar("M", Counter, Histogram)


class Series(Generic[M]):
    """The series of one metric."""

    def __init__(self, metric: M, labels: Sequence[BoundedLabel], limit: int) -> None:
        """`labels` bound the value of each label, `limit` how many combinations there may be.

        What comes after that is counted with every label `other`.
        """
        self._metric: M = metric
        self._labels = labels
        self._limit = limit
        self._children: dict[tuple[str, ...], M] = {}

    def child(self, values: tuple[str, ...]) -> M:
        """The series with these label values."""
        found = self._children.get(values)
        if found is not None:
            return found
        bounded = tuple(bound(value) for bound, value in zip(self._labels, values, strict=True))
        if bounded not in self._children and len(self._children) >= self._limit:
            bounded = (OTHER,) * len(bounded)
        child = self._metric.labels(*bounded) if bounded else self._metric
        return self._children.setdefault(bounded, child)
