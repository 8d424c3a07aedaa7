"""The spans of open traces, as serialized chunks in the collector's store."""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, Protocol

from collector import Batch, Storage, Transaction

_PAGE = 4096
_OLD_PAGE = 64
_LIGHT = "id, trace_id, arrived, size, spans, rooted"


class StoredChunk(NamedTuple):
    """Spans of one trace that arrived together, without the spans."""

    id: int
    trace_id: bytes
    arrived: float
    """Seconds since the Unix epoch."""
    size: int
    """Bytes of the payload."""
    spans: int
    rooted: int
    """1 if the root is among them; 0 if not, or if nobody needed to know."""


class Chunk(NamedTuple):
    """A `StoredChunk` and its spans."""

    id: int
    trace_id: bytes
    arrived: float
    size: int
    spans: int
    rooted: int
    payload: bytes
    """An ExportTraceServiceRequest. The last column, so that the others are read without it."""


class Chunks(Protocol):
    """Where a sampler keeps chunks."""

    def open(self) -> None:
        """Make ready."""
        ...

    def new_id(self) -> int:
        """The id of a chunk to be added. Thread-safe."""
        ...

    def add(self, transaction: Transaction, chunks: Sequence[Chunk]) -> None:
        """Store chunks with the transaction."""
        ...

    def remove(self, transaction: Transaction, ids: Sequence[int]) -> None:
        """Delete chunks with the transaction."""
        ...

    def payloads(self, ids: Iterable[int]) -> list[bytes]:
        """The payloads of these chunks, in the order of arrival."""
        ...

    def all(self) -> Iterator[StoredChunk]:
        """Every chunk, in the order of arrival."""
        ...


def make_chunks(storage: Storage, key: str) -> Chunks:
    """Chunks in the storage's file; in a dict where it has none, at a third of the cost.

    `key` names the table, so it must be the same after a restart and no one else's.
    """
    return ChunkStore(storage, key) if storage.durable else MemoryChunks()


class MemoryChunks:
    """Chunks that go with the process."""

    def __init__(self) -> None:
        self._chunks: dict[int, Chunk] = {}
        self._ids = itertools.count(1)

    def open(self) -> None:
        """There is nothing to open."""

    def new_id(self) -> int:
        """The id of a chunk to be added. Thread-safe."""
        return next(self._ids)

    def add(self, transaction: Transaction, chunks: Sequence[Chunk]) -> None:
        """Keep chunks once the transaction is committed."""
        transaction.on_commit(lambda: self._chunks.update((chunk.id, chunk) for chunk in chunks))

    def remove(self, transaction: Transaction, ids: Sequence[int]) -> None:
        """Forget chunks once the transaction is committed."""

        def forget() -> None:
            for chunk_id in ids:
                del self._chunks[chunk_id]

        transaction.on_commit(forget)

    def payloads(self, ids: Iterable[int]) -> list[bytes]:
        """The payloads of these chunks, in the order of arrival."""
        return [self._chunks[chunk_id].payload for chunk_id in sorted(ids)]

    def all(self) -> Iterator[StoredChunk]:
        """Every chunk, in the order of arrival."""
        return (StoredChunk(*self._chunks[chunk_id][:-1]) for chunk_id in sorted(self._chunks))


class ChunkStore:
    """One table a sampler. Chunks are known by their row ids, so that deleting needs no index."""

    def __init__(self, storage: Storage, key: str) -> None:
        """`key` names the table, so it must be the same after a restart and no one else's."""
        self._storage = storage
        quoted = key.replace('"', '""')
        self._table = f'"tail_sampling_chunks:{quoted}"'
        self._old_table = f'"tail_sampling:{quoted}"'
        self._old_name = f"tail_sampling:{key}"
        chosen = "id IN (SELECT value FROM json_each(?))"
        self._delete = f"DELETE FROM {self._table} WHERE {chosen}"  # noqa: S608
        self._select = f"SELECT payload FROM {self._table} WHERE {chosen} ORDER BY id"  # noqa: S608
        self._ids: Iterator[int] = iter(())

    def open(self) -> None:
        """Make the table if there is none."""
        self._storage.execute(
            f"CREATE TABLE IF NOT EXISTS {self._table} (id INTEGER PRIMARY KEY, "
            "trace_id BLOB NOT NULL, arrived REAL NOT NULL, size INTEGER NOT NULL, "
            "spans INTEGER NOT NULL, rooted INTEGER NOT NULL, payload BLOB NOT NULL) STRICT"
        )
        self._ids = self._storage.row_ids(self._table)
        self._import_old()

    def new_id(self) -> int:
        """The id of a chunk to be added. Thread-safe."""
        return next(self._ids)

    def add(self, transaction: Transaction, chunks: Sequence[Chunk]) -> None:
        """Store chunks with the transaction."""
        transaction.insert(self._table, chunks)

    def remove(self, transaction: Transaction, ids: Sequence[int]) -> None:
        """Delete chunks with the transaction."""
        transaction.write(self._delete, [(json.dumps(ids),)])

    def payloads(self, ids: Iterable[int]) -> list[bytes]:
        """The payloads of these chunks, in the order of arrival."""
        rows = self._storage.read(self._select, (json.dumps(list(ids)),))
        return [payload for (payload,) in rows]

    def all(self) -> Iterator[StoredChunk]:
        """Every chunk, in the order of arrival."""
        query = f"SELECT {_LIGHT} FROM {self._table} WHERE id > ? ORDER BY id LIMIT {_PAGE}"  # noqa: S608
        last = 0
        while rows := self._storage.read(query, (last,)):
            for row in rows:
                yield StoredChunk(*row)
            last = rows[-1][0]

    def _import_old(self) -> None:
        """Move chunks over from the first layout, a table without sizes and counts."""
        known = "SELECT 1 FROM sqlite_master WHERE name = ?"
        if not self._storage.read(known, (self._old_name,)):
            return
        query = f"SELECT * FROM {self._old_table} ORDER BY id LIMIT {_OLD_PAGE}"  # noqa: S608
        while rows := self._storage.read(query):
            with self._storage.transaction() as transaction:
                self.add(transaction, [self._from_old(*row) for row in rows])
                delete = f"DELETE FROM {self._old_table} WHERE id <= ?"  # noqa: S608
                transaction.write(delete, [(rows[-1][0],)])
        self._storage.execute(f"DROP TABLE {self._old_table}")

    def _from_old(self, _id: int, trace_id: bytes, arrived: float, payload: bytes) -> Chunk:
        records = Batch(payload=payload).spans
        rooted = any(not record.span.parent_span_id for record in records)
        return Chunk(
            self.new_id(), trace_id, arrived, len(payload), len(records), int(rooted), payload
        )
