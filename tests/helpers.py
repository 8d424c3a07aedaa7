"""Building blocks for tests: a clock moved by hand, a sink that remembers, spans by keyword."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from collector import Batch, Component, Context, SpanRecord, write_value
from collector.storage import Storage
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts

C = TypeVar("C", bound=Component[Any])
_numbers = itertools.count(1)
START = 1_750_000_000


class ManualClock:
    """Stands still until a test moves it."""

    def __init__(self, now: float = float(START)) -> None:
        self.time = now

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += seconds


class Sink:
    """The end of a chain: keeps the batches it was given, or raises what it was told to."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.error: Exception | None = None

    def consume(self, batch: Batch) -> None:
        if self.error is not None:
            raise self.error
        self.batches.append(batch)

    @property
    def spans(self) -> list[SpanRecord]:
        return [record for batch in self.batches for record in batch.spans]


def make_context(component_id: str = "test", **overrides: Any) -> Context:
    """A context with a metrics registry of its own, memory storage and a manual clock."""
    metrics = overrides.pop("metrics", None) or Metrics()
    storage = overrides.pop("storage", None) or Storage()
    storage.open()
    return Context(
        component_id=component_id,
        state_key=f"traces/{component_id}",
        counts=SpanCounts(metrics, component_id, "traces"),
        storage=storage,
        clock=overrides.pop("clock", None) or ManualClock(),
        logger=structlog.get_logger().bind(component=component_id),
    )


def make(component: type[C], settings: dict[str, Any] | None = None, **overrides: Any) -> C:
    """A component built from YAML-like settings, wired to a Sink (`.next`)."""
    made = component(component.Config.model_validate(settings or {}), make_context(**overrides))
    made.next = Sink()  # type: ignore[attr-defined]
    return made


def span(
    name: str = "step",
    *,
    trace: int = 1,
    attributes: dict[str, Any] | None = None,
    error: bool = False,
    start: float = START,
    seconds: float = 0.1,
    parent: bytes = b"",
    **fields: Any,
) -> Span:
    """A span of trace number `trace`, with an id of its own."""
    made = Span(
        trace_id=trace.to_bytes(16, "big"),
        span_id=next(_numbers).to_bytes(8, "big"),
        parent_span_id=parent,
        name=name,
        start_time_unix_nano=int(start * 1e9),
        end_time_unix_nano=int((start + seconds) * 1e9),
        **fields,
    )
    if error:
        made.status.code = Status.STATUS_CODE_ERROR
    for key, value in (attributes or {}).items():
        write_value(made.attributes.add(key=key).value, value)
    return made


def request(*spans: Span, resource: dict[str, Any] | None = None) -> ExportTraceServiceRequest:
    """An OTLP request with these spans, or those of records, under one resource and scope."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    for key, value in (resource or {"service.name": "agent"}).items():
        write_value(resource_spans.resource.attributes.add(key=key).value, value)
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "test"
    scope_spans.spans.extend(Span.FromString(span.SerializeToString()) for span in spans)
    return message


def batch(*spans: Span, resource: dict[str, Any] | None = None) -> Batch:
    """A batch with these spans under one resource."""
    return Batch(request(*spans, resource=resource))


def consume(component: Any, *batches: Batch) -> None:
    """Hand batches to a component as a receiver would: each in a committed transaction."""
    for item in batches:
        with component.context.storage.transaction() as transaction:
            item.transaction = transaction
            component.consume(item)


def attributes(spans: Iterable[SpanRecord]) -> list[dict[str, Any]]:
    """The attributes of each span, as Python values."""
    return [dict(record.attributes.items()) for record in spans]


def spans_of(message: ExportTraceServiceRequest) -> list[Span]:
    """Every span of an OTLP request, in order."""
    return [
        span
        for resource_spans in message.resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> Any:
    """The condition's first true value. Fails when the time is over."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not (result := condition()):
        assert time.monotonic() < deadline, "the condition never came true"
        pause.wait(0.01)
    return result


def metric(component: Any, name: str, /, **labels: str) -> float:
    """The value of one sample in the component's registry; 0 where it was never counted."""
    value = component.context.counts.metrics.registry.get_sample_value(name, labels)
    return value or 0.0
