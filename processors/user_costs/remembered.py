"""Which model calls were counted lately, so that one that is sent again is not counted again."""

import threading
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import mmh3

from collector import RefusedError, SpanRecord, Storage, Transaction

_TABLE = """CREATE TABLE IF NOT EXISTS user_costs_remembered (
    id INTEGER PRIMARY KEY, owner TEXT NOT NULL, ids BLOB NOT NULL
) STRICT"""
_INSERT = "INSERT INTO user_costs_remembered VALUES (?, ?, ?)"
_DELETE = "DELETE FROM user_costs_remembered WHERE id = ?"
_ALL = "SELECT id, ids FROM user_costs_remembered WHERE owner = ? ORDER BY id"


class _Group(NamedTuple):
    """What one batch added: its row in the store, and the ids in it."""

    row: int
    ids: "array[int]"


class RememberedCalls:
    """The last ids of counted calls, and of the spans right above them. Thread-safe.

    The span above a call is remembered because it may be a model call, too: a framework's span
    around the client's, which ends later and often comes in a later batch. It repeats the call.
    Where it came first, it was counted, and the call right below it is not.
    """

    def __init__(self, storage: Storage, owner: str, limit: int) -> None:
        """`limit` is the number of ids; 0 remembers nothing. `owner` names the rows."""
        self._storage, self._owner, self._limit = storage, owner, limit
        self._known: set[int] = set()
        self._groups: deque[_Group] = deque()
        self._size = 0
        self._outdated: list[int] = []
        self._claims: dict[int, Transaction] = {}
        self._rows: Iterator[int] = iter(())
        self._lock = threading.Lock()

    def open(self) -> None:
        """Take up what an earlier process remembered."""
        self._storage.execute(_TABLE)
        self._rows = self._storage.row_ids("user_costs_remembered")
        for row, ids in self._storage.read(_ALL, (self._owner,)):
            self._remember(_Group(row, array("q", ids)))

    def claim(self, records: Iterable[SpanRecord], transaction: Transaction) -> list[SpanRecord]:
        """Those of `records` that were not counted before; with the transaction, they are.

        Raises RefusedError while another batch is about to count one of them: should that one
        fail, nobody would have.
        """
        if not self._limit:
            return list(records)
        with self._lock:
            fresh = self._fresh(records, transaction)
            if fresh:
                self._claim(fresh, transaction)
        return list(fresh.values())

    def _fresh(
        self, records: Iterable[SpanRecord], transaction: Transaction
    ) -> dict[int, SpanRecord]:
        fresh: dict[int, SpanRecord] = {}
        for record in records:
            span = record.span
            identity = _call(span.trace_id, span.span_id)
            outer = _call(span.trace_id, span.parent_span_id)
            for one in (identity, outer):
                if self._claims.get(one, transaction) is not transaction:
                    message = "the same model call is being counted right now"
                    raise RefusedError("in_flight", message)
            names = {identity, outer, _above(span.trace_id, span.span_id)}
            if identity not in self._claims and self._known.isdisjoint(names):
                fresh.setdefault(identity, record)
        return fresh

    def _claim(self, fresh: dict[int, SpanRecord], transaction: Transaction) -> None:
        self._claims.update(dict.fromkeys(fresh, transaction))
        parents = {
            _above(record.span.trace_id, record.span.parent_span_id)
            for record in fresh.values()
            if record.span.parent_span_id
        }
        group = _Group(next(self._rows), array("q", {*fresh, *parents} - self._known))
        outdated, self._outdated = self._outdated, []
        transaction.write(_INSERT, [(group.row, self._owner, group.ids.tobytes())])
        if outdated:
            transaction.write(_DELETE, [(row,) for row in outdated])
        transaction.on_commit(lambda: self._settle(fresh, group))
        transaction.on_rollback(lambda: self._release(fresh, outdated))

    def _settle(self, claimed: Iterable[int], group: _Group) -> None:
        with self._lock:
            self._forget_claims(claimed)
            self._remember(group)

    def _release(self, claimed: Iterable[int], outdated: Sequence[int]) -> None:
        with self._lock:
            self._forget_claims(claimed)
            self._outdated += outdated

    def _forget_claims(self, claimed: Iterable[int]) -> None:
        for identity in claimed:
            del self._claims[identity]

    def _remember(self, group: _Group) -> None:
        self._groups.append(group)
        self._known.update(group.ids)
        self._size += len(group.ids)
        while self._size > self._limit and len(self._groups) > 1:
            oldest = self._groups.popleft()
            self._known.difference_update(oldest.ids)
            self._size -= len(oldest.ids)
            self._outdated.append(oldest.row)


def _call(trace_id: bytes, span_id: bytes) -> int:
    """A counted call: 64 bits of MurmurHash3. Of a million, two are alike once in 37 million."""
    return mmh3.hash64(trace_id + span_id)[0]


def _above(trace_id: bytes, span_id: bytes) -> int:
    """A span with a counted call right below it."""
    return mmh3.hash64(trace_id + span_id, 1)[0]
