"""Every place of an OTLP message that can hold text."""

import base64
import re
from typing import Any

import orjson
from google.protobuf.message import Message
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector import ResourceRecord, ScopeRecord, SpanRecord, to_python
from collector.attributes import decode
from collector.wire import serialized
from processors.redaction.keys import is_technical
from processors.redaction.redactor import Redactor
from processors.redaction.rules import DROP, Treatment
from processors.redaction.run import Run

# What samplers write (OpenTelemetry, "TraceState: Probability Sampling"): hexadecimal digits that
# may all be decimal, and then look like a card.
_SAMPLING = re.compile(r"\s*ot=(?:(?:th|rv):[0-9a-f]{1,14}(?:;|\Z))+")

_NUMBERS = ("int_value", "double_value")
# Binary data may hold text as well. A byte that is not ASCII is read as a character for private
# use, which is no part of any word.
_HIDDEN = {byte: 0xE000 + byte for byte in range(0x80, 0x100)}
_SHOWN = {character: byte for byte, character in _HIDDEN.items()}


Text = tuple[str, str, Treatment | None]
"""A text, the key it stands under, and its treatment if that is not the key's."""
Seen = dict[Text, tuple[str, list[tuple[str, str]], list[str]]]
"""What comes of texts: redacted, and what is noted in a run, as done and as masked."""


class SpanRedactor:
    """Redacts the messages of one batch, in place. Of one thread."""

    def __init__(
        self,
        values: "ValueRedactor",
        labels: "ValueRedactor",
        technical: "ValueRedactor",
    ) -> None:
        """`labels` is for what software names itself: spans, events, scopes and schemas;
        `technical` for what `keys.is_technical` names; `values` for all else. One run is for all.
        """
        self._values = values
        self._labels = labels
        self._technical = technical
        self._treatments = values.treatments
        self._done = values.done
        self._clean: set[bytes] = set()
        """Serialized attributes in which there was nothing to do."""

    def span(self, record: SpanRecord) -> None:
        """Redact all text of a span; its ids, times, kind and status code stay."""
        span = record.span
        self._labels.field(span, "name")
        self._values.field(span.status, "message")
        self._trace_state(span)
        self._attributes(span)
        record.reread()
        for event in span.events:
            self._labels.field(event, "name")
            self._attributes(event)
        for link in span.links:
            self._trace_state(link)
            self._attributes(link)

    def resource(self, record: ResourceRecord) -> None:
        """Redact the attributes, the schema and the entities of a resource."""
        self._labels.field(record, "schema_url")
        self._attributes(record.resource)
        record.reread()
        for entity in record.resource.entity_refs:
            for name in ("schema_url", "type"):
                self._labels.field(entity, name)
            for keys in (entity.id_keys, entity.description_keys):
                for position, key in enumerate(keys):
                    keys[position] = self._values.key(key)

    def scope(self, record: ScopeRecord) -> None:
        """Redact the name, version, schema and attributes of an instrumentation scope."""
        self._labels.field(record, "schema_url")
        self._labels.field(record.scope, "name")
        self._technical.field(record.scope, "version")
        self._attributes(record.scope)
        record.reread()

    def _attributes(self, holder: Any) -> None:
        attributes = serialized(holder)
        before = attributes[:]
        after = [self._attribute(item) for item in before]
        if after != before:
            keys = [decode(item)[0] for item in before]
            dropped = {key for key, new in zip(keys, after, strict=True) if new is None}
            del attributes[:]
            attributes.extend(
                new
                for key, new in zip(keys, after, strict=True)
                if new is not None and key not in dropped
            )

    def _attribute(self, item: bytes) -> bytes | None:
        """The redacted KeyValue; None where it is to be dropped."""
        if item in self._clean:
            return item
        entry = KeyValue.FromString(item)
        entry.DiscardUnknownFields()
        done, found = self._done, len(self._done)
        self._entry(entry)
        if any(action == DROP for _, action in done[found:]):
            return None
        redacted = entry.SerializeToString()
        if redacted == item and len(done) == found:
            self._clean.add(item)
        return redacted

    def _entry(self, entry: KeyValue) -> None:
        key = entry.key
        treatment = self._treatments.of(key)
        if treatment is not self._treatments.ordinary or not is_technical(key):
            self._values.value(entry.value, key, treatment)
        elif entry.value.WhichOneof("value") not in _NUMBERS:
            self._technical.value(entry.value, key)
        entry.key = self._values.key(key)

    def _trace_state(self, message: Any) -> None:
        """Drop members of a tracestate (W3C Trace Context) that hold something."""
        if not message.trace_state:
            return
        members = message.trace_state.split(",")
        kept = [m for m in members if _SAMPLING.fullmatch(m) or self._labels.text(m, "") is m]
        if len(kept) < len(members):
            message.trace_state = ",".join(kept)


