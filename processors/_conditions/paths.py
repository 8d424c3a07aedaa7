"""What a condition can look at: the fields of a span, its resource, its scope and its events.

Source: contrib `pkg/ottl/contexts/ottlspan` and `ottlspanevent`.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Attributes, SpanRecord
from collector import tracestate as ts
from processors._conditions.errors import ConditionError
from processors._conditions.values import Id, Time
from processors._match import SPAN_KINDS

Context: TypeAlias = Literal["span", "spanevent"]
Getter: TypeAlias = Callable[[SpanRecord, Span.Event], Any]
"""A value of a span, or of one of its events."""
Key: TypeAlias = str | int
Keyed: TypeAlias = Callable[[SpanRecord, Span.Event], Attributes]

NO_EVENT = Span.Event()
"""What getters of the context `span` are called with."""


def _status_code(record: SpanRecord, _: Span.Event) -> int:
    span = record.span
    # Asked first, since reading a message that is not set makes one.
    return span.status.code if span.HasField("status") else 0


def _status_message(record: SpanRecord, _: Span.Event) -> str:
    span = record.span
    return span.status.message if span.HasField("status") else ""


def _kind_constant(record: SpanRecord, _: Span.Event) -> str:
    kind = record.span.kind
    return SPAN_KINDS[kind] if 0 <= kind < len(SPAN_KINDS) else ""


def _kind_name(record: SpanRecord, event: Span.Event) -> str:
    return _kind_constant(record, event).removeprefix("SPAN_KIND_").capitalize()


_SPAN: Mapping[str, Getter] = {
    "name": lambda record, _: record.span.name,
    "kind": lambda record, _: record.span.kind,
    "kind.string": _kind_name,
    "kind.deprecated_string": _kind_constant,
    "status.code": _status_code,
    "status.message": _status_message,
    "trace_id": lambda record, _: Id(record.span.trace_id.ljust(16, b"\0")),
    "trace_id.string": lambda record, _: record.span.trace_id.ljust(16, b"\0").hex(),
    "span_id": lambda record, _: Id(record.span.span_id.ljust(8, b"\0")),
    "span_id.string": lambda record, _: record.span.span_id.ljust(8, b"\0").hex(),
    "parent_span_id": lambda record, _: Id(record.span.parent_span_id.ljust(8, b"\0")),
    "parent_span_id.string": lambda record, _: record.span.parent_span_id.ljust(8, b"\0").hex(),
    "trace_state": lambda record, _: record.span.trace_state,
    "flags": lambda record, _: record.span.flags,
    "start_time": lambda record, _: Time(record.span.start_time_unix_nano),
    "start_time_unix_nano": lambda record, _: record.span.start_time_unix_nano,
    "end_time": lambda record, _: Time(record.span.end_time_unix_nano),
    "end_time_unix_nano": lambda record, _: record.span.end_time_unix_nano,
    "dropped_attributes_count": lambda record, _: record.span.dropped_attributes_count,
    "dropped_events_count": lambda record, _: record.span.dropped_events_count,
    "dropped_links_count": lambda record, _: record.span.dropped_links_count,
}
_EVENT: Mapping[str, Getter] = {
    "name": lambda _, event: event.name,
    "time": lambda _, event: Time(event.time_unix_nano),
    "time_unix_nano": lambda _, event: event.time_unix_nano,
    "dropped_attributes_count": lambda _, event: event.dropped_attributes_count,
}
_SCOPE: Mapping[str, Getter] = {
    "name": lambda record, _: record.scope.scope.name,
    "version": lambda record, _: record.scope.scope.version,
}
_ATTRIBUTES: Mapping[str, Keyed] = {
    "span": lambda record, _: record.attributes,
    "spanevent": lambda _, event: Attributes(event.attributes),
    "resource": lambda record, _: record.resource.attributes,
    "scope": lambda record, _: record.scope.attributes,
}


def _named(prefix: str, getters: Mapping[str, Getter]) -> dict[str, Getter]:
    return {f"{prefix}.{name}": getter for name, getter in getters.items()}


_OTHERS = _named("scope", _SCOPE) | _named("instrumentation_scope", _SCOPE)
FIELDS: Mapping[Context, Mapping[str, Getter]] = {
    "span": {**_SPAN, **_named("span", _SPAN), **_OTHERS},
    "spanevent": {**_EVENT, **_named("spanevent", _EVENT), **_named("span", _SPAN), **_OTHERS},
}
"""Every path that has no keys, by context. `name` is the event's where the context is events."""
ATTRIBUTES: Mapping[Context, Mapping[str, Keyed]] = {
    context: {
        "attributes": _ATTRIBUTES[context],
        f"{context}.attributes": _ATTRIBUTES[context],
        "span.attributes": _ATTRIBUTES["span"],
        "resource.attributes": _ATTRIBUTES["resource"],
        "scope.attributes": _ATTRIBUTES["scope"],
        "instrumentation_scope.attributes": _ATTRIBUTES["scope"],
    }
    for context in ("span", "spanevent")
}
"""Every path that may have keys, by context."""


def attribute(keyed: Keyed, keys: Sequence[Key]) -> Getter:
    """The value at `keys`, or without any, all attributes as a map; nil where there is none."""
    if not keys:
        return lambda record, event: dict(keyed(record, event).items())
    first, below = str(keys[0]), tuple(keys[1:])
    if not below:
        return lambda record, event: keyed(record, event).get(first)
    return lambda record, event: _inside(keyed(record, event).get(first), below)


def tracestate_member(key: str) -> Getter:
    """The value of a list member of the span's tracestate: empty where there is no such member,
    nil where the tracestate breaks W3C's rules.
    """

    def value(record: SpanRecord, _: Span.Event) -> str | None:
        members = ts.members(record.span.trace_state)
        return None if members is None else members.get(key, "")

    return value


def _inside(value: Any, keys: Sequence[Key]) -> Any:
    for key in keys:
        if value is None:
            return None
        if isinstance(value, dict) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            raise ConditionError("nothing stands at this index")
    return value
