"""Conditions on spans and their events: a documented subset of OTTL. See docs/sampling.md."""

from collections.abc import Callable
from typing import Annotated, TypeAlias

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import AfterValidator

from collector import SpanRecord
from processors._conditions.errors import ConditionError, ConditionSyntaxError
from processors._conditions.parser import parse
from processors._conditions.paths import NO_EVENT

SpanTest: TypeAlias = Callable[[SpanRecord], bool]
EventTest: TypeAlias = Callable[[SpanRecord, Span.Event], bool]


def span_condition(text: str) -> SpanTest:
    """Whether a span meets the condition. Raises ConditionSyntaxError, a ValueError.

    The test raises ConditionError for a span that the condition has no answer for.
    """
    test = parse(text, "span")
    return lambda record: test(record, NO_EVENT)


def event_condition(text: str) -> EventTest:
    """Whether an event of a span meets the condition; errors as in `span_condition`."""
    return parse(text, "spanevent")


def _check_span(text: str) -> str:
    span_condition(text)
    return text


def _check_event(text: str) -> str:
    event_condition(text)
    return text


SpanCondition = Annotated[str, AfterValidator(_check_span)]
"""A condition on spans, as a setting: one that cannot be read is a mistake in the file."""
EventCondition = Annotated[str, AfterValidator(_check_event)]
"""A condition on events of spans, as a setting."""

__all__ = [
    "ConditionError",
    "ConditionSyntaxError",
    "EventCondition",
    "EventTest",
    "SpanCondition",
    "SpanTest",
    "event_condition",
    "span_condition",
]
