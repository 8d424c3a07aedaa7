"""Between components: where batches enter, fan out, and are counted."""

import sqlite3
from collections.abc import Sequence

from collector.batch import Batch
from collector.component import Consumer
from collector.errors import RefusedError
from collector.storage import Storage
from collector.telemetry.metrics import Metrics
from collector.turns import TURNS


class Entry:
    """What a receiver hands its batches to: all of it becomes owned, or none of it."""

    def __init__(self, storage: Storage, following: Consumer) -> None:
        """`following` is the fan-out to the receiver's pipelines."""
        self._storage = storage
        self._next = following

    def consume(self, batch: Batch) -> None:
        """Carry the batch down and commit. Raises RefusedError if it cannot be owned now."""
        try:
            with TURNS.take(), self._storage.transaction() as transaction:
                batch.transaction = transaction
                self._next.consume(batch)
        except sqlite3.Error as error:
            message = f"the storage failed: {error}"
            raise RefusedError("storage_failed", message, retry_after=5.0) from error


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
