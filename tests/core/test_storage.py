"""Storage commits all of a transaction or none of it, and survives the process."""

import re
import shutil
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


def test_a_file_of_somebody_else_is_named_with_what_to_do(tmp_path):
    (tmp_path / FILE_NAME).write_bytes(b"no database" * 1000)
    with pytest.raises(StartError, match=rf"{FILE_NAME}: file is not a database; .*move the file"):
        Storage(tmp_path).open()


def test_a_damaged_file_is_named_with_what_to_do(tmp_path):
    storage = Storage(tmp_path)
    storage.open()
    storage.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, name TEXT) STRICT")
    storage.write("INSERT INTO things VALUES (?, ?)", [(n, "x" * 5000) for n in range(100)])
    storage.close()
    whole = (tmp_path / FILE_NAME).read_bytes()
    (tmp_path / FILE_NAME).write_bytes(whole[:16384] + b"?" * 16384 + whole[2 * 16384 :])
    damaged = Storage(tmp_path)
    damaged.open()
    with pytest.raises(sqlite3.Error) as info:
        damaged.read("SELECT name FROM things")
    assert re.search(rf"{FILE_NAME}: .*; move the file away", str(damaged.unusable(info.value)))
    damaged.close()


def test_what_was_deleted_is_room_again(tmp_path, monkeypatch):
    storage = Storage(tmp_path)
    storage.open()
    storage.execute(TABLE)
    storage.write(INSERT, [(number, "x" * (1 << 20)) for number in range(64)])
    disk = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk._replace(free=32 << 20))
    assert storage.full
    storage.write("DELETE FROM things WHERE id = ?", [(number,) for number in range(64)])
    assert not storage.full
    storage.close()


@pytest.mark.parametrize(("total", "free", "full"), [(80, 30, False), (80, 10, True)])
def test_of_a_small_disk_a_quarter_is_left_for_deleting(
    tmp_path, monkeypatch, total: int, free: int, full: bool
):
    storage = Storage(tmp_path)
    storage.open()
    disk = shutil.disk_usage(tmp_path)._replace(total=total << 20, free=free << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    assert storage.full is full
    storage.close()


def test_nobody_else_may_read_the_state(tmp_path):
    storage = Storage(tmp_path / "state")
    storage.open()
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    assert (tmp_path / "state" / FILE_NAME).stat().st_mode & 0o077 == 0
    storage.close()
