"""The OpenTelemetry SDK on simulated time: minutes of work are traced in milliseconds."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode

from collector.demo.vocabulary import Attributes

QUEUE_SPANS = 8192
"""Room for what is traced between two calls of `flush`; the SDK drops what does not fit."""


class Tracing:
    """Spans with simulated start and end, exported by the SDK's own OTLP/gRPC exporter."""

    def __init__(self, endpoint: str) -> None:
        """`endpoint` is `host:port` of a daemon that takes OTLP/gRPC without TLS."""
        resource = Resource.create(
            {
                "service.name": "winnow-demo",
                "service.version": "1.0.0",
                "deployment.environment.name": "demo",
            }
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=endpoint, insecure=True, timeout=10)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, QUEUE_SPANS))
        self._tracer = self._provider.get_tracer("winnow.demo")
        self._now = time.time_ns()
        self.traces: set[str] = set()
        """The trace ids so far, as 32 hex digits."""
        self.spans = 0
        """How many spans were ended."""

    def rewind(self, seconds: float) -> None:
        """Let the simulated time be so many seconds ago."""
        self._now = time.time_ns() - int(seconds * 1e9)

    def spend(self, seconds: float) -> None:
        """Let simulated time pass."""
        self._now += int(seconds * 1e9)

    @contextmanager
    def step(
        self, name: str, attributes: Attributes, kind: SpanKind = SpanKind.INTERNAL
    ) -> Iterator[Span]:
        """A span for the length of the block; one that raises is recorded as failed."""
        with self._tracer.start_as_current_span(
            name,
            kind=kind,
            attributes=attributes,
            start_time=self._now,
            end_on_exit=False,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield span
            except Exception as error:
                span.record_exception(error, timestamp=self._now)
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR, str(error)))
                raise
            finally:
                self._end(span)

    def flush(self) -> None:
        """Send everything that was traced so far."""
        self._provider.force_flush()

    def close(self) -> None:
        """Send the rest and let the connection go."""
        self._provider.shutdown()

    def _end(self, span: Span) -> None:
        span.end(end_time=self._now)
        self.traces.add(f"{span.get_span_context().trace_id:032x}")
        self.spans += 1
