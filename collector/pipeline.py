"""Between components: where batches enter, fan out, and are counted."""

import sqlite3
from collections.abc import Sequence

from collector.batch import Batch
from collector.component import Consumer
from collector.errors import RefusedError
from collector.storage import Storage
from collector.telemetry.logs import get_logger
from collector.telemetry.metrics import Metrics
from collector.turns import TURNS


class Entry:
    """What a receiver hands its batches to: all of it becomes owned, or none of it."""

    def __init__(self, storage: Storage, following: Consumer) -> None:
        """`following` is the fan-out to the receiver's pipelines."""
        self._storage = storage
        self._next = following
        self._failing = False

    def consume(self, batch: Batch) -> None:
        """Carry the batch down and commit. Raises RefusedError if it cannot be owned now."""
        if self._storage.full:
            message = f"the disk of {self._storage.directory} is full but for a reserve"
            remedy = "free some space, or set another service.storage.directory"
            self._tell_once(f"{message}: {remedy}")
            raise RefusedError("storage_full", message, retry_after=5.0)
        try:
            with TURNS.take(), self._storage.transaction() as transaction:
                batch.transaction = transaction
                self._next.consume(batch)
        except sqlite3.Error as error:
            self._tell_once(str(self._storage.unusable(error)))
            message = f"the storage failed: {error}"
            raise RefusedError("storage_failed", message, retry_after=5.0) from error
        self._failing = False

    def _tell_once(self, problem: str) -> None:
        """Log the problem; those that follow without a success between are only counted."""
        if not self._failing:
            self._failing = True
            get_logger().error("spans are refused until the storage takes them", problem=problem)


class FanOut:
    """Gives every consumer the batch; those that may edit it get a copy each."""

    def __init__(self, readers: Sequence[Consumer], editors: Sequence[Consumer]) -> None:
        """`readers` never change a batch nor keep it; the others do either."""
        self._readers = readers
        self._editors = editors

    def consume(self, batch: Batch) -> None:
        """Hand the batch on. What one consumer refuses, the transaction undoes for all."""
        for reader in self._readers:
            reader.consume(batch)
        for editor in self._editors[:-1]:
            editor.consume(batch.copy())
        for editor in self._editors[-1:]:
            editor.consume(batch)


class Tally:
    """Counts the spans that pass, once they are owned."""

    def __init__(
        self, metrics: Metrics, name: str, help_text: str, labels: dict[str, str], to: Consumer
    ) -> None:
        """`to` is who gets the batch."""
        self._counter = metrics.counter(name, help_text, tuple(labels)).labels(*labels.values())
        self._next = to

    def consume(self, batch: Batch) -> None:
        """Count and hand on."""
        spans = batch.span_count
        batch.transaction.on_commit(lambda: self._counter.inc(spans))
        self._next.consume(batch)
