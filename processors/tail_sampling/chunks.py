"""The spans of open traces, as serialized chunks in the collector's store."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from collector import Storage, Transaction

_PAGE = 256


class Chunk(NamedTuple):
    """Spans of one trace that arrived together."""

    id: int
    trace_id: bytes
    arrived: float
    """Seconds since the Unix epoch."""
    payload: bytes
    """An ExportTraceServiceRequest."""


class ChunkStore:
    """One table a sampler. Chunks are known by their row ids, so that deleting needs no index."""

    def __init__(self, storage: Storage, key: str) -> None:
        """`key` names the table, so it must be the same after a restart and no one else's."""
        self._storage = storage
        self._table = '"tail_sampling:{}"'.format(key.replace('"', '""'))
        chosen = "id IN (SELECT value FROM json_each(?))"
        self._delete = f"DELETE FROM {self._table} WHERE {chosen}"  # noqa: S608
        self._select = f"SELECT * FROM {self._table} WHERE {chosen} ORDER BY id"  # noqa: S608
        self._ids: Iterator[int] = iter(())

    def open(self) -> None:
        """Make the table if there is none."""
        self._storage.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (id INTEGER PRIMARY KEY, "
            "trace_id BLOB NOT NULL, arrived REAL NOT NULL, payload BLOB NOT NULL) STRICT"
        )
        self._ids = self._storage.row_ids(self._table)

    def new_id(self) -> int:
        """The id of a chunk to be added. Thread-safe."""
        return next(self._ids)

    def add(self, transaction: Transaction, chunks: Sequence[Chunk]) -> None:
        """Store chunks with the transaction."""
        transaction.insert(self._table, chunks)

    def remove(self, transaction: Transaction, ids: Iterable[int]) -> None:
        """Delete chunks with the transaction."""
        transaction.write(self._delete, [(json.dumps(list(ids)),)])

    def payloads(self, ids: Iterable[int]) -> list[bytes]:
        """The payloads of these chunks, in the order of arrival."""
        rows = self._storage.read(self._select, (json.dumps(list(ids)),))
        return [payload for *_, payload in rows]

    def all(self) -> Iterator[Chunk]:
        """Every chunk, in the order of arrival."""
        query = f"SELECT * FROM {self._table} WHERE id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608
        last = 0
        while rows := self._storage.read(query, (last,)):
            for row in rows:
                yield Chunk(*row)
            last = rows[-1][0]
