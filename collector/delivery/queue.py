"""The queue before a backend: bounded, ordered, and as durable as the collector's storage."""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from collector.batch import Batch
from collector.delivery.settings import SendingQueue
from collector.errors import RefusedError
from collector.storage import Storage
from collector.turns import TURNS

_TABLE = """CREATE TABLE IF NOT EXISTS queue (
    id INTEGER PRIMARY KEY, exporter TEXT NOT NULL, spans INTEGER NOT NULL, payload BLOB NOT NULL
) STRICT"""
_DELETE = "DELETE FROM queue WHERE id = ?"
_WAITING = "SELECT id, spans, length(payload) FROM queue WHERE exporter = ? ORDER BY id"
_PAYLOAD = "SELECT payload FROM queue WHERE id = ?"
_STORED = "SELECT exporter, sum(spans) FROM queue GROUP BY exporter"
QUEUE_SPANS = (
    "winnow_exporter_queue_spans",
    "Spans waiting for delivery or on their way.",
    ("exporter",),
)
"""The gauge of what waits: its name, help and labels."""


class Item(NamedTuple):
    """One queued payload: its row, its size, and when it came."""

    row: int
    spans: int
    size: int
    since: float


class Queue:
    """Payloads on their way to one exporter. Every span in it is counted until `done`."""

    def __init__(
        self, exporter_id: str, settings: SendingQueue, storage: Storage, patience: float
    ) -> None:
        """`patience` is how long, in seconds, `put` waits for room with `block_on_overflow`."""
        self._exporter_id = exporter_id
        self._settings = settings
        self._storage = storage
        self._patience = patience if settings.block_on_overflow else 0.0
        self._ids: Iterator[int] = iter(())
        self._waiting: deque[Item] = deque()
        self._outdated: list[int] = []
        """Rows of what is done, where the store did not let go of them."""
        self._changed = threading.Condition()
        self._closed = False
        self._used = 0
        self._waiting_spans = 0
        self.spans = 0

    def open(self) -> int:
        """Take up what an earlier process left; returns how many spans that is."""
        self._storage.execute(_TABLE)
        self._ids = self._storage.row_ids("queue")
        for row, spans, size in self._storage.read(_WAITING, (self._exporter_id,)):
            item = Item(row, spans, size, time.monotonic())
            self._reserve(item)
            self._publish(item)
        return self.spans

    def put(self, batch: Batch) -> None:
        """Queue the batch with its transaction. Raises RefusedError when full or closed."""
        payload = batch.payload
        item = Item(next(self._ids), batch.span_count, len(payload), time.monotonic())
        self._find_room(item)
        transaction = batch.transaction
        transaction.on_rollback(lambda: self._release(item))
        transaction.insert("queue", [(item.row, self._exporter_id, item.spans, payload)])
        transaction.on_commit(lambda: self._publish(item))

    def take(self) -> list[Item]:
        """Wait for the next items that go out together; none once the queue is closed and empty."""
        with self._changed:
            while not self._ready():
                if self._closed:
                    return []
                self._changed.wait(self._until_flush())
            return self._join()

    def payload(self, items: list[Item]) -> bytes:
        """The items' payloads, joined into one."""
        return b"".join(self._storage.read(_PAYLOAD, (item.row,))[0][0] for item in items)

    def put_back(self, items: list[Item]) -> None:
        """The items could not be read: hand them out again, after what else waits."""
        for item in items:
            self._publish(item)

    def done(self, items: list[Item]) -> None:
        """The items are delivered or given up: forget them.

        Raises sqlite3.Error if the store cannot, as when its disk is full: then the next call
        tries again. Until then a restart would find them.
        """
        for item in items:
            self._release(item)
        with self._changed:
            rows, self._outdated = [*self._outdated, *(item.row for item in items)], []
        try:
            if rows:
                self._storage.write(_DELETE, [(row,) for row in rows])
        except sqlite3.Error:
            with self._changed:
                self._outdated += rows
            raise

    def close(self) -> None:
        """Take in nothing more, and wait for no company: `take` hands out what is left."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Hand out nothing more: what waits stays in the store."""
        with self._changed:
            self._waiting.clear()
            self._waiting_spans = 0
            self._changed.notify_all()

    def _find_room(self, item: Item) -> None:
        if self._reserve_within(0.0, item):
            return
        if self._patience:
            with TURNS.lend():
                if self._reserve_within(self._patience, item):
                    return
        raise RefusedError("queue_full", f"the queue of {self._exporter_id} is full", 5.0)

    def _reserve_within(self, seconds: float, item: Item) -> bool:
        """Whether there was room in time. Raises RefusedError once the queue is closed."""
        with self._changed:
            found = self._changed.wait_for(lambda: self._closed or self._has_room(item), seconds)
            if self._closed:  # what came now might be found by nobody before the next start
                raise RefusedError("shutdown", "the collector is stopping")
            if found:
                self._reserve(item)
            return found

    def _has_room(self, item: Item) -> bool:
        return not self._used or self._used + self._weight(item) <= self._settings.queue_size

    def _reserve(self, item: Item) -> None:
        with self._changed:
            self._used += self._weight(item)
            self.spans += item.spans

    def _release(self, item: Item) -> None:
        with self._changed:
            self._used -= self._weight(item)
            self.spans -= item.spans
            self._changed.notify_all()

    def _publish(self, item: Item) -> None:
        with self._changed:
            self._waiting.append(item)
            self._waiting_spans += item.spans
            # All: those who wait for room would keep the news from those who wait for items.
            self._changed.notify_all()

    def _weight(self, item: Item) -> int:
        return {"requests": 1, "items": item.spans, "bytes": item.size}[self._settings.sizer]

    def _ready(self) -> bool:
        if not self._waiting:
            return False
        batch = self._settings.batch
        if batch is None or self._closed or self._waiting_spans >= batch.min_size:
            return True
        return self._until_flush() == 0

    def _until_flush(self) -> float | None:
        batch = self._settings.batch
        if batch is None or not self._waiting:
            return None
        return max(0.0, self._waiting[0].since + batch.flush_timeout - time.monotonic())

    def _join(self) -> list[Item]:
        items = [self._pop()]
        batch = self._settings.batch
        if batch is not None:
            most = batch.max_size or batch.min_size
            spans, size = items[0].spans, items[0].size
            while self._waiting:
                spans += self._waiting[0].spans
                size += self._waiting[0].size
                if spans > most or size > batch.max_bytes:
                    break
                items.append(self._pop())
        return items

    def _pop(self) -> Item:
        item = self._waiting.popleft()
        self._waiting_spans -= item.spans
        return item


def stored_spans(storage: Storage) -> dict[str, int]:
    """Spans in the store by exporter id, configured or not."""
    storage.execute(_TABLE)
    return dict(storage.read(_STORED))
