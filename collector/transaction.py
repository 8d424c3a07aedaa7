"""What becomes true together when a batch changes hands."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import structlog

Row = tuple[Any, ...]
_MOST_ROWS = 256
"""Rows a statement; powers of two up to this make nine statements to prepare, and no more."""


class Transaction:
    """Writes and counts that happen together, or not at all.

    While a batch travels, every stage adds what it owes: rows for the store, counters to raise,
    places to free should it fail. `Storage.commit` then writes the rows in one go. A refused
    batch therefore leaves no trace, and its retry counts nothing twice.
    """

    __slots__ = ("_on_commit", "_on_rollback", "writes")

    def __init__(self) -> None:
        self.writes: list[tuple[str, Sequence[Row]]] = []
        self._on_commit: list[Callable[[], None]] = []
        self._on_rollback: list[Callable[[], None]] = []

    def write(self, sql: str, rows: Sequence[Row]) -> None:
        """Run `sql` once for each of `rows` when the transaction is committed."""
        self.writes.append((sql, rows))

    def insert(self, table: str, rows: Sequence[Row]) -> None:
        """Insert whole `rows` into `table` when the transaction is committed.

        In as few statements as there may be: SQLite's module gives other threads the interpreter
        at every statement, and under load it takes milliseconds to come back.
        """
        done = 0
        while done < len(rows):
            size = min(_MOST_ROWS, 1 << (len(rows) - done).bit_length() - 1)
            group = rows[done : done + size]
            values = ",".join(["(" + ",".join("?" * len(group[0])) + ")"] * size)
            flat = tuple(itertools.chain.from_iterable(group))
            self.writes.append((f"INSERT INTO {table} VALUES {values}", [flat]))  # noqa: S608
            done += size

    def on_commit(self, callback: Callable[[], None]) -> None:
        """Call back, in the committing thread, once the rows are written. Must not raise."""
        self._on_commit.append(callback)

    def on_rollback(self, callback: Callable[[], None]) -> None:
        """Call back if the transaction fails. Must not raise."""
        self._on_rollback.append(callback)

    def committed(self) -> None:
        """For the store: the rows are written. Does not raise."""
        _call(self._on_commit)

    def rolled_back(self) -> None:
        """For the store: nothing was written. Does not raise."""
        _call(reversed(self._on_rollback))


def _call(callbacks: Iterable[Callable[[], None]]) -> None:
    """Call each: what is owned stays owned, and one that breaks its word silences no other."""
    for callback in callbacks:
        try:
            callback()
        except Exception:
            structlog.get_logger("winnow").exception("a transaction's callback failed")
