"""The `debug` exporter: writes what arrives to standard error, for people to read."""

import re
import sys
import threading
from collections.abc import Iterator
from typing import Any, Literal, TextIO

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from pydantic import Field

from collector import (
    Attributes,
    Batch,
    Context,
    Exporter,
    ExporterConfig,
    ResourceRecord,
    ScopeRecord,
    SpanRecord,
    Value,
)

_CONTROLS = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""What JSON leaves as it is: DEL, the C1 controls, and what turns the direction of writing."""


class DebugConfig(ExporterConfig):
    """Writes what arrives to standard error; the settings are the Collector's.

    `normal` and `detailed` show attribute values: put it behind `redaction`.
    """

    verbosity: Literal["basic", "normal", "detailed"] = "basic"
    """`basic` logs how many spans came, `normal` writes a line a span, `detailed` all of it."""
    sampling_initial: int = Field(default=2, ge=0)
    """How many batches are written each second before only some of them are."""
    sampling_thereafter: int = Field(default=1, ge=0)
    """Of the batches after those, one in this many is written; 0 is none of them."""


class Debug(Exporter[DebugConfig]):
    """Writes what arrives to standard error."""

    Config = DebugConfig

    def __init__(self, config: DebugConfig, context: Context) -> None:
        super().__init__(config, context)
        self._lock = threading.Lock()
        self._second = -1
        self._seen = 0

    def push(self, batch: Batch) -> int:
        """Write the batch, if it is this second's turn; it never refuses a span."""
        with self._lock:
            if not self._its_turn():
                return 0
            if self.config.verbosity == "basic":
                self._log(batch)
            elif self.config.verbosity == "normal":
                _write(sys.stderr, map(one_line, batch.spans))
            else:
                _write(sys.stderr, detailed(batch))
        return 0

    def _log(self, batch: Batch) -> None:
        resources = len(batch.request.resource_spans)
        self.context.logger.info("traces", resource_spans=resources, spans=batch.span_count)

    def _its_turn(self) -> bool:
        config = self.config
        second = int(self.context.clock.monotonic())
        if second != self._second:
            self._second, self._seen = second, 0
        self._seen += 1
        beyond = self._seen - config.sampling_initial
        if beyond <= 0:
            return True
        return config.sampling_thereafter > 0 and beyond % config.sampling_thereafter == 0


def _write(stream: TextIO, lines: Iterator[str]) -> None:
    stream.write("".join(f"{line}\n" for line in lines))
    stream.flush()


def one_line(record: SpanRecord) -> str:
    """The span on one line: name, ids, attributes."""
    span = record.span
    attributes = (f"{text(key)}={text(value)}" for key, value in record.attributes.items())
    return " ".join((text(span.name), span.trace_id.hex(), span.span_id.hex(), *attributes))


def detailed(batch: Batch) -> Iterator[str]:
    """Everything in the batch, a line a field."""
    resource: ResourceRecord | None = None
    scope: ScopeRecord | None = None
    for number, record in enumerate(batch.spans):
        if record.resource is not resource:
            resource = record.resource
            yield "Resource"
            yield from _attributes(resource.attributes)
        if record.scope is not scope:
            scope = record.scope
            yield f"Scope {text(scope.scope.name)} {text(scope.scope.version)}"
            yield from _attributes(scope.attributes)
        yield f"Span #{number}"
        yield from _span(record)


def _span(record: SpanRecord) -> Iterator[str]:
    span = record.span
    fields = {
        "Trace ID": span.trace_id.hex(),
        "Parent ID": span.parent_span_id.hex(),
        "ID": span.span_id.hex(),
        "Name": text(span.name),
        "Kind": _name(Span.SpanKind, span.kind),
        "Start time": f"{span.start_time_unix_nano} ns",
        "Duration": f"{record.duration:.6f} s",
        "Status code": _name(Status.StatusCode, span.status.code),
        "Status message": text(span.status.message),
        "Trace state": text(span.trace_state),
    }
    yield from (f"    {name:<15}: {value}" for name, value in fields.items())
    yield from _attributes(record.attributes)
    for event in span.events:
        yield f"    Event {text(event.name)} at {event.time_unix_nano} ns"
        yield from _attributes(Attributes(event.attributes))
    for link in span.links:
        yield f"    Link to trace {link.trace_id.hex()} span {link.span_id.hex()}"
        yield from _attributes(Attributes(link.attributes))


def _name(enum: Any, number: int) -> str:
    return enum.Name(number) if number in enum.values() else str(number)


def _attributes(attributes: Attributes) -> Iterator[str]:
    return (f"     -> {text(key)}: {text(value)}" for key, value in attributes.items())


def text(value: Value) -> str:
    """A value as JSON, so that no control character reaches the terminal; bytes in hex."""
    written = orjson.dumps(value, default=lambda data: data.hex()).decode()
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
