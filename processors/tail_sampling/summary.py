"""What is remembered of an open trace: enough to decide on it without its spans."""

import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from collector import SpanRecord
from collector import tracestate as ts
from collector.model_calls import MODEL_CALLS, TOOL_CALL, operation
from processors.tail_sampling.calls import Call, counted, read_call

POLICY_ATTRIBUTE = "winnow.sampling.policy"
_NO_RULE = sys.maxsize


class Head(NamedTuple):
    """What head sampling said of a trace by the best key seen in it."""

    rank: tuple[int, int]
    """The lowest is best; the order of `head_sampling`'s rules, and then of its keys."""
    sampled: bool
    """Whether the trace is in the sample."""
    ot: str
    """The tracestate member that says so, `rv:…;th:…` or `rv:…`."""
    earlier: int = 0
    """The rejection threshold by which an earlier sampler dropped others like it, of 2^56."""


class Summary:
    """A trace so far. Times are nanoseconds since the Unix epoch; 0 where none was seen."""

    __slots__ = (
        "calls",
        "end",
        "head",
        "last_tracestate",
        "rooted",
        "size",
        "spans",
        "stamped",
        "start",
        "state",
        "statuses",
        "tool_calls",
        "trace_id",
    )

    def __init__(self, trace_id: bytes, slots: int = 0) -> None:
        """`slots` is how many policies keep something of their own in `state`."""
        self.trace_id = trace_id
        self.spans = 0
        self.size = 0
        """Bytes of its serialized spans."""
        self.start = 0
        self.end = 0
        self.statuses = 0
        """One bit for each status code seen: `1 << code`."""
        self.rooted = False
        """Whether the root span has arrived."""
        self.head: Head | None = None
        self.last_tracestate = ""
        self.stamped = False
        """Whether a span carries the policy attribute of an earlier collector."""
        self.calls: dict[bytes, Call] | None = None
        self.tool_calls = 0
        self.state: list[Any] = [None] * slots

    @property
    def duration(self) -> int:
        """Nanoseconds from the earliest start to the latest end; 0 while no start is known."""
        return max(0, self.end - self.start) if self.start else 0

    def threshold_for(self, share: float) -> int:
        """The rejection threshold that keeps `share` of the traces that arrive like this one.

        Where an earlier sampler dropped some, it is above the threshold of that one. 0 for all.
        """
        if share >= 1:
            return 0
        arriving = 1 - self.head.earlier / ts.NEVER if self.head else 1.0
        return ts.threshold_for(share * arriving)

    def reaches(self, threshold: int) -> bool:
        """Whether the trace is among those that a rejection threshold keeps.

        Its randomness is the `rv` of its tracestate, else the last 56 bits of its id (source:
        OpenTelemetry specification, "TraceState: Probability Sampling").
        """
        if threshold in (0, ts.NEVER):
            return not threshold
        told = ts.parse_randomness(ts.subkeys(self.head.ot).get("rv")) if self.head else None
        return (_id_bits(self.trace_id) if told is None else told) >= threshold

    def observe(self, records: Sequence[SpanRecord]) -> None:
        """Take in spans of the trace."""
        self.spans += len(records)
        for record in records:
            span = record.span
            begin = span.start_time_unix_nano
            if begin and (begin < self.start or not self.start):
                self.start = begin
            end = span.end_time_unix_nano
            if end > self.end:  # noqa: PLR1730 - max() costs more, and this runs for every span
                self.end = end
            # Asked first, since reading a message that is not set makes one.
            self.statuses |= 1 << span.status.code if span.HasField("status") else 1
            if not span.parent_span_id:
                self.rooted = True
            tracestate = span.trace_state
            if tracestate != self.last_tracestate:
                self._observe_head(tracestate)
            attributes = record.attributes
            name = operation(attributes)
            if name:
                self._observe_operation(name, record)
            if POLICY_ATTRIBUTE in attributes.values:
                self.stamped = True

    def _observe_head(self, tracestate: str) -> None:
        self.last_tracestate = tracestate
        head = read_head(tracestate)
        if head is not None and (self.head is None or _better(head, self.head)):
            self.head = head

    def _observe_operation(self, name: str, record: SpanRecord) -> None:
        if name in MODEL_CALLS:
            if self.calls is None:
                self.calls = {}
            self.calls[record.span.span_id] = read_call(record)
        elif name == TOOL_CALL:
            self.tool_calls += 1

    def totals(self) -> dict[str, float | int]:
        """The attributes of the root; empty for a trace without model or tool calls.

        Each call counts once (`counted`). The cost is absent where no call has one.
        """
        if not self.calls and not self.tool_calls:
            return {}
        calls = counted(self.calls or {})
        costs = [call[1] for call in calls if call[1] is not None]
        totals: dict[str, float | int] = {"winnow.trace.cost": sum(costs)} if costs else {}
        return totals | {
            "winnow.trace.input_tokens": sum(call[2] for call in calls),
            "winnow.trace.output_tokens": sum(call[3] for call in calls),
            "winnow.trace.llm_calls": len(calls),
            "winnow.trace.tool_calls": self.tool_calls,
        }


def read_head(tracestate: str) -> Head | None:
    """What head sampling wrote; None where no sampler wrote anything.

    Without a `winnow` member the span comes from a sampler that has dropped already.
    """
    ot = ts.member(tracestate, "ot")
    if not ot:
        return None
    private = ts.subkeys(ts.member(tracestate, "winnow"))
    rule, key = private.get("r", ""), private.get("k", "")
    rank = int(rule) if rule.isdecimal() else _NO_RULE, int(key) if key.isdecimal() else 0
    sampled = ot.startswith("th:") or ";th:" in ot
    return Head(rank, sampled, ot, dropped_by(ot, private))


def dropped_by(ot: str, private: Mapping[str, str]) -> int:
    """The rejection threshold by which traces were dropped; 0 for none.

    Where head sampling only marked the span, `private` tells what had been in `ot` before.
    """
    th = private.get("t") if private else ts.subkeys(ot).get("th")
    return ts.parse_threshold(th) or 0


def _id_bits(trace_id: bytes) -> int:
    return int.from_bytes(trace_id[-7:], "big")


def _better(one: Head, other: Head) -> bool:
    return one.rank < other.rank or (one.rank == other.rank and one.sampled > other.sampled)
