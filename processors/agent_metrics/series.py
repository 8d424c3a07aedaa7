"""Metrics whose label values, and number of series, are bounded; children are bound once."""

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

from collector.telemetry.metrics import OTHER, BoundedLabel

C_co = TypeVar("C_co", covariant=True)


class Metric(Protocol[C_co]):
    """Anything with labelled children: a counter, a histogram."""

    def labels(self, *values: str) -> C_co:
        """The child with these label values."""
        ...


class Series(Generic[C_co]):
    """The series of one metric."""

    def __init__(self, metric: Metric[C_co], labels: Sequence[BoundedLabel], limit: int) -> None:
        """`labels` bound the value of each label, `limit` how many combinations there may be.

        What comes after that is counted with every label `other`.
        """
        self._metric = metric
        self._labels = labels
        self._limit = limit
        self._children: dict[tuple[str, ...], C_co] = {}

    def child(self, values: tuple[str, ...]) -> C_co:
        """The series with these label values."""
        found = self._children.get(values)
        if found is not None:
            return found
        bounded = tuple(bound(value) for bound, value in zip(self._labels, values, strict=True))
        if bounded not in self._children and len(self._children) >= self._limit:
            bounded = (OTHER,) * len(bounded)
        return self._children.setdefault(bounded, self._metric.labels(*bounded))
