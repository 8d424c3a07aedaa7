"""The table in an SQLite file of its own."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from processors.user_costs.database import PATIENCE, Database, Row, tables


class SqliteDatabase(Database):
    """A file that others may read while it is written; or memory."""

    tables = tables(time="TEXT", json="TEXT")
    each = "json_each({})"

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """`path` is made, unless `read_only`; None is memory."""
        self._path, self._read_only = path, read_only
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that no other writer gets into; undone if the block raises."""
        connection = self._open()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            connection.execute("COMMIT")
        except BaseException:
            connection.rollback()
            raise

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; the rows that it gives."""
        return self._open().execute(sql, values).fetchall()

    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement once for each of `rows`."""
        self._open().executemany(sql, rows)

    def close(self) -> None:
        """Let go of the file, or of the memory."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._connect()
        return self._connection

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._place(),
            timeout=PATIENCE,
            isolation_level=None,
            check_same_thread=False,
            uri=True,
        )
        if not self._read_only:
            connection.execute("PRAGMA journal_mode=WAL")
            # The outbox forgets what is here: it must be on the disk, not only on its way.
            connection.execute("PRAGMA synchronous=FULL")
        return connection

    def _place(self) -> str:
        if self._path is None:
            return ":memory:"
        if not self._read_only:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(mode=0o600)
        return f"{self._path.absolute().as_uri()}?mode={'ro' if self._read_only else 'rw'}"
