"""From a batch to Parquet files. Imports pyarrow (some 55 MB), so import this on first use only."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector import Batch, ResourceRecord, ScopeRecord, SpanRecord
from collector.wire import serialized
from exporters.archive.values import encode_attributes, lookup

# Memory that Arrow's own allocator has freed stays with it; the system's can be given back.
pa.set_memory_pool(pa.system_memory_pool())

SCHEMA_VERSION = b"1"
_INT64_MAX = 2**63 - 1
_HOUR = 3_600 * 10**9
_LOT = 1_000


class _Resource:
    """What all spans of a resource have in common."""

    __slots__ = ("dropped", "entity_refs", "json", "schema_url", "service", "session", "user")

    def __init__(self, record: ResourceRecord) -> None:
        encoded = encode_attributes(serialized(record.resource))
        get = lookup(encoded).get
        self.service = _text(get("service.name"))
        self.user = _text(get("user.id"))
        self.session = _session(get)
        self.json = orjson.dumps(encoded)
        self.dropped = record.resource.dropped_attributes_count
        self.schema_url = record.schema_url or None
        self.entity_refs = _entity_refs(record) if record.resource.entity_refs else None


class _Scope:
    """What all spans of an instrumentation scope have in common."""

    __slots__ = ("dropped", "json", "name", "schema_url", "version")

    def __init__(self, record: ScopeRecord) -> None:
        self.name = record.scope.name or None
        self.version = record.scope.version or None
        self.json = orjson.dumps(encode_attributes(serialized(record.scope)))
        self.dropped = record.scope.dropped_attributes_count
        self.schema_url = record.schema_url or None


class _Row:
    """A span on its way into columns."""

    __slots__ = ("end", "get", "json", "resource", "scope", "span", "start")

    def __init__(self, span: Span, resource: _Resource, scope: _Scope) -> None:
        encoded = encode_attributes(serialized(span))
        self.span = span
        self.resource = resource
        self.scope = scope
        self.json = orjson.dumps(encoded)
        self.get = lookup(encoded).get
        self.start = _nanoseconds(span.start_time_unix_nano)
        self.end = _nanoseconds(span.end_time_unix_nano)


class Column(NamedTuple):
    """A column: its name, its type, how to read it off a row, and how it is stored."""

    name: str
    type: Any
    read: Callable[[_Row], Any]
    repeats: bool = False
    """Whether few distinct values are to be expected, so that a dictionary pays."""


def _text(value: Any) -> str | None:
    """A string, or a number as one; None for anything else, and for an empty one."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) else None


def _session(get: Callable[[str], Any]) -> str | None:
    return _text(get("session.id")) or _text(get("gen_ai.conversation.id"))


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _enum(names: dict[str, int], prefix: str) -> Callable[[int], str]:
    """Names without their prefix; a number that the protocol has not named yet as itself."""
    known = {number: name.removeprefix(prefix) for name, number in names.items()}
    return lambda number: known.get(number) or str(number)


_kind = _enum(dict(Span.SpanKind.items()), "SPAN_KIND_")
_status = _enum(dict(Status.StatusCode.items()), "STATUS_CODE_")


def _events(span: Span) -> bytes:
    return orjson.dumps(
        [
            {
                "time_unix_nano": event.time_unix_nano,
                "name": event.name,
                "attributes": encode_attributes(serialized(event)),
                "dropped_attributes_count": event.dropped_attributes_count,
            }
            for event in span.events
        ]
    )


def _links(span: Span) -> bytes:
    return orjson.dumps(
        [
            {
                "trace_id": link.trace_id.hex(),
                "span_id": link.span_id.hex(),
                "trace_state": link.trace_state,
                "attributes": encode_attributes(serialized(link)),
                "dropped_attributes_count": link.dropped_attributes_count,
                "flags": link.flags,
            }
            for link in span.links
        ]
    )


def _entity_refs(record: ResourceRecord) -> bytes:
    return orjson.dumps(
        [
            {
                "schema_url": ref.schema_url,
                "type": ref.type,
                "id_keys": list(ref.id_keys),
                "description_keys": list(ref.description_keys),
            }
            for ref in record.resource.entity_refs
        ]
    )


_TEXT, _TIME = pa.string(), pa.timestamp("ns", tz="UTC")

