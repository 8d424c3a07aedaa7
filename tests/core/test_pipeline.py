"""Batches enter once, reach every consumer, and are owned by all of them or by none."""

import shutil

import pytest
from structlog.testing import capture_logs

from collector.errors import RefusedError
from collector.pipeline import Entry, FanOut, Tally
from collector.storage import Storage
from collector.telemetry.metrics import Metrics
from tests.helpers import Sink, batch, span


class Renamer:
    """Edits what it gets, as a processor does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen = []

    def consume(self, item):
        self.seen.append(item.spans[0].span.name)
        item.spans[0].span.name = self.name


class BrokenStorage(Storage):
    def commit(self, transaction):
        transaction.write("INSERT INTO nowhere VALUES (?)", [(1,)])
        super().commit(transaction)


@pytest.fixture
def storage():
    made = Storage()
    made.open()
    yield made
    made.close()


def test_consumers_that_edit_do_not_see_each_others_edits():
    first, second, reader = Renamer("first"), Renamer("second"), Sink()
    item = batch(span("original"))
    FanOut([reader], [first, second]).consume(item)
    assert first.seen == second.seen == ["original"]


def test_copies_share_the_transaction(storage):
    editors = [Sink(), Sink()]
    with storage.transaction() as transaction:
        item = batch(span())
        item.transaction = transaction
        FanOut([], editors).consume(item)
    assert {sink.batches[0].transaction for sink in editors} == {transaction}


def test_nothing_is_counted_when_one_consumer_refuses(storage):
    metrics, willing, full = Metrics(), Sink(), Sink()
    full.error = RefusedError("queue_full", "full")
    counted = Tally(metrics, "passed", "Passed.", {"to": "willing"}, willing)
    entry = Entry(storage, FanOut([], [counted, full]))
    with pytest.raises(RefusedError):
        entry.consume(batch(span()))
    assert metrics.registry.get_sample_value("passed_total", {"to": "willing"}) == 0
    full.error = None
    entry.consume(batch(span(), span()))
    assert metrics.registry.get_sample_value("passed_total", {"to": "willing"}) == 2


def test_a_storage_that_cannot_write_asks_the_sender_to_try_again():
    storage = BrokenStorage()
    storage.open()
    with pytest.raises(RefusedError, match="storage failed") as info:
        Entry(storage, Sink()).consume(batch(span()))
    assert info.value.reason == "storage_failed"
    storage.close()


def test_a_storage_that_cannot_write_is_told_once_until_it_can_again():
    storage = BrokenStorage()
    storage.open()
    entry = Entry(storage, Sink())
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(RefusedError):
                entry.consume(batch(span()))
    assert [event["log_level"] for event in logs] == ["error"]
    assert "service.storage.directory" in logs[0]["problem"]
    storage.close()


FULL = shutil.disk_usage("/")._replace(total=1 << 40, free=1 << 20)


def test_the_last_of_the_disk_is_left_for_deleting(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: FULL)
    storage, sink = Storage(tmp_path), Sink()
    storage.open()
    with capture_logs() as logs, pytest.raises(RefusedError, match="is full") as info:
        Entry(storage, sink).consume(batch(span()))
    assert info.value.reason == "storage_full"
    assert sink.batches == []
    assert "free some space" in logs[0]["problem"]
    storage.execute("CREATE TABLE things (id INTEGER PRIMARY KEY)")
    storage.write("INSERT INTO things VALUES (?)", [(1,)])
    storage.write("DELETE FROM things WHERE id = ?", [(1,)])
    storage.close()


def test_memory_is_no_disk(monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: FULL)
    storage, sink = Storage(), Sink()
    storage.open()
    Entry(storage, sink).consume(batch(span()))
    assert len(sink.batches) == 1
    storage.close()
