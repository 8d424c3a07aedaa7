"""OTLP's JSON: protobuf's, but with trace and span ids in hex, and enums as numbers.

Source: opentelemetry-proto, docs/specification.md, "JSON Protobuf Encoding".
"""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import orjson
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.batch import Batch

_ID_FIELDS = ("traceId", "spanId", "parentSpanId", "trace_id", "span_id", "parent_span_id")
_SPAN_LISTS = (
    ("resourceSpans", "resource_spans"),
    ("scopeSpans", "scope_spans"),
    ("spans",),
)


def parse_json(body: bytes) -> ExportTraceServiceRequest:
    """Decode a JSON export request; unknown fields are ignored.

    An id that is not hex becomes empty, so that only its span is refused. Raises ValueError for
    anything that is not such a request.
    """
    document = orjson.loads(body)
    if not isinstance(document, dict):
        raise ValueError("the document is not a JSON object")
    for span in _descend(document, _SPAN_LISTS):
        _recode_ids(span)
        for link in _children(span, ("links",)):
            _recode_ids(link)
    try:
        return json_format.ParseDict(
            document, ExportTraceServiceRequest(), ignore_unknown_fields=True
        )
    except (json_format.Error, AttributeError, TypeError, RecursionError) as error:
        raise ValueError("the document is not an ExportTraceServiceRequest") from error


def _descend(node: Any, path: tuple[tuple[str, ...], ...]) -> list[Any]:
    nodes = [node]
    for names in path:
        nodes = [child for parent in nodes for child in _children(parent, names)]
    return nodes


def _children(node: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in names:
        items = node.get(name)
        if isinstance(items, list):
            found.extend(item for item in items if isinstance(item, dict))
    return found


def _recode_ids(holder: dict[str, Any]) -> None:
    for field in _ID_FIELDS:
        value = holder.get(field)
        if value is not None:
            holder[field] = _hex_to_base64(value)


def _hex_to_base64(value: Any) -> str:
    try:
        return base64.b64encode(binascii.unhexlify(value)).decode()
    except (binascii.Error, TypeError, ValueError):
        return ""


def to_json(batch: Batch) -> bytes:
    """The batch as a JSON export request, on one line."""
    body = json_format.MessageToDict(batch.message, use_integers_for_enums=True)
    for span, encoded in zip(_spans(batch.message), _encoded_spans(body), strict=True):
        _write_ids(span, encoded)
        if span.parent_span_id:
            encoded["parentSpanId"] = span.parent_span_id.hex()
        for link, encoded_link in zip(span.links, encoded.get("links", ()), strict=True):
            _write_ids(link, encoded_link)
    return orjson.dumps(body)


def _spans(message: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans


def _encoded_spans(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for resource_spans in body.get("resourceSpans", ()):
        for scope_spans in resource_spans.get("scopeSpans", ()):
            yield from scope_spans.get("spans", ())


def _write_ids(message: Span | Span.Link, encoded: dict[str, Any]) -> None:
    encoded["traceId"] = message.trace_id.hex()
    encoded["spanId"] = message.span_id.hex()
