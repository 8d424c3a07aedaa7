"""A batch: the OTLP message itself, on its way down a pipeline."""

from collections.abc import Callable, Iterable, Mapping

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector.attributes import Attributes
from collector.transaction import Transaction
from collector.wire import Request


class _Shared:
    """What spans have in common, with the message that holds it and its schema URL."""

    __slots__ = ("_attributes", "_holder", "_message")

    def __init__(
        self, holder: ResourceSpans | ScopeSpans, message: Resource | InstrumentationScope
    ) -> None:
        self._holder = holder
        self._message = message
        self._attributes: Attributes | None = None

    @property
    def schema_url(self) -> str:
        """The schema that it follows."""
        return self._holder.schema_url

    @schema_url.setter
    def schema_url(self, value: str) -> None:
        self._holder.schema_url = value

    @property
    def attributes(self) -> Attributes:
        """Its attributes, indexed on first use."""
        if self._attributes is None:
            self._attributes = Attributes(self._message.attributes)
        return self._attributes

    def reread(self) -> None:
        """The attributes were edited in the message: read them anew when they are asked for."""
        self._attributes = None


class ResourceRecord(_Shared):
    """A resource and its attributes, shared by all its spans in the batch."""

    __slots__ = ("resource",)

    def __init__(self, holder: ResourceSpans) -> None:
        super().__init__(holder, holder.resource)
        self.resource = holder.resource


class ScopeRecord(_Shared):
    """An instrumentation scope, shared by all its spans in the batch."""

    __slots__ = ("scope",)

    def __init__(self, holder: ScopeSpans) -> None:
        super().__init__(holder, holder.scope)
        self.scope = holder.scope


class SpanRecord:
    """A span in its place: the message, its resource and scope, its attributes read once."""

    __slots__ = ("attributes", "resource", "scope", "span")

    def __init__(self, span: Span, resource: ResourceRecord, scope: ScopeRecord) -> None:
        self.span = span
        self.resource = resource
        self.scope = scope
        self.attributes = Attributes(span.attributes)

    def reread(self) -> None:
        """The attributes were edited in the message: read them anew."""
        self.attributes = Attributes(self.span.attributes)

    @property
    def failed(self) -> bool:
        """Whether the span's status is ERROR."""
        span = self.span
        # Reading a status that is not set would make one, at three times the cost of asking.
        return span.HasField("status") and span.status.code == Status.STATUS_CODE_ERROR

    @property
    def duration(self) -> float:
        """Seconds from start to end; 0 where the clock went backwards."""
        span = self.span
        elapsed = span.end_time_unix_nano - span.start_time_unix_nano
        return elapsed / 1e9 if elapsed > 0 else 0.0


