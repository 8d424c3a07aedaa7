"""The spans of a test, as OTLP."""

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span
from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from collector.attributes import write_value
from collector.testing.suite import Case, SentSpan
from collector.testing.values import is_id

_SCOPE = "winnow test"
_SECOND = 10**9


def request(case: Case) -> ExportTraceServiceRequest:
    """The request that sends the spans of a test."""
    made = ExportTraceServiceRequest()
    resource_spans = made.resource_spans.add()
    _write(resource_spans.resource, case.resource)
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = _SCOPE
    begin = int(case.at.timestamp() * _SECOND) if case.at else time.time_ns()
    for number, span in enumerate(case.spans):
        _add(scope_spans, span, number, begin)
    return made


def span_id(word: str) -> bytes:
    """The id of the span that a test calls `word`: the same in every run."""
    return _id(word, b"span", 8)


def _id(word: str, kind: bytes, size: int) -> bytes:
    """An id of `size` bytes: the one that is written, in hex, or one that is made of the word."""
    if is_id(word, size):
        return bytes.fromhex(word)
    return hashlib.blake2b(word.encode(), digest_size=size, person=kind).digest()


def _add(scope_spans: ScopeSpans, span: SentSpan, number: int, begin: int) -> None:
    start = begin + int(span.start * _SECOND)
    made = scope_spans.spans.add(
        trace_id=_id(span.trace, b"trace", 16),
        span_id=span_id(span.id or f"{number}"),
        parent_span_id=span_id(span.parent) if span.parent else b"",
        name=span.name,
        kind=Span.SpanKind.Value(f"SPAN_KIND_{span.kind.upper()}"),
        start_time_unix_nano=start,
        end_time_unix_nano=start + int(span.duration * _SECOND),
        trace_state=span.tracestate,
    )
    if span.status != "unset" or span.message:
        made.status.code = SpanStatus.StatusCode.Value(f"STATUS_CODE_{span.status.upper()}")
        made.status.message = span.message
    _write(made, span.attributes)
    for event in span.events:
        _write(made.events.add(name=event.name, time_unix_nano=start), event.attributes)


def _write(holder: Any, attributes: Mapping[str, Any]) -> None:
    for key, value in attributes.items():
        write_value(holder.attributes.add(key=key).value, value)
