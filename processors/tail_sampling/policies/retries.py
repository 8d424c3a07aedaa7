"""The policy on calls that were made again: after a failure, or in a loop."""

import struct
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from heapq import nsmallest
from operator import attrgetter
from typing import NamedTuple, Self

import orjson
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import Field, model_validator

from collector import ConfigModel, SpanRecord, Value
from collector.model_calls import AGENT_RUN, MODEL_CALLS, RETRY_ATTRIBUTES, TOOL_CALL, operation
from processors.tail_sampling.policies.base import Observer, Setup, Verdict
from processors.tail_sampling.summary import Summary

MOST_CALLS = 1000
"""So many calls of a trace are followed; later ones are not looked at."""
_CALLS = MODEL_CALLS | {TOOL_CALL, AGENT_RUN}
_SORTED = orjson.OPT_SORT_KEYS
_LAYOUT = struct.Struct("=8sqqQQ?")


class RetriesSettings(ConfigModel):
    """How often calls are made again. 0 turns a count off."""

    min_retries: int = Field(default=1, ge=0)
    """So many model calls, tool calls and agent runs of the trace were made again after a failure,
    at least: as `agent_retries_total` counts them, but over the whole trace."""
    min_repeats: int = Field(default=0, ge=0, le=MOST_CALLS)
    """One tool was called, or one agent was run, so many times in the trace, at least; whether
    the calls failed or not."""
    same_arguments: bool = True
    """Of a tool, count calls with equal arguments only (`gen_ai.tool.call.arguments`). Calls that
    do not tell their arguments are equal."""
    retry_attributes: list[str] = list(RETRY_ATTRIBUTES)
    """Attributes with a number that is above 0 on a call that was made again."""

    @model_validator(mode="after")
    def _counts_something(self) -> Self:
        if not self.min_retries and not self.min_repeats:
            raise ValueError("give min_retries, min_repeats or both")
        return self


class Call(NamedTuple):
    """What is remembered of a model call, a tool call or an agent run."""

    span_id: bytes
    siblings: int
    """The same for calls of one name under one parent; 0 without a parent."""
    repeats: int
    """The same for equal calls, wherever they are in the trace; 0 for model calls."""
    start: int
    failed_at: int
    """When it ended, if it failed; else 0."""
    again: bool
    """An attribute says that it was made again."""


class Retries(Observer[RetriesSettings]):
    """Keeps traces with calls that were made again.

    A call is a retry if an attribute says so, or if a sibling of its name failed before it began.
    """

    Settings = RetriesSettings
    lasting = True

    def __init__(self, settings: RetriesSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._attributes = frozenset(settings.retry_attributes)
        self._overflowed = partial(setup.overflowed, "calls_of_a_trace")

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember the calls, some 40 bytes each."""
        for record in records:
            name = operation(record.attributes)
            if name in _CALLS:
                calls: bytearray = summary.state[self.slot] or bytearray()
                if len(calls) < MOST_CALLS * _LAYOUT.size:
                    calls += _LAYOUT.pack(*self._call(name, record))
                else:
                    self._overflowed()
                summary.state[self.slot] = calls

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if one of the counts is reached."""
        settings, calls = self.settings, _unpack(summary.state[self.slot] or b"")
        retried = settings.min_retries and _retries(calls) >= settings.min_retries
        repeated = settings.min_repeats and _most_repeats(calls) >= settings.min_repeats
        return Verdict.of(bool(retried or repeated))

    def _call(self, name: str, record: SpanRecord) -> Call:
        span = record.span
        values, parent = record.attributes.values, span.parent_span_id
        return Call(
            span.span_id,
            hash((parent, span.name)) if parent else 0,
            self._repeats(name, record),
            span.start_time_unix_nano,
            span.end_time_unix_nano if record.failed else 0,
            not self._attributes.isdisjoint(values) and self._counts(values),
        )

    def _counts(self, values: Mapping[str, Value]) -> bool:
        counts = map(values.get, self._attributes)
        return any(count > 0 for count in counts if isinstance(count, int))

    def _repeats(self, name: str, record: SpanRecord) -> int:
        """A client and a server may each tell of the same call: only those of one kind compare."""
        span, attributes = record.span, record.attributes
        if name == AGENT_RUN:
            return hash((span.kind, name, attributes.text("gen_ai.agent.name") or span.name))
        if name != TOOL_CALL or span.kind == Span.SPAN_KIND_SERVER:
            return 0
        tool = attributes.text("gen_ai.tool.name") or span.name
        return hash((span.kind, name, tool, self._arguments(record)))

    def _arguments(self, record: SpanRecord) -> bytes:
        if not self.settings.same_arguments:
            return b""
        told = record.attributes.get("gen_ai.tool.call.arguments")
        return b"" if told is None else orjson.dumps(told, default=bytes.hex, option=_SORTED)


def _unpack(calls: bytes | bytearray) -> list[Call]:
    """The calls, each once even if its span was sent twice."""
    found: dict[bytes, Call] = {}
    for fields in _LAYOUT.iter_unpack(calls):
        call = Call(*fields)
        found.setdefault(call.span_id, call)
    return list(found.values())


def _retries(calls: Iterable[Call]) -> int:
    failures: dict[int, list[Call]] = {}
    for call in calls:
        if call.failed_at and call.siblings:
            failures.setdefault(call.siblings, []).append(call)
    first = {key: nsmallest(2, failed, key=_failed_at) for key, failed in failures.items()}
    return sum(call.again or _follows(call, first.get(call.siblings, ())) for call in calls)


_failed_at = attrgetter("failed_at")


def _follows(call: Call, first: Iterable[Call]) -> bool:
    """Whether a sibling had failed when the call began: one of the first two, not itself."""
    return any(other.failed_at <= call.start for other in first if other.span_id != call.span_id)


def _most_repeats(calls: Iterable[Call]) -> int:
    counts = Counter(call.repeats for call in calls if call.repeats)
    return max(counts.values(), default=0)