class ValueRedactor:
    """Redacts values of every kind with one redactor. Of one thread, for one batch."""

    def __init__(self, redactor: Redactor, run: Run, seen: Seen | None = None) -> None:
        """`seen` is what is known of texts already."""
        self._redactor = redactor
        self._run = run
        self._seen = {} if seen is None else seen
        self.treatments = redactor.treatments
        """What is done to values, by their keys."""
        self.done = run.done
        """What was done so far."""

    def value(self, value: AnyValue, key: str, treatment: Treatment | None = None) -> None:
        """Redact the value of an attribute, in place; by default as its key says."""
        treatment = treatment or self._redactor.treatments.of(key)
        if treatment.whole:
            self._whole(value, key, treatment)
        elif treatment.searched:
            self._search(value, key, treatment)

    def _whole(self, value: AnyValue, key: str, treatment: Treatment) -> None:
        if value.WhichOneof("value") is not None:
            value.string_value = self._redactor.redact(_as_text(value), key, self._run, treatment)

    def _search(self, value: AnyValue, key: str, treatment: Treatment) -> None:
        match value.WhichOneof("value"):
            case "string_value":
                old = value.string_value
                if (new := self.text(old, key, treatment)) is not old:
                    value.string_value = new
            case "int_value" | "double_value" as kind:
                self._number(value, getattr(value, kind), key, treatment)
            case "array_value":
                for item in value.array_value.values:
                    self.value(item, key, treatment)
            case "kvlist_value":
                self._entries(value.kvlist_value.values, treatment)
            case "bytes_value":
                self._bytes(value, key, treatment)
            case "bool_value" | None:
                pass
            case _:  # a kind of value that this version of OTLP does not document
                value.string_value = self._run.mask("error")

    def key(self, key: str) -> str:
        """The redacted name of an attribute."""
        return self._redactor.redact_key(key, self._run)

    def field(self, message: Any, name: str) -> None:
        """Redact a field of text, in place."""
        old = getattr(message, name)
        if old and (new := self.text(old, "")) is not old:
            setattr(message, name, new)

    def text(self, text: str, key: str, treatment: Treatment | None = None) -> str:
        """The redacted text: the very same object where nothing changed."""
        if len(text) < self._redactor.shortest:
            return text
        run = self._run
        remembered = self._seen.get((text, key, treatment))
        if remembered is None:
            done, masked = len(run.done), len(run.masked)
            redacted = self._redactor.redact(text, key, run, treatment)
            self._seen[text, key, treatment] = redacted, run.done[done:], run.masked[masked:]
        else:
            redacted, again, masked_again = remembered
            run.done += again
            run.masked += masked_again
        return text if redacted == text else redacted

    def _number(self, value: AnyValue, number: float, key: str, treatment: Treatment) -> None:
        text = self._redactor.redact_number(number, key, self._run, treatment)
        if text is not None:
            value.string_value = text

    def _entries(self, entries: Any, outer: Treatment) -> None:
        for entry in entries:
            treatment = self._redactor.treatments.members[entry.key] or outer
            self.value(entry.value, entry.key, treatment)
            entry.key = self.key(entry.key)

    def _bytes(self, value: AnyValue, key: str, treatment: Treatment) -> None:
        old = value.bytes_value
        try:
            text, binary = old.decode(), False
        except UnicodeDecodeError:
            text, binary = old.decode("latin-1").translate(_HIDDEN), True
        if (new := self.text(text, key, treatment)) is not text:
            shown = new.translate(_SHOWN) if binary else new
            value.bytes_value = shown.encode("latin-1" if binary else "utf-8", "replace")


class TextCollector(ValueRedactor):
    """Changes nothing: collects the texts in which names may be."""

    def __init__(self, redactor: Redactor, run: Run) -> None:
        super().__init__(redactor, run)
        self.texts: dict[Text, None] = {}
        """In order, each once."""

    def text(self, text: str, key: str, treatment: Treatment | None = None) -> str:
        """See `ValueRedactor`."""
        if len(text) >= self._redactor.shortest:
            self.texts[text, key, treatment] = None
        return text

    def key(self, key: str) -> str:
        """See `ValueRedactor`."""
        return key

    def _whole(self, value: AnyValue, key: str, treatment: Treatment) -> None:
        pass

    def _number(self, value: AnyValue, number: float, key: str, treatment: Treatment) -> None:
        pass


def _as_text(value: AnyValue) -> str:
    """Text as it is, bytes as text or base64, the rest as JSON."""
    if value.WhichOneof("value") == "string_value":
        return value.string_value
    if value.WhichOneof("value") == "bytes_value":
        return _bytes_as_text(value.bytes_value)
    return orjson.dumps(to_python(value), default=_bytes_as_text).decode()


def _bytes_as_text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


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
    """Take all text out of a record; the name of a span or of a scope becomes `mask`."""
    if isinstance(record, SpanRecord):
        record.span.name = mask
        record.span.trace_state = record.span.status.message = ""
        _clear(record.span, "attributes", "events", "links")
    elif isinstance(record, ResourceRecord):
        record.schema_url = ""
        _clear(record.resource, "attributes", "entity_refs")
    else:
        record.schema_url = record.scope.version = ""
        record.scope.name = mask
        _clear(record.scope, "attributes")
    record.reread()


def _clear(message: Message, *fields: str) -> None:
    for field in fields:
        message.ClearField(field)
