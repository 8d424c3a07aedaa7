"""A span that came out against the one that is expected: each difference in a line."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from opentelemetry.proto.trace.v1.trace_pb2 import Status as SpanStatus

from collector.attributes import Attributes
from collector.batch import SpanRecord
from collector.testing.spans import span_id
from collector.testing.suite import ExpectedEvent, ExpectedSpan
from collector.testing.values import Matches
from collector.wire import serialized

_MOST_NAMES = 10
_MOST_CHARACTERS = 300
"""Of a value: what was expected is to stay in sight."""

E = TypeVar("E", ExpectedSpan, ExpectedEvent)


def unlike_spans(expected: Iterable[ExpectedSpan], records: Iterable[SpanRecord]) -> Iterator[str]:
    """How the spans that are most like the expected ones differ; each stands for one of them."""
    remaining = list(records)
    for span in expected:
        title = f"span {span.id or span.name!r}" if span.id or span.name else "a span"
        candidates = [record for record in remaining if _is_meant(span, record)]
        if not candidates:
            yield f"{title}: did not come out{names(record.span.name for record in remaining)}"
        yield from _taken(title, span, candidates, remaining, _unlike)


def names(found: Iterable[str]) -> str:
    """What there is, for a message."""
    shown = [repr(name) for name in found]
    more = f" and {len(shown) - _MOST_NAMES} more" if len(shown) > _MOST_NAMES else ""
    return f"; there is {', '.join(shown[:_MOST_NAMES])}{more}" if shown else "; nothing is there"


def is_close(value: Any, wanted: Any) -> bool:
    """Equal, and of the same kind: true is not 1. Numbers may differ by a rounding."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    if isinstance(value, int | float) and isinstance(wanted, int | float):
        both_none = math.isnan(value) and math.isnan(wanted)
        return both_none or math.isclose(value, wanted, rel_tol=1e-9)
    if isinstance(value, list) and isinstance(wanted, list):
        return len(value) == len(wanted) and all(map(is_close, value, wanted))
    if isinstance(value, dict) and isinstance(wanted, dict):
        return value.keys() == wanted.keys() and all(is_close(value[k], wanted[k]) for k in wanted)
    return bool(value == wanted)


def _taken(
    title: str,
    expected: E,
    candidates: Iterable[Any],
    remaining: list[Any],
    unlike: Callable[[E, Any], Iterator[str]],
) -> Iterator[str]:
    """How the candidate with the fewest differences differs; it is taken out of `remaining`."""
    judged = [(found, list(unlike(expected, found))) for found in candidates]
    if judged:
        likest, differences = min(judged, key=lambda one: len(one[1]))
        remaining.remove(likest)
        yield from (f"{title}: {difference}" for difference in differences)


def _is_meant(expected: ExpectedSpan, record: SpanRecord) -> bool:
    """Whether it is that span, by its id, or else by its name."""
    if expected.id is not None:
        return record.span.span_id == span_id(expected.id)
    return expected.name in (None, record.span.name)


def _unlike(expected: ExpectedSpan, record: SpanRecord) -> Iterator[str]:
    span = record.span
    status = SpanStatus.StatusCode.Name(span.status.code).removeprefix("STATUS_CODE_").lower()
    for key, wanted, value in (
        ("name", expected.name, span.name),
        ("status", expected.status, status),
        ("message", expected.message, span.status.message),
        ("tracestate", expected.tracestate, span.trace_state),
    ):
        if wanted is not None and (fault := _fault(wanted, value)):
            yield f"{key}: {fault}"
    yield from _unlike_attributes(expected.attributes, record.attributes.values)
    of_resource = record.resource.attributes.values if expected.resource else {}
    for difference in _unlike_attributes(expected.resource, of_resource):
        yield f"resource: {difference}"
    yield from _unlike_events(expected.events, span.events)


def _unlike_events(expected: Iterable[ExpectedEvent], events: Iterable[Any]) -> Iterator[str]:
    remaining = list(events)
    for event in expected:
        title = f"event {event.name!r}" if event.name else "an event"
        candidates = [one for one in remaining if event.name in (None, one.name)]
        if not candidates:
            yield f"{title}: is not there{names(one.name for one in remaining)}"
        yield from _taken(title, event, candidates, remaining, _unlike_event)


def _unlike_event(expected: ExpectedEvent, event: Any) -> Iterator[str]:
    return _unlike_attributes(expected.attributes, Attributes(serialized(event)).values)


def _unlike_attributes(expected: Mapping[str, Any], values: Mapping[str, Any]) -> Iterator[str]:
    for key, wanted in expected.items():
        if fault := _fault(wanted, values.get(key)):
            yield f"{key}: {fault}"


def _fault(wanted: Any, value: Any) -> str:
    """What is wrong with a value; None: it is not there."""
    if wanted is None:
        return "" if value is None else f"is {_shown(value)}, expected none"
    found = "is not there" if value is None else f"is {_shown(value)}"
    if isinstance(wanted, Matches):
        matches = value is not None and re.fullmatch(wanted.matches, str(value), re.DOTALL)
        return "" if matches else f"{found}, expected a match of {wanted.matches!r}"
    return "" if is_close(value, wanted) else f"{found}, expected {_shown(wanted)}"


def _shown(value: Any) -> str:
    text = repr(value)
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[:_MOST_CHARACTERS]}… ({len(text):,} characters)"
