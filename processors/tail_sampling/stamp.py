"""What a decision writes on the spans that pass."""

from collections.abc import Iterable
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Attributes, Value
from collector import tracestate as ts
from collector.attributes import encode
from collector.wire import serialized
from processors.tail_sampling.decision import NO_POLICY, Decision
from processors.tail_sampling.policies.base import Weight
from processors.tail_sampling.summary import POLICY_ATTRIBUTE, Head, Summary, dropped_by, read_head

DECISION_ATTRIBUTE = "winnow.sampling.decision"
_PRIVATE = "winnow"


class Stamp(NamedTuple):
    """What the spans of one trace get."""

    decision: Decision
    summary: Summary | None = None
    """None for spans without their trace: a root among them gets no totals."""
    dry_run: bool = False
    """Say what would have become of the trace; claim nothing about what passes."""


def stamp(spans: Iterable[Span], what: Stamp) -> None:
    """Write policy, tracestate and totals on spans of one trace; records of them go stale."""
    decision, summary, dry_run = what
    marks = _marks(decision, dry_run)
    stamped_before = summary is None or summary.stamped or dry_run
    finals: dict[str, str] = {}
    for span in spans:
        added = marks if summary is None or span.parent_span_id else {**marks, **summary.totals()}
        if stamped_before:
            attributes = Attributes(span.attributes)
            for key, value in added.items():
                attributes.set(key, value)
        else:  # the keys are new to the span, so its own need not be read
            serialized(span).extend(encode(key, value) for key, value in added.items())
        before = span.trace_state
        if decision.weight is Weight.THRESHOLD or (before and decision.head is not None):
            after = finals.get(before)
            if after is None:
                after = finals[before] = final_tracestate(before, decision, dry_run)
            span.trace_state = after


def _marks(decision: Decision, dry_run: bool) -> dict[str, Value]:
    marks: dict[str, Value] = {}
    if decision.policy != NO_POLICY:
        marks[POLICY_ATTRIBUTE] = decision.policy
    if dry_run:
        marks[DECISION_ATTRIBUTE] = decision.outcome
    return marks


def final_tracestate(before: str, decision: Decision, dry_run: bool = False) -> str:
    """The tracestate with the threshold that the trace was kept by, and nothing private.

    Only spans that `head_sampling` marked are changed, or all where the policy has a threshold of
    its own. They get the randomness of the trace's best key. A threshold that an earlier sampler
    dropped by is never lowered; in a dry run, in which nothing is dropped, it is the only one.
    """
    private = ts.subkeys(ts.member(before, _PRIVATE))
    own = decision.weight is Weight.THRESHOLD and not dry_run
    if not private and not own:
        return before
    earlier = dropped_by(ts.member(before, "ot"), private)
    ot = _judged_by(before, decision.head)
    th = ts.parse_threshold(ot.pop("th", None))
    if dry_run:
        th = earlier or None
    elif decision.weight is not Weight.HEAD:
        th = None if decision.weight is Weight.UNKNOWN else decision.threshold
    if th is not None:
        ot["th"] = ts.format_threshold(max(earlier, th))
    return ts.with_member(ts.with_member(before, _PRIVATE, ""), "ot", ts.join_subkeys(ot))


def _judged_by(before: str, head: Head | None) -> dict[str, str]:
    """The span's own `ot` where it comes from the trace's best key, else that of the trace."""
    if head is None:
        return {}
    best = ts.subkeys(head.ot)
    own = read_head(before)
    if own is None or own.rank != head.rank or own.ot == head.ot:
        return best
    return ts.subkeys(own.ot) | {"rv": best.get("rv", "")}
