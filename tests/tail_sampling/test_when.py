"""When a trace is decided, and what is said about why then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tail_sampling.deadlines import Deadlines
from processors.tail_sampling.open_trace import OpenTrace
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import ALWAYS, ERRORS, reasons, sampler, stored, wait

CHILD = b"parent01"


def child(**fields):
    return span(parent=CHILD, **fields)


def test_with_an_inactivity_wait_a_trace_is_open_while_spans_come():
    tail = sampler(ALWAYS, decision_wait="5s", inactivity_wait="10s")
    for _ in range(20):
        consume(tail, batch(span()))
        wait(tail, 9)
        assert tail.next.spans == []
    wait(tail, 1)
    assert len(tail.next.spans) == 20
    assert reasons(tail, "inactivity") == 1


def test_with_an_inactivity_wait_no_trace_is_decided_before_the_decision_wait():
    tail = sampler(ALWAYS, decision_wait="30s", inactivity_wait="2s")
    consume(tail, batch(span()))
    wait(tail, 29.9)
    assert tail.next.spans == []
    wait(tail, 0.1)
    assert reasons(tail, "decision_wait") == 1


def test_a_trace_that_never_rests_is_decided_at_its_greatest_age():
    tail = sampler(ALWAYS, decision_wait="5s", inactivity_wait="10s", max_age="60s")
    for _ in range(10):
        consume(tail, batch(span()))
        wait(tail, 5.9)
    assert tail.next.spans == []
    wait(tail, 1)
    assert len(tail.next.spans) == 10
    assert reasons(tail, "max_age") == 1


def test_the_root_ends_a_wait_for_inactivity_too():
    settings = {"inactivity_wait": "1h", "decision_wait_after_root_received": "2s"}
    tail = sampler(ALWAYS, **settings)
    consume(tail, batch(child()))
    wait(tail, 1800)
    consume(tail, batch(span()))
    wait(tail, 2)
    assert len(tail.next.spans) == 2
    assert reasons(tail, "root_received") == 1


def test_spans_that_keep_coming_cost_no_deadline_each():
    tail = sampler(ALWAYS, inactivity_wait="1h")
    for _ in range(50):
        consume(tail, batch(span()))
        tail.context.clock.advance(10)
    assert tail._open._schedule._deadlines._entries == 1


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({}, "decision_wait"),
        ({"decision_wait_after_root_received": "5s"}, "root_received"),
        ({"maximum_trace_size_bytes": 10}, "maximum_trace_size_bytes"),
        ({"max_bytes": 10}, "max_bytes"),
    ],
)
def test_every_decision_says_why_it_came_when_it_did(settings, reason):
    tail = sampler(ALWAYS, **settings)
    consume(tail, batch(span()))
    wait(tail)
    assert reasons(tail, reason) == 1
    assert len(tail.next.spans) == 1


def test_with_block_on_overflow_new_traces_wait_and_are_then_refused(monkeypatch):
    monkeypatch.setattr("processors.tail_sampling.open_traces.PATIENCE", 0.01)
    tail = sampler(ERRORS, num_traces=2, block_on_overflow=True)
    consume(tail, batch(span(trace=1), span(trace=2)))
    with pytest.raises(Exception, match="could not decide in time"):
        consume(tail, batch(span(trace=3)))
    consume(tail, batch(span(trace=1)))
    assert len(stored(tail)) == 3
    wait(tail)
    consume(tail, batch(span(trace=3)))
    assert reasons(tail, "num_traces") == 0


def trace(number):
    return OpenTrace(number.to_bytes(16, "big"), None)


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.floats(0, 100), st.floats(0, 3)), min_size=1, max_size=60
    )
)
def test_deadlines_give_every_trace_once_and_in_its_time(steps):
    """Each step sets the deadline of a trace, and lets some time pass."""
    deadlines, traces, due, now = Deadlines(), [trace(i) for i in range(6)], {}, 0.0
    for number, seconds, passed in steps:
        deadlines.set(traces[number], now + seconds)
        due[number] = now + seconds
        now += passed
        taken = [int.from_bytes(t.trace_id, "big") for t in deadlines.take(now, 100)]
        assert sorted(taken) == sorted(n for n, at in due.items() if at <= now)
        for number_taken in taken:
            del due[number_taken]
        first = deadlines.first()
        assert not due or (first is not None and first <= min(due.values()))
        deadlines.sweep(-500)
