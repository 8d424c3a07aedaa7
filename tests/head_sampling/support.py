"""What a head sampler said of a span, and how it counted."""

from typing import Any

from collector import SpanRecord
from collector import tracestate as ts
from tests.helpers import metric


def ot(record: SpanRecord) -> dict[str, str]:
    """The subkeys of the member `ot`."""
    return ts.subkeys(ts.member(record.span.trace_state, "ot"))


def private(record: SpanRecord) -> dict[str, str]:
    """The subkeys of the member that only `tail_sampling` reads."""
    return ts.subkeys(ts.member(record.span.trace_state, "winnow"))


def counted(sampler: Any, decision: str, rule: str = "default") -> float:
    """The counter of spans."""
    name = "winnow_head_sampling_spans_total"
    return metric(sampler, name, decision=decision, rule=rule)
