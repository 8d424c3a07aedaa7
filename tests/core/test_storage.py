"""Storage commits all of a transaction or none of it, and survives the process."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.errors import StartError
from collector.storage import FILE_NAME, Storage

TABLE = "CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT"
INSERT = "INSERT INTO things VALUES (?, ?)"


@pytest.fixture(params=["memory", "directory"])
def storage(request, tmp_path):
    made = Storage(tmp_path if request.param == "directory" else None)
    made.open()
    made.execute(TABLE)
    yield made
    made.close()


def test_a_transaction_writes_its_rows_then_tells_everybody(storage):
    seen = []
    with storage.transaction() as transaction:
        transaction.write(INSERT, [(1, "a"), (2, "b")])
        transaction.on_commit(lambda: seen.extend(storage.read("SELECT name FROM things")))
        assert storage.read("SELECT * FROM things") == []
    assert seen == [("a",), ("b",)]


def test_a_block_that_raises_writes_nothing_and_calls_back_in_reverse(storage):
    calls = []

    def fail():
        with storage.transaction() as transaction:
            transaction.write(INSERT, [(1, "a")])
            transaction.on_rollback(lambda: calls.append("first"))
            transaction.on_rollback(lambda: calls.append("second"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert storage.read("SELECT * FROM things") == []
    assert calls == ["second", "first"]


def test_a_write_that_fails_undoes_the_whole_transaction(storage):
    undone = []

    def fail():
        with storage.transaction() as transaction:
            transaction.on_rollback(lambda: undone.append(True))
            transaction.write(INSERT, [(1, "a")])
            transaction.write(INSERT, [(2, None)])

    with pytest.raises(sqlite3.IntegrityError):
        fail()
    assert storage.read("SELECT * FROM things") == []
    assert undone == [True]


@given(st.integers(0, 700))
def test_rows_are_inserted_whole_however_many(count):
    storage = Storage()
    storage.open()
    storage.execute(TABLE)
    rows = [(number, f"name {number}") for number in range(count)]
    with storage.transaction() as transaction:
        transaction.insert("things", rows)
    assert storage.read("SELECT * FROM things ORDER BY id") == rows
    storage.close()


def test_row_ids_go_on_after_the_largest_stored(storage):
    storage.write(INSERT, [(7, "a")])
    assert next(storage.row_ids("things")) == 8
    assert next(storage.row_ids("things")) == 9


def test_what_was_committed_is_there_after_a_restart(tmp_path):
    first = Storage(tmp_path)
    first.open()
    first.execute(TABLE)
    first.write(INSERT, [(1, "kept")])
    first.close()
    second = Storage(tmp_path)
    second.open()
    assert second.read("SELECT name FROM things") == [("kept",)]
    second.close()


def test_a_second_collector_on_the_same_directory_is_refused(tmp_path):
    first = Storage(tmp_path)
    first.open()
    with pytest.raises(StartError, match="another winnow"):
        Storage(tmp_path).open()
    first.close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"service\.storage\.directory"):
        Storage(tmp_path / "file" / "state").open()


def test_nobody_else_may_read_the_state(tmp_path):
    storage = Storage(tmp_path / "state")
    storage.open()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state" / FILE_NAME).stat().st_mode & 0o077 == 0
    storage.close()
