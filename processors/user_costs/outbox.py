"""Amounts on their way to the table: in the collector's store, as durable as the batch itself."""

import threading
from collections.abc import Sequence
from typing import NamedTuple

from collector import RefusedError, Storage, Transaction
from processors.user_costs.amounts import Amount, encode

_TABLE = """CREATE TABLE IF NOT EXISTS user_costs_outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT, owner TEXT NOT NULL, run TEXT NOT NULL,
    amounts INTEGER NOT NULL, calls INTEGER NOT NULL, payload BLOB NOT NULL
) STRICT"""
_INDEX = "CREATE INDEX IF NOT EXISTS user_costs_outbox_owner ON user_costs_outbox (owner)"
_INSERT = """INSERT INTO user_costs_outbox (owner, run, amounts, calls, payload)
VALUES (?, ?, ?, ?, ?)"""
_DELETE = "DELETE FROM user_costs_outbox WHERE owner = ? AND id <= ?"
_OLDEST = """SELECT id, run, amounts, calls FROM user_costs_outbox WHERE owner = ?
ORDER BY id LIMIT 1000"""
_PAYLOADS = """SELECT id, payload FROM user_costs_outbox WHERE owner = ? AND id BETWEEN ? AND ?
ORDER BY id"""
_WAITING = """SELECT coalesce(sum(amounts), 0), coalesce(sum(calls), 0) FROM user_costs_outbox
WHERE owner = ?"""
_MOST_AMOUNTS = 5000
"""Amounts a parcel, if it has more than one entry."""


class Entry(NamedTuple):
    """What one batch added."""

    id: int
    payload: bytes


class Parcel(NamedTuple):
    """Entries that are added to the table together."""

    run: str
    """The process, by an id of its own, that wrote the entries. Their ids grow in the order in
    which their batches were committed, and none comes twice in a run."""
    entries: Sequence[Entry]
    amounts: int


class Outbox:
    """The amounts of one processor that are not in the table yet. Thread-safe."""

    def __init__(self, storage: Storage, owner: str, run: str, limit: int) -> None:
        """`limit` is how many amounts may wait; `owner` names the rows, `run` this process."""
        self._storage, self._owner, self._run, self._limit = storage, owner, run, limit
        self._lock = threading.Lock()
        self._amounts = 0

    def open(self) -> None:
        """Take up what an earlier process left."""
        for statement in (_TABLE, _INDEX):
            self._storage.execute(statement)
        self._amounts, _ = self.waiting()

    def add(self, amounts: Sequence[Amount], calls: int, transaction: Transaction) -> None:
        """Put the amounts in with the transaction. Raises RefusedError where there is no room."""
        count = len(amounts)
        with self._lock:
            if self._amounts + count > self._limit:
                raise RefusedError("user_costs_full", "too many amounts wait for the table", 5.0)
            self._amounts += count
        transaction.on_rollback(lambda: self._freed(count))
        transaction.write(_INSERT, [(self._owner, self._run, count, calls, encode(amounts))])

    def oldest(self) -> Parcel | None:
        """What to add to the table next, of one run; None where nothing waits."""
        rows = self._storage.read(_OLDEST, (self._owner,))
        if not rows:
            return None
        (first, run, amounts, _), last = rows[0], rows[0][0]
        for entry, its_run, more, _ in rows[1:]:
            if its_run != run or amounts + more > _MOST_AMOUNTS:
                break
            last, amounts = entry, amounts + more
        payloads = self._storage.read(_PAYLOADS, (self._owner, first, last))
        return Parcel(run, [Entry(*row) for row in payloads], amounts)

    def done(self, parcel: Parcel) -> None:
        """The parcel is in the table: forget it."""
        self._storage.write(_DELETE, [(self._owner, parcel.entries[-1].id)])
        self._freed(parcel.amounts)

    def waiting(self) -> tuple[int, int]:
        """How many amounts, and how many calls they stand for, are not in the table yet."""
        ((amounts, calls),) = self._storage.read(_WAITING, (self._owner,))
        return amounts, calls

    @property
    def amounts(self) -> int:
        """How many wait, those of batches on their way included."""
        return self._amounts

    def _freed(self, amounts: int) -> None:
        with self._lock:
            self._amounts -= amounts
