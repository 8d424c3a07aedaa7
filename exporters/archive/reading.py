"""From Parquet files back to spans. Imports pyarrow, so import this on first use only."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector import Batch
from exporters.archive.finding import COLUMNS, FoundTrace, Order, first, matching, sum_up
from exporters.archive.values import decode_map

_LOT = 1_000
_HOUR = re.compile(r"(?:^|/)date=(\d{4}-\d\d-\d\d)/hour=(\d\d)/")
_COUNTS = ("dropped_attributes_count", "dropped_events_count", "dropped_links_count")
_RESOURCE = (
    "resource_attributes",
    "resource_dropped_attributes_count",
    "resource_schema_url",
    "resource_entity_refs",
)
_SCOPE = (
    "scope_attributes",
    "scope_dropped_attributes_count",
    "scope_schema_url",
    "scope_name",
    "scope_version",
)
_SPAN = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "trace_state",
    "flags",
    "name",
    "kind",
    "start_time",
    "end_time",
    "status_code",
    "status_message",
    "attributes",
    "events",
    "links",
    *_COUNTS,
)
_COLUMNS = [*_RESOURCE, *_SCOPE, *_SPAN]
_KINDS = {name.removeprefix("SPAN_KIND_"): number for name, number in Span.SpanKind.items()}
_CODES = {name.removeprefix("STATUS_CODE_"): number for name, number in Status.StatusCode.items()}

_Row = dict[str, Any]
_Key = tuple[Any, ...]


class Place(Protocol):
    """Where an archive lies: a directory or a bucket."""

    def files(self) -> Iterator[tuple[str, int]]:
        """The path and the size in bytes of each Parquet file."""
        ...

    def read(self, path: str) -> Any:
        """What pyarrow reads the whole file from."""
        ...

    def parts(self, path: str, size: int) -> Any:
        """What pyarrow reads a little of a file of so many bytes from."""
        ...


class File(NamedTuple):
    """A file of an archive."""

    path: str
    size: int
    """Bytes, compressed."""


class Reader:
    """Reads an archive as the spans that went in."""

    def __init__(self, place: Place, url: str) -> None:
        """`url` names the archive in errors."""
        self._place = place
        self._url = url

    def files(self, since: datetime | None = None, until: datetime | None = None) -> list[File]:
        """The files, by path; without those whose hour lies wholly outside `since` to `until`.

        Raises OSError where the archive cannot be listed.
        """
        found = (File(*item) for item in self._place.files())
        return sorted(file for file in found if _overlaps(file.path, since, until))

    def spans(self, file: File) -> int:
        """How many spans a file holds, by its footer. Raises as `batches` does."""
        with self._open(file, self._place.parts(file.path, file.size)) as parquet:
            return int(parquet.metadata.num_rows)

    def batches(self, file: File, traces: Collection[str] = ()) -> Iterator[Batch]:
        """The spans of a file, some at a time, whole but for the columns' limits on times.

        `traces`: only those of these trace ids, in hex. Raises ValueError, with the file's name,
        where it is not one that the archive wrote, and OSError where it cannot be read.
        """
        with self._open(file, self._place.read(file.path)) as parquet:
            for group in range(parquet.num_row_groups):
                if traces and not _holds(parquet.read_row_group(group, ["trace_id"]), traces):
                    continue
                for lot in parquet.iter_batches(_LOT, row_groups=[group], columns=_COLUMNS):
                    wanted = lot.filter(_among(lot, traces)) if traces else lot
                    if wanted.num_rows:
                        yield Batch(_message(wanted))

    def find(
        self, files: Sequence[File], wanted: Mapping[str, Any], order: Order, most: int
    ) -> tuple[list[FoundTrace], int]:
        """The first `most` traces with a span that has each value of `wanted`, by column; and
        how many there are.

        Their other spans count, too, as far as they are in `files`. Raises as `batches` does.
        """
        named = ["trace_id", *wanted]
        ids = pa.concat_arrays([matching(self._light(file, named), wanted) for file in files])
        found = ids.unique()
        if not len(found):
            return [], 0
        spans = (self._light(file, COLUMNS) for file in files)
        theirs = [rows.filter(pc.is_in(rows.column("trace_id"), found)) for rows in spans]
        return first(sum_up(pa.concat_tables(theirs)), order, most), len(found)

    def _light(self, file: File, columns: Sequence[str]) -> pa.Table:
        """Some columns of a whole file, times as numbers."""
        with self._open(file, self._place.parts(file.path, file.size)) as parquet:
            rows = parquet.read(columns=list(dict.fromkeys(columns)))
        fields = [
            pa.field(f.name, pa.int64() if pa.types.is_timestamp(f.type) else f.type)
            for f in rows.schema
        ]
        return rows.cast(pa.schema(fields))

    @contextmanager
    def _open(self, file: File, source: Any) -> Iterator[pq.ParquetFile]:
        try:
            with pq.ParquetFile(source) as parquet:
                _check(parquet.schema_arrow.names)
                yield parquet
        except (ValueError, TypeError, KeyError, pa.ArrowException) as error:
            known = isinstance(error, _ForeignError)
            reason = str(error) if known else f"it is damaged ({type(error).__name__})"
            raise ValueError(
                f"{self._url}: {file.path}: {reason}: take it out of the archive"
            ) from error


def _holds(rows: pa.Table, traces: Collection[str]) -> bool:
    return bool(pc.any(_among(rows, traces)).as_py())


def _among(rows: pa.Table | pa.RecordBatch, traces: Collection[str]) -> Any:
    """Which rows are of these traces."""
    return pc.is_in(rows.column("trace_id"), pa.array(sorted(traces), pa.string()))


class _ForeignError(ValueError):
    """The file is Parquet, but not of an archive."""


def _check(names: Sequence[str]) -> None:
    missing = [name for name in _COLUMNS if name not in names]
    if missing:
        raise _ForeignError(f"the archive exporter did not write it: it has no {missing[0]!r}")


def _overlaps(path: str, since: datetime | None, until: datetime | None) -> bool:
    hour = _HOUR.search(path)
    if hour is None:
        return True
    begin = datetime.fromisoformat(f"{hour[1]}T{hour[2]}:00:00").replace(tzinfo=UTC)
    if until is not None and begin >= until:
        return False
    return since is None or begin + timedelta(hours=1) > since


def _message(lot: pa.RecordBatch) -> ExportTraceServiceRequest:
    columns = {
        name: (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column)
        for name, column in zip(lot.schema.names, lot.columns, strict=True)
    }
    lists = [columns[name].to_pylist() for name in _COLUMNS]
    building = _Building()
    for values in zip(*lists, strict=True):
        _fill_span(building.scope(values).spans.add(), dict(zip(_COLUMNS, values, strict=True)))
    return building.message


class _Building:
    """A message that grows by rows, in which spans share their resource and scope again."""

    def __init__(self) -> None:
        self.message = ExportTraceServiceRequest()
        self._resources: dict[_Key, ResourceSpans] = {}
        self._scopes: dict[_Key, ScopeSpans] = {}

    def scope(self, values: _Key) -> ScopeSpans:
        """Where the span of a row belongs; `values` are in the order of the columns."""
        key = values[: len(_RESOURCE) + len(_SCOPE)]
        scope = self._scopes.get(key)
        if scope is None:
            row = dict(zip(_COLUMNS, key, strict=False))
            scope = self._scopes[key] = self._resource(row).scope_spans.add()
            _fill_scope(scope, row)
        return scope

    def _resource(self, row: _Row) -> ResourceSpans:
        key = tuple(row[name] for name in _RESOURCE)
        resource = self._resources.get(key)
        if resource is None:
            resource = self._resources[key] = self.message.resource_spans.add()
            _fill_resource(resource, row)
        return resource


def _fill_resource(target: ResourceSpans, row: _Row) -> None:
    target.schema_url = row["resource_schema_url"] or ""
    target.resource.dropped_attributes_count = row["resource_dropped_attributes_count"]
    decode_map(orjson.loads(row["resource_attributes"]), target.resource.attributes)
    for ref in orjson.loads(row["resource_entity_refs"] or "[]"):
        target.resource.entity_refs.add(**ref)


def _fill_scope(target: ScopeSpans, row: _Row) -> None:
    target.schema_url = row["scope_schema_url"] or ""
    target.scope.name = row["scope_name"] or ""
    target.scope.version = row["scope_version"] or ""
    target.scope.dropped_attributes_count = row["scope_dropped_attributes_count"]
    decode_map(orjson.loads(row["scope_attributes"]), target.scope.attributes)


def _fill_span(span: Span, row: _Row) -> None:
    span.trace_id = bytes.fromhex(row["trace_id"])
    span.span_id = bytes.fromhex(row["span_id"])
    span.parent_span_id = bytes.fromhex(row["parent_span_id"] or "")
    span.trace_state = row["trace_state"] or ""
    span.flags = row["flags"]
    span.name = row["name"]
    span.kind = _number(row["kind"], _KINDS)
    span.start_time_unix_nano, span.end_time_unix_nano = row["start_time"], row["end_time"]
    code, message = _number(row["status_code"], _CODES), row["status_message"]
    if code or message:
        span.status.code, span.status.message = code, message or ""
    for name in _COUNTS:
        setattr(span, name, row[name])
    decode_map(orjson.loads(row["attributes"]), span.attributes)
    _fill_events(span, row["events"])
    _fill_links(span, row["links"])


def _fill_events(span: Span, text: str) -> None:
    for event in orjson.loads(text):
        attributes = event.pop("attributes")
        decode_map(attributes, span.events.add(**event).attributes)


def _fill_links(span: Span, text: str) -> None:
    for link in orjson.loads(text):
        attributes = link.pop("attributes")
        ids = {key: bytes.fromhex(link.pop(key)) for key in ("trace_id", "span_id")}
        decode_map(attributes, span.links.add(**link, **ids).attributes)


def _number(name: str, names: Mapping[str, int]) -> Any:
    """The reverse of the archive's names: numbers without one stand for themselves."""
    number = names.get(name)
    return int(name) if number is None else number
