"""Metrics whose label values, and number of series, are bounded; children are bound once."""

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from collector.telemetry.metrics import OTHER, BoundedLabel

C = TypeVar("C")
Labels = tuple[str, ...]


class Series(Generic[C]):
    """The series of one metric. Thread-safe."""

    def __init__(
        self,
        make: Callable[..., C],
        labels: Sequence[BoundedLabel],
        limit: int,
        overflowed: Callable[[], None],
    ) -> None:
        """`make` gives the metric's child for label values, in order.

        `labels` bound the value of each label, `limit` how many combinations there may be.
        What comes after that is counted with every label `other`. `overflowed` is called each time
        that a child with less than its own labels is handed out.
        """
        self._make = make
        self._labels = labels
        self._limit = limit
        self._overflowed = overflowed
        self._children: dict[Labels, C] = {}
        self._lock = threading.Lock()

    def child(self, values: Labels) -> C:
        """The series with these label values."""
        found = self._children.get(values)
        if found is not None:
            return found
        bounded = tuple([bound(value) for bound, value in zip(self._labels, values, strict=True)])
        with self._lock:
            if bounded not in self._children and len(self._children) >= self._limit:
                bounded = (OTHER,) * len(bounded)
            found = self._children.get(bounded)
            if found is None:
                found = self._children[bounded] = self._make(*bounded)
        if bounded != values:
            self._overflowed()
        return found
