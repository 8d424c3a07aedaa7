"""Reading an archive back: as a user would, and as the OTLP message that went in."""

import base64
from pathlib import Path
from typing import Any

import orjson
import pyarrow.dataset as ds
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, Span, Status

_COUNTS = ("dropped_attributes_count", "dropped_events_count", "dropped_links_count")


def read(root: Path) -> list[dict[str, Any]]:
    """Every row under `root`, with its partition, ordered by start time."""
    table = ds.dataset(root, format="parquet", partitioning="hive").to_table()
    integers = {"start_time": "int64", "end_time": "int64"}
    for name, kind in integers.items():
        column = table.column(name).cast(kind)
        table = table.set_column(table.column_names.index(name), name, column)
    return sorted(table.to_pylist(), key=lambda row: row["start_time"])


def to_message(row: dict[str, Any]) -> ResourceSpans:
    """The span of a row, alone in its scope and resource."""
    message = ResourceSpans(schema_url=row["resource_schema_url"] or "")
    message.resource.SetInParent()
    message.resource.dropped_attributes_count = row["resource_dropped_attributes_count"]
    fill(message.resource.attributes, orjson.loads(row["resource_attributes"]))
    for ref in orjson.loads(row["resource_entity_refs"] or "[]"):
        message.resource.entity_refs.add(**ref)
    scope = message.scope_spans.add(schema_url=row["scope_schema_url"] or "")
    scope.scope.SetInParent()
    scope.scope.name = row["scope_name"] or ""
    scope.scope.version = row["scope_version"] or ""
    scope.scope.dropped_attributes_count = row["scope_dropped_attributes_count"]
    fill(scope.scope.attributes, orjson.loads(row["scope_attributes"]))
    _span(row, scope.spans.add())
    return message


def _span(row: dict[str, Any], span: Span) -> None:
    span.trace_id = bytes.fromhex(row["trace_id"])
    span.span_id = bytes.fromhex(row["span_id"])
    span.parent_span_id = bytes.fromhex(row["parent_span_id"] or "")
    span.trace_state = row["trace_state"] or ""
    span.flags = row["flags"]
    span.name = row["name"]
    span.kind = _number(row["kind"], dict(Span.SpanKind.items()), "SPAN_KIND_")
    span.start_time_unix_nano, span.end_time_unix_nano = row["start_time"], row["end_time"]
    codes = dict(Status.StatusCode.items())
    span.status.SetInParent()
    span.status.code = _number(row["status_code"], codes, "STATUS_CODE_")
    span.status.message = row["status_message"] or ""
    for name in _COUNTS:
        setattr(span, name, row[name])
    fill(span.attributes, orjson.loads(row["attributes"]))
    for event in orjson.loads(row["events"]):
        attributes = event.pop("attributes")
        fill(span.events.add(**event).attributes, attributes)
    for link in orjson.loads(row["links"]):
        attributes = link.pop("attributes")
        ids = {key: bytes.fromhex(link.pop(key)) for key in ("trace_id", "span_id")}
        fill(span.links.add(**link, **ids).attributes, attributes)


def _number(name: str, names: dict[str, int], prefix: str) -> int:
    return int(name) if name.lstrip("-").isdecimal() else names[prefix + name]


def fill(entries: Any, encoded: dict[str, Any]) -> None:
    """The inverse of `encode_map`, by the rules in docs/archive.md."""
    pairs = list(encoded.items())
    if len(pairs) == 1 and pairs[0][0] == "kvlistValue":
        pairs = pairs[0][1]
    for key, value in pairs:
        entry = entries.add(key=key)
        entry.value.SetInParent()
        decode(value, entry.value)


def decode(value: Any, target: AnyValue) -> None:  # noqa: C901 - one case for each kind
    """The inverse of `encode`, by the rules in docs/archive.md."""
    match value:
        case None:
            return
        case {"bytesValue": str() as text} if len(value) == 1:
            target.bytes_value = base64.b64decode(text)
        case {"doubleValue": str() as text} if len(value) == 1:
            target.double_value = float(text)
        case {"stringValueStrindex": int() as index} if len(value) == 1:
            target.string_value_strindex = index
        case dict():
            target.kvlist_value.SetInParent()
            fill(target.kvlist_value.values, value)
        case list():
            target.array_value.SetInParent()
            for item in value:
                decode(item, target.array_value.values.add())
        case bool():
            target.bool_value = value
        case int():
            target.int_value = value
        case float():
            target.double_value = value
        case str():
            target.string_value = value
