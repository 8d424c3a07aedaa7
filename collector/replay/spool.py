"""Spans sorted into whole traces, on disk: an archive is larger than memory."""

import contextlib
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from collector.batch import Batch, SpanRecord
from collector.errors import StartError
from collector.packing import Packer

_INT64_MAX = 2**63 - 1
_TABLES = (
    # Nothing has to survive: the file has no name any more when the first span is written.
    "PRAGMA journal_mode=OFF",
    "PRAGMA synchronous=OFF",
    "PRAGMA locking_mode=EXCLUSIVE",
    "CREATE TABLE sources (id INTEGER PRIMARY KEY, stored REAL NOT NULL) STRICT",
    "CREATE TABLE chunks (id INTEGER PRIMARY KEY, trace_id BLOB NOT NULL, "
    "finished INTEGER NOT NULL, source INTEGER NOT NULL, payload BLOB NOT NULL) STRICT",
    "BEGIN",
)
_INSERT = "INSERT INTO chunks (trace_id, finished, source, payload) VALUES (?, ?, ?, ?)"
_INDEX = "CREATE INDEX IF NOT EXISTS by_trace ON chunks (trace_id, finished)"
_TRACES = "SELECT trace_id, max(finished) AS last FROM chunks GROUP BY 1 ORDER BY last, trace_id"
_CHUNKS = (
    "SELECT payload, sources.stored FROM chunks JOIN sources ON sources.id = source "
    "WHERE trace_id = ? ORDER BY chunks.id"
)


class Trace(NamedTuple):
    """A whole trace, as far as it was read."""

    batch: Batch
    finished: int
    """When its last span ended, in nanoseconds since the Unix epoch."""
    size: int
    """Bytes as OTLP."""
    stored: float
    """Its share of the bytes of the files that it lies in."""
    duplicates: int
    """Spans that were there twice, and are in the batch once."""


class Period(NamedTuple):
    """From when until when spans are looked at, by their start; nanoseconds, the end excluded."""

    since: int = 0
    until: int = 2**64

    @classmethod
    def of(cls, since: datetime | None, until: datetime | None) -> Self:
        """From a moment until another; None is no limit."""
        bounds = {"since": since, "until": until}
        return cls(**{key: int(at.timestamp()) * 10**9 for key, at in bounds.items() if at})

    def covers(self, record: SpanRecord) -> bool:
        """Whether the span began in it."""
        return self.since <= record.span.start_time_unix_nano < self.until


class Spool:
    """A temporary file with spans by trace. One trace at a time is in memory.

    The file lies in a directory that only this user can enter, and has no name while it is in
    use, so that nothing of it stays behind, however the process ends.
    """

    def __init__(self, period: Period) -> None:
        """Spans outside of the period are left out."""
        self._period = period

    def __enter__(self) -> Self:
        """Make the file. Raises StartError."""
        try:
            with tempfile.TemporaryDirectory(prefix="winnow-sample-") as directory:
                path = Path(directory, "spans.db")
                path.touch(mode=0o600)
                self._connection = sqlite3.connect(path, isolation_level=None)
                for statement in _TABLES:
                    self._connection.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise StartError(f"no temporary file: {error}: set TMPDIR to another place") from error
        return self

    def __exit__(self, *_error: object) -> None:
        self._connection.close()

    def add(self, batches: Iterable[Batch], stored: int | None) -> None:
        """Take in the spans of a file of `stored` bytes; None counts the bytes of OTLP instead.

        Raises what the batches raise, and OSError where the disk is full.
        """
        with _full_disk_is_an_os_error():
            cursor = self._connection.execute("INSERT INTO sources (stored) VALUES (1)")
            size = sum(self._add(batch, cursor.lastrowid) for batch in batches)
            if stored is not None and size:
                share = "UPDATE sources SET stored = ? WHERE id = ?"
                self._connection.execute(share, (stored / size, cursor.lastrowid))

    def _add(self, batch: Batch, source: int | None) -> int:
        """The bytes of the batch as chunks, the spans outside of the period included."""
        packer, size, rows = Packer(), 0, []
        for trace_id, records in batch.by_trace().items():
            inside = [record for record in records if self._period.covers(record)]
            if len(inside) < len(records):
                outside = [record for record in records if not self._period.covers(record)]
                size += len(packer.pack(outside))
            if inside:
                payload = packer.pack(inside)
                size += len(payload)
                rows.append((trace_id, _finished(inside), source, payload))
        self._connection.executemany(_INSERT, rows)
        return size

    def traces(self) -> Iterator[Trace]:
        """Every trace, in the order in which they ended. Raises OSError where the disk is full."""
        with _full_disk_is_an_os_error():
            self._connection.execute(_INDEX)
            found = self._connection.execute(_TRACES)
        for trace_id, finished in found:
            chunks = self._connection.execute(_CHUNKS, (trace_id,)).fetchall()
            batch = Batch(payload=b"".join(payload for payload, _ in chunks))
            stored = sum(len(payload) * share for payload, share in chunks)
            duplicates = _remove_duplicates(batch)
            yield Trace(batch, finished, len(batch.payload), stored, duplicates)


@contextlib.contextmanager
def _full_disk_is_an_os_error() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise OSError(f"the temporary file: {error}: set TMPDIR to a larger disk") from error


def _finished(records: Iterable[SpanRecord]) -> int:
    return min(max(record.span.end_time_unix_nano for record in records), _INT64_MAX)


def _remove_duplicates(batch: Batch) -> int:
    """After a crash an archive may hold spans twice. They are known by their ids."""
    seen: set[bytes] = set()

    def first(record: SpanRecord) -> bool:
        span_id = record.span.span_id
        new = not span_id or span_id not in seen
        seen.add(span_id)
        return new

    return batch.retain(first)
