"""The collector's durable state: one SQLite file, or memory where no directory is given."""

import contextlib
import itertools
import shutil
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from collector.errors import StartError
from collector.transaction import Row, Transaction

FILE_NAME = "winnow.db"
_RESERVE = 64 << 20
"""Bytes of the disk that new spans leave free, or a quarter of a small one. SQLite needs room to
delete, too: on a disk that is full to the brim nothing that was delivered could be forgotten, and
no span ever taken again."""
_REMEDIES = {
    "SQLITE_BUSY": "another winnow runs on it: stop that one, or set another directory",
    "SQLITE_CORRUPT": "move the file away to start anew; what waited in it is in it still",
    "SQLITE_FULL": "free some space, or set another directory",
    "SQLITE_IOERR": "check the disk, or set another directory",
    "SQLITE_NOTADB": "winnow did not write it: move the file away, or set another directory",
}
_NOT_WRITABLE = "make the directory writable for the user that runs winnow, or set another"
_PRAGMAS = (
    # Chunks of a few kilobytes waste half of SQLite's usual 4 KiB pages.
    "PRAGMA page_size=16384",
    "PRAGMA locking_mode=EXCLUSIVE",
    "PRAGMA journal_mode=WAL",
    # NORMAL survives the death of the process; only the death of the machine can lose the tail.
    "PRAGMA synchronous=NORMAL",
    "PRAGMA wal_autocheckpoint=1000",
)


class Storage:
    """One connection, one lock. Rows are written by committing transactions only."""

    def __init__(self, directory: Path | None = None) -> None:
        """`directory` holds the file and is made if missing; None keeps everything in memory."""
        self.directory = directory
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._row_ids: dict[str, Iterator[int]] = {}

    @property
    def durable(self) -> bool:
        """Whether what is committed survives the process."""
        return self.directory is not None

    @property
    def full(self) -> bool:
        """Whether the disk, and what is free inside the file, have no room but for deleting."""
        if self.directory is None:
            return False
        try:
            disk = shutil.disk_usage(self.directory)
        except OSError:  # SQLite will say what is wrong
            return False
        reserve = min(_RESERVE, disk.total // 4)
        return disk.free < reserve and disk.free + self._free_inside() < reserve

    def _free_inside(self) -> int:
        """Bytes of the file that hold nothing: it keeps its size when rows are deleted."""
        ((pages,),), ((size,),) = map(self.read, ("PRAGMA freelist_count", "PRAGMA page_size"))
        return int(pages * size)

    def open(self) -> None:
        """Open the file. Raises StartError if it cannot be written or another process has it."""
        if self._connection is not None:
            return
        place = ":memory:" if self.directory is None else str(self.directory / FILE_NAME)
        try:
            if self.directory is not None:
                self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                Path(place).touch(mode=0o600)
            self._connection = _connect(place)
        except (OSError, sqlite3.Error) as error:
            raise self.unusable(error) from error

    def unusable(self, error: OSError | sqlite3.Error) -> StartError:
        """The error for a store that cannot be used: its place, and what to do."""
        place = "memory" if self.directory is None else str(self.directory / FILE_NAME)
        return StartError(
            f"service.storage.directory: cannot use {place}: {_says(error)}; {_remedy(error)}"
        )

    def close(self) -> None:
        """Close the file; opening it again finds everything that was committed."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
                self._row_ids.clear()

    def row_ids(self, table: str) -> Iterator[int]:
        """Unused ids for `table`, which has an INTEGER PRIMARY KEY `id`; all askers share them."""
        with self._lock:
            if table not in self._row_ids:
                ((last,),) = self.read(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608
                self._row_ids[table] = itertools.count(last + 1)
            return self._row_ids[table]

    def execute(self, sql: str, row: Row = ()) -> None:
        """Run one statement at once: for making tables."""
        with self._lock, self._open_connection() as connection:
            connection.execute(sql, row)

    def read(self, sql: str, row: Row = ()) -> list[Row]:
        """Every row that the query gives."""
        with self._lock:
            return self._open_connection().execute(sql, row).fetchall()

    def write(self, sql: str, rows: Sequence[Row]) -> None:
        """Run `sql` once for each of `rows`, in a transaction of its own."""
        transaction = Transaction()
        transaction.write(sql, rows)
        self.commit(transaction)

    def commit(self, transaction: Transaction) -> None:
        """Write the transaction's rows in one go, then let it tell everybody.

        Raises sqlite3.Error if the store cannot take them; the transaction is then rolled back.
        """
        try:
            if transaction.writes:
                with self._lock, self._open_connection() as connection:
                    for sql, rows in transaction.writes:
                        connection.executemany(sql, rows)
        except BaseException:
            transaction.rolled_back()
            raise
        transaction.committed()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end of the block, rolled back if it raises."""
        transaction = Transaction()
        try:
            yield transaction
        except BaseException:
            transaction.rolled_back()
            raise
        self.commit(transaction)

    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("the storage is not open")
        return self._connection


def _connect(place: str) -> sqlite3.Connection:
    connection = sqlite3.connect(place, timeout=1.0, check_same_thread=False)
    try:
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        # The lock that this takes is kept until the end: no other process gets in between.
        connection.execute("BEGIN EXCLUSIVE")
        connection.commit()
    except BaseException:
        connection.close()
        raise
    return connection


def _says(error: OSError | sqlite3.Error) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)


def _remedy(error: OSError | sqlite3.Error) -> str:
    """What to do about it; extended codes, as `SQLITE_IOERR_WRITE`, begin with the primary one."""
    name = getattr(error, "sqlite_errorname", "")
    return next((text for code, text in _REMEDIES.items() if name.startswith(code)), _NOT_WRITABLE)
