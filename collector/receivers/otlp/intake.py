"""From a decoded request to an answer: the part that both transports share."""

import math
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.batch import Batch
from collector.component import Receiver
from collector.errors import RefusedError
from collector.wire import Request

_NO_TRACE, _NO_SPAN = bytes(16), bytes(8)
_PARENT_LENGTHS = frozenset((0, 8))


class Intake:
    """Hands requests of one transport to the pipelines and counts what came of them."""

    def __init__(self, receiver: Receiver[Any], transport: str) -> None:
        """`transport` is `grpc` or `http`, for the counters."""
        self._receiver = receiver
        self._log = receiver.context.logger
        metrics = receiver.context.counts.metrics
        labels = (receiver.context.component_id, transport)
        self._labels = labels
        self._accepted = metrics.counter(
            "winnow_receiver_accepted_spans",
            "Spans that the pipelines own.",
            ("receiver", "transport"),
        ).labels(*labels)
        self._refused = metrics.counter(
            "winnow_receiver_refused_spans",
            "Spans that were not taken; the sender was told.",
            ("receiver", "transport", "reason"),
        )
        self._bad_requests = metrics.counter(
            "winnow_receiver_bad_requests",
            "Requests that hold no spans that could be counted.",
            ("receiver", "transport", "reason"),
        )

    def take(
        self, request: ExportTraceServiceRequest, payload: bytes
    ) -> ExportTraceServiceResponse:
        """Give the spans to the pipelines; the answer for the sender, once they are owned.

        `request` is what `read_request` makes of `payload`. Raises RefusedError if they cannot be
        taken now, and whatever else a pipeline raises.
        """
        unusable = _take_out_unusable(request)
        batch = Batch(request=request, payload=None if unusable else payload)
        spans = batch.span_count
        if spans:
            self._consume(batch, spans)
        return self._answer(unusable)

    def bad_request(self, reason: str) -> None:
        """Count a request that could not be read."""
        self._bad_requests.labels(*self._labels, reason).inc()

    def _consume(self, batch: Batch, spans: int) -> None:
        try:
            self._receiver.next.consume(batch)
        except RefusedError as error:
            self._refused.labels(*self._labels, error.reason).inc(spans)
            raise
        except Exception:
            self._refused.labels(*self._labels, "internal").inc(spans)
            self._log.exception("a pipeline failed", spans=spans)
            raise
        self._accepted.inc(spans)

    def _answer(self, unusable: int) -> ExportTraceServiceResponse:
        response = ExportTraceServiceResponse()
        if unusable:
            self._refused.labels(*self._labels, "invalid_id").inc(unusable)
            response.partial_success.rejected_spans = unusable
            response.partial_success.error_message = (
                f"{unusable} spans were refused: a trace id must be 16 bytes and a span id 8 "
                "bytes, neither of them all zero"
            )
        return response


def read_request(payload: bytes) -> ExportTraceServiceRequest:
    """The request as batches hold it. Raises protobuf's DecodeError if it is malformed anywhere."""
    # What travels on keeps its attributes serialized, and so would not tell.
    ExportTraceServiceRequest.FromString(payload)
    return Request.FromString(payload)


def retry_seconds(error: RefusedError) -> int:
    """The wait to ask of the sender, in whole seconds, at least one."""
    return max(1, math.ceil(error.retry_after))


def _usable(span: Span) -> bool:
    """The OTLP specification's rules for ids; a parent may be absent."""
    trace_id, span_id = span.trace_id, span.span_id
    return (
        len(trace_id) == 16
        and len(span_id) == 8
        and trace_id != _NO_TRACE
        and span_id != _NO_SPAN
        and len(span.parent_span_id) in _PARENT_LENGTHS
    )


def _take_out_unusable(message: ExportTraceServiceRequest) -> int:
    """Remove the unusable spans; returns how many they were.

    A batch's records would take gigabytes where a request holds millions of empty spans.
    """
    unusable = 0
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            usable = [span for span in scope_spans.spans if _usable(span)]
            if len(usable) < len(scope_spans.spans):
                unusable += len(scope_spans.spans) - len(usable)
                del scope_spans.spans[:]
                scope_spans.spans.extend(usable)
    return unusable
