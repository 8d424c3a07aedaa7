"""OTLP's JSON: protobuf's, but for ids in hex and enums as numbers."""

from collections.abc import Iterator
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def to_json(message: ExportTraceServiceRequest) -> bytes:
    """The request in OTLP's JSON encoding (OTLP specification, "JSON Protobuf Encoding")."""
    body = MessageToDict(message, use_integers_for_enums=True)
    for span, encoded in zip(_spans(message), _encoded_spans(body), strict=True):
        _write_ids(span, encoded)
        for link, encoded_link in zip(span.links, encoded.get("links", ()), strict=True):
            _write_ids(link, encoded_link)
    return orjson.dumps(body)


def _write_ids(message: Span | Span.Link, encoded: dict[str, Any]) -> None:
    encoded["traceId"] = message.trace_id.hex()
    encoded["spanId"] = message.span_id.hex()
    if isinstance(message, Span) and message.parent_span_id:
        encoded["parentSpanId"] = message.parent_span_id.hex()


def _spans(message: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans


def _encoded_spans(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in body.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            yield from scope_spans.get("spans", ())
