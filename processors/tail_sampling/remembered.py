"""What is remembered of decisions, so that late spans follow them, also after a restart."""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector import Storage, Transaction
from processors.tail_sampling.decision import Decision
from processors.tail_sampling.policies.base import Weight
from processors.tail_sampling.summary import Head

_FORGET_TOGETHER = 1000


class Remembered(NamedTuple):
    """A decision, and the row that it is stored in."""

    row: int
    decision: Decision


class DecisionCache:
    """The latest decisions. Not thread-safe."""

    def __init__(self, sampled_size: int, non_sampled_size: int) -> None:
        """How many traces of each kind are remembered; 0 is none."""
        self._sampled: OrderedDict[bytes, Remembered] = OrderedDict()
        self._non_sampled: OrderedDict[bytes, Remembered] = OrderedDict()
        self._sizes = sampled_size, non_sampled_size
        self.forgotten: list[int] = []
        """Rows of decisions that are not remembered any more."""

    @property
    def sizes(self) -> tuple[int, int]:
        """How many kept traces are remembered, and how many others."""
        return len(self._sampled), len(self._non_sampled)

    def get(self, trace_id: bytes) -> Decision | None:
        """The decision on the trace, if it is still remembered."""
        for side in (self._sampled, self._non_sampled):
            found = side.get(trace_id)
            if found is not None:
                side.move_to_end(trace_id)
                return found.decision
        return None

    def put(self, trace_id: bytes, decision: Decision, row: int) -> None:
        """Remember a decision; the one that was not asked for longest goes."""
        for side in (self._sampled, self._non_sampled):
            before = side.pop(trace_id, None)
            if before is not None:
                self.forgotten.append(before.row)
        side = self._sampled if decision.kept else self._non_sampled
        side[trace_id] = Remembered(row, decision)
        if len(side) > self._sizes[0 if decision.kept else 1]:
            self.forgotten.append(side.popitem(last=False)[1].row)

    def deleted(self, rows: int) -> None:
        """The first `rows` of the forgotten rows are deleted."""
        del self.forgotten[:rows]


class DecisionStore:
    """One table a sampler; rows are only added, and deleted many at a time."""

    def __init__(self, storage: Storage, key: str, cache: DecisionCache) -> None:
        """`key` names the table, so it must be the same after a restart and no one else's.

        What `cache` forgets is deleted.
        """
        self.cache = cache
        self._storage = storage
        self._table = '"tail_sampling_decisions:{}"'.format(key.replace('"', '""'))
        self._ids: Iterator[int] = iter(())

    def open(self) -> None:
        """Make the table if there is none, and remember what is in it."""
        self._storage.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (id INTEGER PRIMARY KEY, "
            "trace_id BLOB NOT NULL, outcome TEXT NOT NULL, policy TEXT NOT NULL, "
            "weight INTEGER NOT NULL, threshold INTEGER NOT NULL, head TEXT) STRICT"
        )
        self._ids = self._storage.row_ids(self._table)
        known: dict[Decision, Decision] = {}
        for row, trace_id, *columns in self._storage.read(
            f"SELECT * FROM {self._table} ORDER BY id"  # noqa: S608
        ):
            decision = _decision(*columns)
            self.cache.put(trace_id, known.setdefault(decision, decision), row)

    def add(
        self, transaction: Transaction, decisions: Sequence[tuple[bytes, Decision]]
    ) -> list[int]:
        """Store decisions with the transaction; returns their rows."""
        rows = [(next(self._ids), trace_id, *_columns(found)) for trace_id, found in decisions]
        transaction.insert(self._table, rows)
        return [row[0] for row in rows]

    def forget(self, transaction: Transaction) -> None:
        """Delete what the cache has forgotten with the transaction, if that is worth while."""
        forgotten = self.cache.forgotten
        gone = len(forgotten)
        if gone >= _FORGET_TOGETHER:
            sql = f"DELETE FROM {self._table} WHERE id IN (SELECT value FROM json_each(?))"  # noqa: S608
            transaction.write(sql, [(json.dumps(forgotten),)])
            transaction.on_commit(lambda: self.cache.deleted(gone))


def _columns(decision: Decision) -> tuple[str, str, int, int, str | None]:
    head = None if decision.head is None else json.dumps(decision.head)
    weight, threshold = int(decision.weight), decision.threshold
    return decision.outcome, decision.policy, weight, threshold, head


def _decision(outcome: str, policy: str, weight: int, threshold: int, head: str | None) -> Decision:
    return Decision(outcome, policy, Weight(weight), _head(head), threshold)


def _head(text: str | None) -> Head | None:
    if text is None:
        return None
    rank, *rest = json.loads(text)
    return Head(tuple(rank), *rest)
