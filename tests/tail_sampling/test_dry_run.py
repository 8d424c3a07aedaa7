"""In a dry run everything is decided and counted, and nothing is dropped."""

import pytest

from collector.attributes import decode
from collector.wire import serialized
from processors.head_sampling import HeadSampling
from tests.helpers import batch, consume, make, metric, span
from tests.tail_sampling.support import (
    ALWAYS,
    ERRORS,
    HEAD,
    drop,
    dropped,
    followed,
    held,
    policies_of,
    sampler,
    wait,
)

NAME = "winnow.sampling.decision"


def decisions(tail):
    return [record.attributes.text(NAME) for record in tail.next.spans]


def test_every_trace_passes_and_says_what_would_have_become_of_it():
    guarded = drop({"name": "g", "type": "guardrail"})
    tail = sampler(ERRORS, guarded, dry_run=True)
    fired = span(trace=3, attributes={"winnow.guardrail.fired": True})
    consume(tail, batch(span(trace=1, error=True), span(trace=2), fired))
    wait(tail)
    assert decisions(tail) == ["sampled", "not_sampled", "dropped"]
    assert policies_of(tail) == ["errors", "", "no"]
    assert dropped(tail, "not_sampled") == held(tail) == 0
    traces = "winnow_tail_sampling_traces_total"
    assert metric(tail, traces, decision="not_sampled", policy="none") == 1


def test_late_spans_pass_too():
    tail = sampler(ERRORS, dry_run=True)
    consume(tail, batch(span()))
    wait(tail)
    consume(tail, batch(span(error=True)))
    assert decisions(tail) == ["not_sampled"] * 2
    assert followed(tail, "late", "not_sampled") == 1
    assert dropped(tail, "late_not_sampled") == 0


@pytest.mark.parametrize(
    ("policy", "incoming", "ends"),
    [
        (ERRORS, "", None),
        (HEAD, "", None),
        (ALWAYS, "", None),
        (ERRORS, "ot=th:8;rv:f0000000000000", "8"),
        (ALWAYS, "ot=th:8;rv:f0000000000000", "8"),
    ],
)
def test_what_passes_claims_no_more_than_it_came_with(policy, incoming, ends):
    tail = sampler(policy, dry_run=True)
    head = make(HeadSampling, {"percentage": 50}, storage=tail.context.storage)
    head.next = tail
    consume(head, *[batch(span(trace=n, trace_state=incoming)) for n in range(1, 9)])
    wait(tail)
    states = [record.span.trace_state for record in tail.next.spans]
    assert len(states) == 8
    assert not any("winnow" in state for state in states)
    assert all((f"th:{ends}" if ends else "th:") in state for state in states) is bool(ends)


def test_without_a_dry_run_the_decision_is_not_written():
    tail = sampler(ALWAYS)
    consume(tail, batch(span()))
    wait(tail)
    assert NAME not in tail.next.spans[0].attributes


def test_an_earlier_dry_runs_decision_is_replaced():
    tail = sampler(ERRORS, dry_run=True)
    consume(tail, batch(span(attributes={NAME: "sampled"})))
    wait(tail)
    (record,) = tail.next.spans
    assert [decode(item) for item in serialized(record.span)] == [(NAME, "not_sampled")]