COLUMNS = (
    Column("trace_id", _TEXT, lambda row: row.span.trace_id.hex()),
    Column("span_id", _TEXT, lambda row: row.span.span_id.hex()),
    Column("parent_span_id", _TEXT, lambda row: row.span.parent_span_id.hex() or None),
    Column("trace_state", _TEXT, lambda row: row.span.trace_state or None),
    Column("flags", pa.uint32(), attrgetter("span.flags"), True),
    Column("name", _TEXT, attrgetter("span.name"), True),
    Column("kind", _TEXT, lambda row: _kind(row.span.kind), True),
    Column("start_time", _TIME, attrgetter("start")),
    Column("end_time", _TIME, attrgetter("end")),
    Column("duration_ns", pa.int64(), lambda row: row.end - row.start),
    Column("status_code", _TEXT, lambda row: _status(row.span.status.code), True),
    Column("status_message", _TEXT, lambda row: row.span.status.message or None, True),
    Column("service_name", _TEXT, attrgetter("resource.service"), True),
    Column("scope_name", _TEXT, attrgetter("scope.name"), True),
    Column("scope_version", _TEXT, attrgetter("scope.version"), True),
    Column("user_id", _TEXT, lambda row: _text(row.get("user.id")) or row.resource.user, True),
    Column("session_id", _TEXT, lambda row: _session(row.get) or row.resource.session, True),
    Column("agent_name", _TEXT, lambda row: _text(row.get("gen_ai.agent.name")), True),
    Column("operation", _TEXT, lambda row: _text(row.get("gen_ai.operation.name")), True),
    Column("provider", _TEXT, lambda row: _text(row.get("gen_ai.provider.name")), True),
    Column(
        "model",
        _TEXT,
        lambda row: (
            _text(row.get("gen_ai.request.model")) or _text(row.get("gen_ai.response.model"))
        ),
        True,
    ),
    Column("input_tokens", pa.int64(), lambda row: _count(row.get("gen_ai.usage.input_tokens"))),
    Column("output_tokens", pa.int64(), lambda row: _count(row.get("gen_ai.usage.output_tokens"))),
    Column("cost_usd", pa.float64(), lambda row: _number(row.get("gen_ai.usage.cost"))),
    Column("sampling_policy", _TEXT, lambda row: _text(row.get("winnow.sampling.policy")), True),
    Column("guardrail_fired", pa.bool_(), lambda row: row.get("winnow.guardrail.fired") is True),
    Column("attributes", _TEXT, attrgetter("json")),
    Column("events", _TEXT, lambda row: _events(row.span) if row.span.events else b"[]"),
    Column("links", _TEXT, lambda row: _links(row.span) if row.span.links else b"[]"),
    Column("resource_attributes", _TEXT, attrgetter("resource.json"), True),
    Column("scope_attributes", _TEXT, attrgetter("scope.json"), True),
    Column("dropped_attributes_count", pa.uint32(), attrgetter("span.dropped_attributes_count")),
    Column("dropped_events_count", pa.uint32(), attrgetter("span.dropped_events_count")),
    Column("dropped_links_count", pa.uint32(), attrgetter("span.dropped_links_count")),
    Column("resource_dropped_attributes_count", pa.uint32(), attrgetter("resource.dropped")),
    Column("scope_dropped_attributes_count", pa.uint32(), attrgetter("scope.dropped")),
    Column("resource_schema_url", _TEXT, attrgetter("resource.schema_url"), True),
    Column("scope_schema_url", _TEXT, attrgetter("scope.schema_url"), True),
    Column("resource_entity_refs", _TEXT, attrgetter("resource.entity_refs"), True),
)

SCHEMA = pa.schema(
    [(column.name, column.type) for column in COLUMNS],
    metadata={"winnow.schema_version": SCHEMA_VERSION},
)
_DICTIONARIES = [column.name for column in COLUMNS if column.repeats]
_JSON = ("attributes", "events", "links", "resource_attributes", "scope_attributes")
_STATISTICS = [column.name for column in COLUMNS if column.name not in _JSON]


def partitions(batch: Batch) -> Iterator[tuple[str, memoryview]]:
    """A Hive path (`date=2025-06-15/hour=15`) and a Parquet file for each hour in the batch."""
    shared = _Shared()
    records = sorted(batch.spans, key=lambda record: _nanoseconds(record.span.start_time_unix_nano))
    for hour, members in groupby(records, key=lambda record: _hour(record.span)):
        start = datetime.fromtimestamp(hour * 3_600, UTC)
        yield f"date={start:%Y-%m-%d}/hour={start:%H}", _parquet(list(members), shared)


class _Shared:
    """Each resource and scope of a batch, read once."""

    def __init__(self) -> None:
        self._resources: dict[int, _Resource] = {}
        self._scopes: dict[int, _Scope] = {}

    def row(self, record: SpanRecord) -> _Row:
        """The record, ready for the columns."""
        resource = self._resources.get(id(record.resource))
        if resource is None:
            resource = self._resources[id(record.resource)] = _Resource(record.resource)
        scope = self._scopes.get(id(record.scope))
        if scope is None:
            scope = self._scopes[id(record.scope)] = _Scope(record.scope)
        return _Row(record.span, resource, scope)


def _parquet(records: Sequence[SpanRecord], shared: _Shared) -> memoryview:
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_batches(_record_batches(records, shared), SCHEMA),
        sink,
        compression="zstd",
        use_dictionary=_DICTIONARIES,
        write_statistics=_STATISTICS,
    )
    return memoryview(sink.getvalue()).cast("B")


def _record_batches(records: Sequence[SpanRecord], shared: _Shared) -> Iterator[pa.RecordBatch]:
    """The rows in small lots, so that few of them exist as Python objects at a time."""
    for first in range(0, len(records), _LOT):
        rows = [shared.row(record) for record in records[first : first + _LOT]]
        arrays = [
            pa.array(map(column.read, rows), column.type, size=len(rows)) for column in COLUMNS
        ]
        yield pa.RecordBatch.from_arrays(arrays, schema=SCHEMA)


def _hour(span: Span) -> int:
    return _nanoseconds(span.start_time_unix_nano) // _HOUR


def _nanoseconds(time: int) -> int:
    """A time as a timestamp can hold it."""
    return min(time, _INT64_MAX)
