"""Limits, restart and shutdown: open traces are decided early or kept, and never forgotten."""

import threading

import pytest

from collector import RefusedError
from collector.clock import SystemClock
from collector.storage import Storage
from processors.tail_sampling import TailSampling
from tests.helpers import ManualClock, batch, consume, make_context, span
from tests.tail_sampling.support import (
    ALWAYS,
    ERRORS,
    dropped,
    held,
    reasons,
    sampler,
    stored,
    wait,
)


def test_beyond_num_traces_the_oldest_is_decided_early():
    tail = sampler(ERRORS, num_traces=4)
    consume(tail, batch(*[span(trace=number, error=True) for number in range(1, 6)]))
    tail.decide_due()
    assert [record.span.trace_id[-1] for record in tail.next.spans] == [1]
    assert reasons(tail, "num_traces") == 1


def test_beyond_max_bytes_the_oldest_is_decided_early():
    tail = sampler(ALWAYS, max_bytes=10_000)
    for number in range(1, 6):
        consume(tail, batch(span(trace=number, attributes={"prompt": "x" * 2_300})))
    tail.decide_due()
    assert [record.span.trace_id[-1] for record in tail.next.spans] == [1]
    assert reasons(tail, "max_bytes") == 1


def test_a_trace_that_is_too_large_is_decided_early_and_streams_through_after():
    tail = sampler(ALWAYS, maximum_trace_size_bytes=1_000)
    consume(tail, batch(span(attributes={"prompt": "x" * 2_000})))
    tail.decide_due()
    consume(tail, batch(span()))
    assert len(tail.next.spans) == 2
    assert reasons(tail, "maximum_trace_size_bytes") == 1


def test_where_decisions_cannot_keep_up_new_spans_are_refused():
    tail = sampler(ALWAYS, num_traces=4)
    consume(tail, batch(*[span(trace=number) for number in range(1, 6)]))
    with pytest.raises(RefusedError, match="holds as much"):
        consume(tail, batch(span(trace=9)))
    tail.decide_due()
    consume(tail, batch(span(trace=9)))
    assert held(tail) == 5


@pytest.fixture
def directory(tmp_path):
    def store():
        storage = Storage(tmp_path)
        storage.open()
        return storage

    return store


def test_open_traces_are_there_after_a_restart(directory):
    clock, storage = ManualClock(), directory()
    first = sampler(ERRORS, clock=clock, storage=storage, decision_wait="30s")
    first.start()
    consume(first, batch(span(trace=1, error=True), span(trace=2)), batch(span(trace=1)))
    clock.advance(20)
    first.shutdown()
    assert held(first) == 0
    storage.close()
    second = sampler(ERRORS, clock=clock, storage=directory(), decision_wait="30s")
    second.start()
    assert held(second) == 3
    wait(second, 9)
    assert second.next.spans == []
    wait(second, 1)
    assert len(second.next.spans) == 2
    assert dropped(second, "not_sampled") == 1
    consume(second, batch(span(trace=3)))
    assert held(second) == 1
    second.shutdown()
    second.context.storage.close()


def test_what_was_decided_is_gone_after_a_restart(directory):
    storage = directory()
    first = sampler(ALWAYS, storage=storage)
    first.start()
    consume(first, batch(span()))
    wait(first)
    first.shutdown()
    storage.close()
    second = sampler(ALWAYS, storage=directory())
    second.start()
    assert held(second) == 0
    second.shutdown()
    second.context.storage.close()


def test_in_memory_open_traces_are_decided_at_shutdown():
    tail = sampler(ERRORS)
    tail.start()
    consume(tail, batch(span(trace=1, error=True), span(trace=2)))
    tail.shutdown()
    assert len(tail.next.spans) == 1
    assert dropped(tail, "not_sampled") == 1
    assert held(tail) == 0
    assert reasons(tail, "shutdown") == 2


def test_at_shutdown_what_nobody_takes_is_dropped_by_name(monkeypatch):
    monkeypatch.setattr("processors.tail_sampling.processor._PAUSE", 0.0)
    tail = sampler(ALWAYS)
    tail.start()
    consume(tail, batch(span()))
    tail.next.error = RefusedError("queue_full", "full")
    tail.shutdown()
    assert dropped(tail, "refused_at_shutdown") == 1
    assert held(tail) == 0


@pytest.mark.parametrize("durable", [True, False])
def test_pending_traces_are_dropped_at_shutdown_if_asked_for(directory, durable):
    storage = directory() if durable else Storage()
    tail = sampler(ALWAYS, storage=storage, drop_pending_traces_on_shutdown=True)
    tail.start()
    consume(tail, batch(span()))
    tail.shutdown()
    assert dropped(tail, "dropped_at_shutdown") == 1
    assert stored(tail) == []
    storage.close()


def test_shutdown_is_safe_twice_and_without_a_start():
    tail = sampler()
    tail.shutdown()
    tail.start()
    tail.shutdown()
    tail.shutdown()


def test_traces_are_decided_by_themselves_in_real_time():
    tail = sampler(ALWAYS, clock=SystemClock(), decision_wait="50ms")
    arrived = threading.Event()
    take = tail.next.consume

    def consume_and_tell(item):
        take(item)
        arrived.set()

    tail.next.consume = consume_and_tell
    tail.start()
    consume(tail, batch(span()))
    assert arrived.wait(10)
    tail.shutdown()
    assert len(tail.next.spans) == 1


def test_in_memory_decisions_hold_over_a_reload():
    storage = Storage()
    before = sampler(ERRORS, storage=storage)
    before.start()
    consume(before, batch(span(trace=1, error=True), span(trace=2)))
    before.shutdown()
    after = sampler(ERRORS, storage=storage)
    after.start()
    consume(after, batch(span(trace=1), span(trace=2, error=True)))
    after.shutdown()
    assert len(after.next.spans) == 1
    assert dropped(after, "late_not_sampled") == 1


def test_two_samplers_in_one_store_do_not_meet(directory):
    storage, clock = directory(), ManualClock()
    contexts = [make_context(name, storage=storage, clock=clock) for name in ("a", 'b"c')]
    tails = [TailSampling(TailSampling.Config(), context) for context in contexts]
    for number, tail in enumerate(tails, 1):
        tail.start()
        for _ in range(number):
            consume(tail, batch(span()))
    assert [len(stored(tail)) for tail in tails] == [1, 2]
    for tail in tails:
        tail.shutdown()
    storage.close()
