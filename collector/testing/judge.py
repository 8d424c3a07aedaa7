"""What came out against what was to come out: each difference in a line."""

import math
import re
from collections.abc import Iterator
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from collector.batch import Batch, SpanRecord
from collector.testing import samples
from collector.testing.run import Outcome
from collector.testing.spans import span_id
from collector.testing.suite import Expect, ExpectedSpan, Matches

_MOST_NAMES = 10


def differences(expect: Expect, outcome: Outcome) -> Iterator[str]:
    """What is not as expected."""
    for name in expect.exporters or outcome.reached:
        for difference in _of_exporter(expect, outcome.sent[name]):
            yield f"{name}: {difference}"
    dropped = samples.by_label(outcome.registry, "winnow_dropped_spans_total", "reason")
    if expect.dropped is not None and dropped != expect.dropped:
        yield f"dropped: is {dropped}, expected {expect.dropped}"
    labels = set(samples.label_values(outcome.registry))
    for text in expect.never:
        if any(text in label for label in labels):
            yield f"never: {text!r} stands in a label of the metrics"
    for written, value in expect.metrics.items():
        yield from _metric(outcome, written, value)


def _of_exporter(expect: Expect, sent: Batch) -> Iterator[str]:
    if expect.count is not None and sent.span_count != expect.count:
        yield f"count: is {sent.span_count}, expected {expect.count}{_names(sent.spans)}"
    remaining = list(sent.spans)
    for expected in expect.spans:
        yield from _span(expected, remaining)
    for text in expect.never:
        if text.encode() in sent.payload:
            yield f"never: {text!r} came out"


def _metric(outcome: Outcome, written: str, expected: float) -> Iterator[str]:
    try:
        value = samples.total(outcome.registry, samples.read_series(written))
    except ValueError as error:
        yield f"metrics: {written}: {error}"
        return
    if not _equal(value, expected):
        yield f"metrics: {written}: is {value:g}, expected {expected:g}"


def _span(expected: ExpectedSpan, remaining: list[SpanRecord]) -> Iterator[str]:
    """How the span that is most like the expected one differs; it is then taken from the rest."""
    title = f"span {expected.id or expected.name or ''!r}"
    candidates = [record for record in remaining if _is_meant(expected, record)]
    if not candidates:
        yield f"{title}: did not come out{_names(remaining)}"
        return
    found = min(candidates, key=lambda record: len(list(_unlike(expected, record))))
    remaining.remove(found)
    for difference in _unlike(expected, found):
        yield f"{title}: {difference}"


def _is_meant(expected: ExpectedSpan, record: SpanRecord) -> bool:
    """Whether it is that span, by its id, or else by its name."""
    if expected.id is not None:
        return record.span.span_id == span_id(expected.id)
    return expected.name in (None, record.span.name)


def _unlike(expected: ExpectedSpan, record: SpanRecord) -> Iterator[str]:
    span = record.span
    status = SpanStatus.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_").lower()
    for key, text, value in (
        ("name", expected.name, span.name),
        ("status", expected.status, status),
        ("message", expected.message, span.status.message),
    ):
        if text is not None and text != value:
            yield f"{key}: is {value!r}, expected {text!r}"
    values = record.attributes.values
    for key, wanted in expected.attributes.items():
        if fault := _fault(wanted, values.get(key)):
            yield f"{key}: {fault}"


def _fault(wanted: Any, value: Any) -> str:
    """What is wrong with the value of an attribute; None: it is not there."""
    if wanted is None:
        return "" if value is None else f"is {value!r}, expected none"
    shown = "is not there" if value is None else f"is {value!r}"
    if isinstance(wanted, Matches):
        matches = value is not None and re.fullmatch(wanted.matches, str(value), re.DOTALL)
        return "" if matches else f"{shown}, expected a match of {wanted.matches!r}"
    return "" if _equal(value, wanted) else f"{shown}, expected {wanted!r}"


def _equal(value: Any, wanted: Any) -> bool:
    """Equal, and of the same kind: true is not 1. Numbers may differ by a rounding."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        return math.isclose(value, wanted, rel_tol=1e-9)
    return bool(value == wanted)


def _names(records: list[SpanRecord]) -> str:
    """What did come out, for a message."""
    names = [repr(record.span.name) for record in records]
    more = ", …" if len(names) > _MOST_NAMES else ""
    return f"; there is {', '.join(names[:_MOST_NAMES])}{more}" if names else "; nothing is there"
