"""Every place of an OTLP message that can hold text."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector import Attributes, ResourceRecord, ScopeRecord, SpanRecord
from processors.redaction.keys import is_technical
from processors.redaction.redactor import Redactor
from processors.redaction.run import Run


class SpanRedactor:
    """Redacts the messages of one batch, in place. Of one thread."""

    def __init__(self, redactor: Redactor, run: Run) -> None:
        self._redactor = redactor
        self._run = run
        self._seen: dict[tuple[str, str], tuple[str, list[tuple[str, str]], list[str]]] = {}

    def span(self, record: SpanRecord) -> None:
        """Redact all text of a span; its ids, times, kind and status code stay."""
        span = record.span
        self._field(span, "name")
        self._field(span.status, "message")
        self._trace_state(span)
        self._attributes(record.attributes, span.attributes)
        for event in span.events:
            self._field(event, "name")
            self._attributes(Attributes(event.attributes), event.attributes)
        for link in span.links:
            self._trace_state(link)
            self._attributes(Attributes(link.attributes), link.attributes)

    def resource(self, record: ResourceRecord) -> None:
        """Redact the attributes of a resource."""
        self._attributes(record.attributes, record.resource.attributes)

    def scope(self, record: ScopeRecord) -> None:
        """Redact the name and the attributes of an instrumentation scope."""
        self._field(record.scope, "name")
        self._attributes(record.attributes, record.scope.attributes)

    def _attributes(self, index: Attributes, entries: Any) -> None:
        # The index knows the last of equal keys only; the others hold somebody's data too.
        twice = len(index) != len(entries)
        pairs = list(entries) if twice else list(index.entries.values())
        renamed = {}
        index.memo = None
        for entry in pairs:
            key = entry.key
            if is_technical(key):
                continue
            self._value(entry.value, key)
            if (new := self._redactor.redact_key(key, self._run)) != key:
                renamed[key] = new
        for key, new in renamed.items():
            index.set(new, index.get(key))
            index.delete(key)

    def _value(self, value: AnyValue, key: str) -> None:
        match value.WhichOneof("value"):
            case "string_value":
                old = value.string_value
                if (new := self._text(old, key)) is not old:
                    value.string_value = new
            case "int_value" | "double_value" as kind:
                number = getattr(value, kind)
                if (text := self._redactor.redact_number(number, key, self._run)) is not None:
                    value.string_value = text
            case "array_value":
                for item in value.array_value.values:
                    self._value(item, key)
            case "kvlist_value":
                self._entries(value.kvlist_value.values)
            case "bytes_value":
                self._bytes(value, key)
            case "bool_value" | None:
                pass
            case _:  # a kind of value that this version of OTLP does not document
                value.string_value = self._run.mask("error")

    def _entries(self, entries: Any) -> None:
        for entry in entries:
            self._value(entry.value, entry.key)
            entry.key = self._redactor.redact_key(entry.key, self._run)

    def _bytes(self, value: AnyValue, key: str) -> None:
        old = value.bytes_value
        try:
            text = old.decode()
        except UnicodeDecodeError:
            return
        if (new := self._text(text, key)) is not text:
            value.bytes_value = new.encode()

    def _field(self, message: Any, name: str) -> None:
        old = getattr(message, name)
        if old and (new := self._text(old, "")) is not old:
            setattr(message, name, new)

    def _trace_state(self, message: Any) -> None:
        """Drop members of a tracestate (W3C Trace Context) that hold something; `ot` cannot."""
        if not message.trace_state:
            return
        members = message.trace_state.split(",")
        kept = [m for m in members if m.lstrip().startswith("ot=") or self._text(m, "") is m]
        if len(kept) < len(members):
            message.trace_state = ",".join(kept)

    def _text(self, text: str, key: str) -> str:
        """The redacted text: the very same object where nothing changed."""
        if len(text) < 4:
            return text
        run = self._run
        remembered = self._seen.get((text, key))
        if remembered is None:
            done, masked = len(run.done), len(run.masked)
            redacted = self._redactor.redact(text, key, run)
            self._seen[text, key] = redacted, run.done[done:], run.masked[masked:]
        else:
            redacted, again, masked_again = remembered
            run.done += again
            run.masked += masked_again
        return text if redacted == text else redacted


def discard_unsearchable(message: ExportTraceServiceRequest) -> None:
    """Take out what no record leads to: unknown fields, resources and scopes without spans."""
    message.DiscardUnknownFields()
    for resource_spans in message.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            if not scope_spans.spans:
                scope_spans.Clear()
        if not any(scope_spans.spans for scope_spans in resource_spans.scope_spans):
            resource_spans.Clear()


def mask_record(record: SpanRecord | ResourceRecord | ScopeRecord, mask: str) -> None:
    """Take all text out of a record; a span's name becomes `mask`."""
    for key in list(record.attributes):
        record.attributes.delete(key)
    if isinstance(record, SpanRecord):
        span = record.span
        span.name = mask
        span.trace_state = span.status.message = ""
        del span.events[:]
        del span.links[:]
