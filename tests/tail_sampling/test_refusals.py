"""What is refused, fails, or meets a decision halfway is neither lost nor doubled."""

import threading

import pytest

from collector import Batch, RefusedError
from collector.turns import TURNS
from tests.helpers import batch, consume, eventually, metric, span
from tests.tail_sampling.support import ALWAYS, ERRORS, dropped, held, sampler, stored, wait


def test_what_downstream_refuses_is_tried_again_and_not_lost():
    tail = sampler(ERRORS)
    consume(tail, batch(span(trace=1, error=True), span(trace=2)))
    tail.next.error = RefusedError("queue_full", "full", retry_after=5)
    wait(tail)
    assert held(tail) == 1
    assert dropped(tail, "not_sampled") == 1
    tail.next.error = None
    wait(tail, 4.9)
    assert tail.next.spans == []
    wait(tail, 0.1)
    assert len(tail.next.spans) == 1
    assert held(tail) == 0


def test_a_decision_that_could_not_be_carried_out_is_not_made_again():
    rate = {"name": "rate", "type": "rate_limiting", "rate_limiting": {"spans_per_second": 1}}
    tail = sampler(rate)
    consume(tail, batch(span(), span()))
    tail.next.error = RefusedError("queue_full", "full", retry_after=0.1)
    for _ in range(5):
        wait(tail, 0.2 if tail._open.traces()[0].decision else 30)
    tail.next.error = None
    wait(tail, 0.2)
    assert len(tail.next.spans) == 2


def test_a_span_that_arrives_while_the_release_waits_goes_with_its_trace():
    tail = sampler(ERRORS)
    consume(tail, batch(span(error=True)))
    tail.next.error = RefusedError("queue_full", "full")
    wait(tail)
    consume(tail, batch(span()))
    tail.next.error = None
    wait(tail)
    assert len(tail.next.spans) == 2


def test_an_unexpected_error_downstream_loses_nothing():
    tail = sampler(ALWAYS)
    consume(tail, batch(span()))
    tail.next.error = ValueError("bug")
    wait(tail)
    tail.next.error = None
    wait(tail)
    assert len(tail.next.spans) == 1


def test_a_batch_that_is_refused_after_tail_sampling_leaves_no_trace():
    tail = sampler(ALWAYS)
    item = batch(span())
    tail.consume(item)
    item.transaction.rolled_back()
    assert len(tail._open) == 0
    consume(tail, batch(span()))
    wait(tail)
    assert len(tail.next.spans) == 1


def test_a_trace_is_not_decided_while_spans_of_it_are_on_their_way():
    tail = sampler(ERRORS)
    consume(tail, batch(span()))
    with tail.context.storage.transaction() as transaction:
        item = batch(span(error=True))
        item.transaction = transaction
        tail.consume(item)
        wait(tail)
        assert held(tail) == 1
    tail.decide_due()
    assert len(tail.next.spans) == 2


def test_a_span_that_arrives_during_the_decision_follows_it():
    tail = sampler(ALWAYS)
    late = span()

    class Slow:
        """Takes the batch only when another thread waits for the decision."""

        def __init__(self):
            self.records = []
            self.thread = threading.Thread(target=lambda: consume(tail, batch(late)))

        def consume(self, item: Batch) -> None:
            if not self.records:
                self.thread.start()
                self.thread.join(timeout=0.05)
                assert self.thread.is_alive()
            self.records += item.spans

    tail.next = Slow()
    consume(tail, batch(span()))
    wait(tail)
    tail.next.thread.join()
    assert len(tail.next.records) == 2


def test_spans_of_a_trace_whose_decision_takes_too_long_are_refused(monkeypatch):
    monkeypatch.setattr("processors.tail_sampling.open_traces.PATIENCE", 0.02)
    tail = sampler(ALWAYS)
    refused = []

    class Stuck:
        """While it has the batch, more spans come for the same trace."""

        def consume(self, item: Batch) -> None:
            with pytest.raises(RefusedError, match="could not decide in time") as error:
                consume(tail, batch(span(trace=1)))
            refused.append(error.value.reason)
            consume(tail, batch(span(trace=2)))

    tail.next = Stuck()
    consume(tail, batch(span(trace=1)))
    wait(tail)
    assert refused == ["tail_sampling_busy"]
    assert held(tail) == 1


def test_who_waits_for_a_decision_lets_others_compute():
    tail = sampler(ALWAYS)
    turns = []

    class NeedsATurn:
        """Takes a turn, as a pipeline's exporter without a queue may have to."""

        def consume(self, item: Batch) -> None:
            with TURNS.take():
                turns.append(item)

    class Slow(NeedsATurn):
        def consume(self, item: Batch) -> None:
            for thread in threads:
                thread.start()
            eventually(lambda: len(tail._open._settled._waiters) == len(threads))
            super().consume(item)

    def send() -> None:
        with TURNS.take():
            consume(tail, batch(span()))

    threads = [threading.Thread(target=send) for _ in range(2)]
    tail.next = Slow()
    consume(tail, batch(span()))
    tail.context.clock.advance(60)
    tail.decide_due()
    tail.next = NeedsATurn()
    for thread in threads:
        thread.join()
    assert len(turns) == 3


def test_a_trace_that_always_has_spans_on_their_way_is_decided_all_the_same(monkeypatch):
    monkeypatch.setattr("processors.tail_sampling.open_traces.PATIENCE", 0.02)
    tail = sampler(ALWAYS)
    consume(tail, batch(span()))
    with tail.context.storage.transaction() as transaction:
        item = batch(span())
        item.transaction = transaction
        tail.consume(item)
        wait(tail)
        with pytest.raises(RefusedError):
            consume(tail, batch(span()))
    tail.decide_due()
    assert len(tail.next.spans) == 2
    consume(tail, batch(span()))
    assert len(tail.next.spans) == 3


def test_a_policy_that_raises_has_no_say():
    tail = sampler(ERRORS, ALWAYS)

    def broken(summary):
        raise ValueError

    tail._rules._policies[0][1].decide = broken
    consume(tail, batch(span()))
    wait(tail)
    assert len(tail.next.spans) == 1
    errors = {"component": "test", "error": "ValueError"}
    assert metric(tail, "winnow_processor_errors_total", **errors) == 1


def test_many_threads_at_once_lose_nothing():
    tail = sampler(ERRORS, num_traces=50, decision_wait="1s")
    refused = []

    def send(worker):
        for number in range(60):
            item = batch(*[span(trace=number * 3 + i + 1, error=True) for i in range(3)])
            try:
                consume(tail, item)
            except RefusedError:
                refused.append(worker)

    threads = [threading.Thread(target=send, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        tail.decide_due()
    wait(tail)
    assert len(tail.next.spans) + 3 * len(refused) == 4 * 60 * 3
    assert held(tail) == 0
    assert stored(tail) == []
