"""OTLP's JSON: protobuf's, but for ids in hex and enums as numbers."""

from collections.abc import Iterator
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch


def to_json(batch: Batch) -> bytes:
    """The batch in OTLP's JSON encoding (OTLP specification, "JSON Protobuf Encoding")."""
    body = MessageToDict(batch.message, use_integers_for_enums=True)
    for record, encoded in zip(batch.spans, _encoded_spans(body), strict=True):
        _write_ids(record.span, encoded)
        if record.span.parent_span_id:
            encoded["parentSpanId"] = record.span.parent_span_id.hex()
        for link, encoded_link in zip(record.span.links, encoded.get("links", ()), strict=True):
            _write_ids(link, encoded_link)
    return orjson.dumps(body)


def _write_ids(message: Span | Span.Link, encoded: dict[str, Any]) -> None:
    encoded["traceId"] = message.trace_id.hex()
    encoded["spanId"] = message.span_id.hex()


def _encoded_spans(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in body.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            yield from scope_spans.get("spans", ())