class Batch:
    """Spans that travel together, with the transaction that will make them owned.

    It has up to three forms, each made when first asked for: `payload` is the serialized one;
    `request` is the one to edit, and `spans` leads through it; `message` is the one to read where
    attributes are wanted as messages. Whoever edits calls `changed()` (a `Processor` with `mutates`
    does), so that an unchanged batch leaves as the bytes that came in.
    """

    __slots__ = (
        "_message",
        "_payload",
        "_request",
        "_span_count",
        "_spans",
        "_traces",
        "transaction",
    )

    def __init__(
        self,
        message: ExportTraceServiceRequest | None = None,
        *,
        request: ExportTraceServiceRequest | None = None,
        payload: bytes | None = None,
        span_count: int | None = None,
        transaction: Transaction | None = None,
    ) -> None:
        """Takes one or more forms of the same message, and the span count where known.

        `transaction` is what the batch becomes owned with; one that nobody commits if not given.
        """
        if message is None and request is None and payload is None:
            payload = b""
        self._message = message
        self._request = request
        self._payload = payload
        self._spans: list[SpanRecord] | None = None
        self._traces: dict[bytes, list[SpanRecord]] | None = None
        self._span_count = span_count
        self.transaction = transaction or Transaction()

    @property
    def message(self) -> ExportTraceServiceRequest:
        """The message decoded in full, for reading only.

        Raises protobuf's DecodeError if the payload is malformed.
        """
        if self._message is None:
            self._message = ExportTraceServiceRequest.FromString(self.payload)
        return self._message

    @property
    def request(self) -> ExportTraceServiceRequest:
        """The message to edit: a `collector.wire.Request`, whose attributes are serialized."""
        if self._request is None:
            self._request = Request.FromString(self.payload)
        return self._request

    @property
    def payload(self) -> bytes:
        """The serialized message. Payloads joined with `b"".join` are one larger payload."""
        if self._payload is None:
            form = self._message if self._request is None else self._request
            self._payload = b"" if form is None else form.SerializeToString()
        return self._payload

    @property
    def spans(self) -> list[SpanRecord]:
        """A record for each span, made once and shared by every processor."""
        if self._spans is None:
            self._spans = list(_records(self.request.resource_spans))
        return self._spans

    @property
    def span_count(self) -> int:
        """How many spans the batch holds."""
        if self._span_count is None:
            self._span_count = sum(
                len(scope_spans.spans)
                for resource_spans in (self._message or self.request).resource_spans
                for scope_spans in resource_spans.scope_spans
            )
        return self._span_count

    def changed(self) -> None:
        """`request` was edited in place: the other forms are stale."""
        _ = self.request
        self._message = self._payload = None

    def replace(self, payload: bytes) -> None:
        """Take other spans, serialized, instead of these. Records made before are of no use."""
        self._payload = payload
        self._message = self._request = self._spans = self._traces = self._span_count = None

    def copy(self) -> "Batch":
        """An independent batch with the same spans, in the same transaction."""
        return Batch(
            payload=self.payload, span_count=self._span_count, transaction=self.transaction
        )

    def retain(self, keep: Callable[[SpanRecord], bool]) -> int:
        """Remove the spans for which `keep` is false; returns how many went."""
        doomed = {id(record) for record in self.spans if not keep(record)}
        if doomed:
            self._remove(doomed)
        return len(doomed)

    def _remove(self, doomed: set[int]) -> None:
        remaining = iter(self.spans)
        for resource_spans in self.request.resource_spans:
            for scope_spans in resource_spans.scope_spans:
                _rebuild(scope_spans, [next(remaining) for _ in scope_spans.spans], doomed)
        _prune(self.request)
        self.changed()
        self._spans = self._traces = self._span_count = None

    def by_trace(self) -> Mapping[bytes, list[SpanRecord]]:
        """The span records, grouped by trace id in order of arrival; made once and shared."""
        if self._traces is None:
            traces: dict[bytes, list[SpanRecord]] = {}
            current, group = None, []
            for record in self.spans:
                trace_id = record.span.trace_id
                if trace_id != current:  # those of a trace mostly stand together
                    current, group = trace_id, traces.setdefault(trace_id, [])
                group.append(record)
            self._traces = traces
        return self._traces


def _records(resources: Iterable[ResourceSpans]) -> Iterable[SpanRecord]:
    for resource_spans in resources:
        resource = ResourceRecord(resource_spans)
        for scope_spans in resource_spans.scope_spans:
            scope = ScopeRecord(scope_spans)
            for span in scope_spans.spans:
                yield SpanRecord(span, resource, scope)


def _rebuild(target: ScopeSpans, records: list[SpanRecord], doomed: set[int]) -> None:
    kept = [record.span for record in records if id(record) not in doomed]
    if len(kept) < len(records):
        del target.spans[:]
        target.spans.extend(kept)


def _prune(message: ExportTraceServiceRequest) -> None:
    """Drop scopes and resources that hold no spans any more."""
    for i in reversed(range(len(message.resource_spans))):
        scopes = message.resource_spans[i].scope_spans
        for j in reversed(range(len(scopes))):
            if not scopes[j].spans:
                del scopes[j]
        if not scopes:
            del message.resource_spans[i]
