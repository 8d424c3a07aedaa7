"""What belongs to a whole trace, on every span of it: Langfuse reads each span on its own."""

import threading
from collections import OrderedDict
from collections.abc import Iterable
from typing import NamedTuple, TypeAlias

from collector import Attributes, Batch, SpanRecord, Value


class Field(NamedTuple):
    """A field of a trace: the key that is written, and all that Langfuse reads, best first."""

    key: str
    sources: tuple[str, ...]


# langfuse/langfuse v4.16, packages/shared/src/server/otel/OtelIngestionProcessor.ts
USER = Field("langfuse.user.id", ("langfuse.user.id", "user.id", "ai.telemetry.metadata.userId"))
SESSION = Field(
    "langfuse.session.id",
    (
        "langfuse.session.id",
        "session.id",
        "gen_ai.conversation.id",
        "ai.telemetry.metadata.sessionId",
    ),
)
TAGS = Field(
    "langfuse.trace.tags",
    ("langfuse.trace.tags", "langfuse.tags", "ai.telemetry.metadata.tags", "tag.tags"),
)
NAME = Field("langfuse.trace.name", ("langfuse.trace.name",))
FIELDS = (USER, SESSION, TAGS, NAME)
SOURCES = frozenset(source for field in FIELDS for source in field.sources)
MAX_REMEMBERED = 1000
"""Characters of a value that is remembered; longer ones are spread in their own batch only."""


class Found(NamedTuple):
    """A field's value, and how good its source is: 0 is best."""

    rank: int
    value: Value


Trace: TypeAlias = "dict[str, Found]"
"""What is known of a trace, by the key that is written."""


class TraceMemory:
    """Spreads user, session, tags and name over the spans of each trace.

    What an earlier batch knew of a trace holds for a later one, for the last `limit` traces.
    Safe to use from several threads at once.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._traces: OrderedDict[bytes, Trace] = OrderedDict()
        self._lock = threading.Lock()

    def spread(self, batch: Batch) -> None:
        """Write on every span what its trace is known to have, and it has not as good itself."""
        for trace_id, records in batch.by_trace().items():
            trace = self._learn(trace_id, _gather(records))
            for record in records:
                _write(record, trace)

    def _learn(self, trace_id: bytes, news: Trace) -> Trace:
        with self._lock:
            trace = _best((self._traces.pop(trace_id, {}), news))
            kept = {key: found for key, found in trace.items() if _is_short(found.value)}
            if kept and self._limit:
                self._traces[trace_id] = kept
                if len(self._traces) > self._limit:
                    self._traces.popitem(last=False)
        return trace


def _gather(records: list[SpanRecord]) -> Trace:
    """What the spans and their resources say of their trace; where equally good, roots first."""
    roots_first = sorted(records, key=lambda record: bool(record.span.parent_span_id))
    resources = {id(record.resource): record.resource for record in roots_first}
    trace = _best(_read(record.attributes) for record in roots_first)
    for key, found in _best(_read(item.attributes) for item in resources.values()).items():
        trace.setdefault(key, found)
    root = roots_first[0].span
    if NAME.key not in trace and not root.parent_span_id and root.name:
        trace[NAME.key] = Found(len(NAME.sources), root.name)
    return trace


def _read(attributes: Attributes) -> Trace:
    found: Trace = {}
    if SOURCES.isdisjoint(attributes.values):
        return found
    for field in FIELDS:
        for rank, source in enumerate(field.sources):
            if source in attributes and (value := attributes.get(source)):
                found[field.key] = Found(rank, value)
                break
    return found


def _best(traces: Iterable[Trace]) -> Trace:
    best: Trace = {}
    for trace in traces:
        for key, found in trace.items():
            if key not in best or found.rank < best[key].rank:
                best[key] = found
    return best


def _is_short(value: Value) -> bool:
    return len(str(value)) <= MAX_REMEMBERED


def _write(record: SpanRecord, trace: Trace) -> None:
    own = _read(record.attributes)
    for key, found in trace.items():
        if key not in own or found.rank < own[key].rank:
            record.attributes.set(key, found.value)
