"""Decisions and open traces are there after the end of a process, whatever end it was."""

import itertools
import sqlite3

import pytest

from collector import Batch, pack
from collector.storage import Storage
from processors.tail_sampling.decision import Decision
from processors.tail_sampling.policies.base import Weight
from processors.tail_sampling.remembered import _FORGET_TOGETHER, DecisionCache, DecisionStore
from processors.tail_sampling.summary import Head
from tests.helpers import ManualClock, batch, consume, metric, span
from tests.tail_sampling.support import ALWAYS, ERRORS, dropped, held, ids, sampler, stored, wait


@pytest.fixture
def run(tmp_path):
    """Runs one sampler after the other on the same directory; each ends as in a crash."""
    clock, open_stores = ManualClock(), []

    def start(*policies, **settings):
        if open_stores:
            open_stores.pop().close()
        storage = Storage(tmp_path)
        storage.open()
        open_stores.append(storage)
        tail = sampler(*policies, clock=clock, storage=storage, **settings)
        tail._restore()
        return tail

    yield start
    open_stores.pop().close()


def remembered(tail, decision):
    return metric(tail, "winnow_tail_sampling_remembered_decisions", decision=decision)


def test_late_spans_follow_a_decision_of_before_the_crash(run):
    tail = run(ERRORS)
    consume(tail, batch(span(trace=1, error=True), span(trace=2)))
    wait(tail)
    tail = run(ERRORS)
    assert remembered(tail, "sampled") == remembered(tail, "not_sampled") == 1
    late = span(trace=1)
    consume(tail, batch(late, span(trace=2, error=True)))
    assert ids(tail.next.spans) == [late.span_id]
    assert tail.next.spans[0].attributes.text("winnow.sampling.policy") == "errors"
    assert dropped(tail, "late_not_sampled") == 1


def test_a_decision_of_a_policy_that_is_gone_still_holds(run):
    tail = run(ERRORS)
    consume(tail, batch(span(error=True)))
    wait(tail)
    tail = run(ALWAYS)
    consume(tail, batch(span()))
    assert tail.next.spans[0].attributes.text("winnow.sampling.policy") == "errors"


def test_a_decision_is_remembered_only_with_the_release(run):
    tail = run(ALWAYS)
    consume(tail, batch(span()))
    tail.next.error = ValueError("no room")
    wait(tail)
    tail = run(ERRORS)
    assert remembered(tail, "sampled") == 0
    assert held(tail) == 1


def test_rows_of_forgotten_decisions_are_deleted_together(run):
    tail = run(ERRORS, decision_cache={"non_sampled_cache_size": 10})
    for number in range(1, _FORGET_TOGETHER + 12):
        consume(tail, batch(span(trace=number)))
    wait(tail)
    for number in (5000, 5001):
        consume(tail, batch(span(trace=number)))
        wait(tail)
    table = tail._decisions._table
    ((rows,),) = tail.context.storage.read(f"SELECT count(*) FROM {table}")
    assert rows == 12


HEADS = (None, Head((2, 1), True, "rv:f0000000000000;th:8", 1 << 55))


@pytest.mark.parametrize("head", HEADS)
def test_a_decision_comes_back_as_it_was(tmp_path, head):
    storage = Storage(tmp_path)
    storage.open()
    made = [
        Decision(outcome, "policy", weight, head, 1 << 55)
        for outcome, weight in itertools.product(("sampled", "not_sampled", "dropped"), Weight)
    ]
    store = DecisionStore(storage, "key", DecisionCache(100, 100))
    store.open()
    with storage.transaction() as transaction:
        store.add(transaction, [(bytes([i] * 16), found) for i, found in enumerate(made)])
    again = DecisionStore(storage, "key", DecisionCache(100, 100))
    again.open()
    assert [again.cache.get(bytes([i] * 16)) for i in range(len(made))] == made
    storage.close()


def test_the_last_decision_on_a_trace_is_the_one_that_counts(tmp_path):
    storage = Storage(tmp_path)
    storage.open()
    store = DecisionStore(storage, "key", DecisionCache(9, 9))
    store.open()
    first, second = Decision("sampled", "a"), Decision("not_sampled", "none")
    for decision in (first, second):
        with storage.transaction() as transaction:
            store.add(transaction, [(b"t" * 16, decision)])
    again = DecisionStore(storage, "key", DecisionCache(9, 9))
    again.open()
    assert again.cache.get(b"t" * 16) == second
    assert len(again.cache.forgotten) == 1
    storage.close()


# Open traces.


def test_open_traces_come_back_without_their_spans_being_read(run, monkeypatch):
    tail = run(ERRORS)
    consume(tail, batch(span(trace=1, error=True), span(trace=1)), batch(span(trace=2)))
    monkeypatch.setattr(Batch, "message", None)
    tail = run(ERRORS)
    assert held(tail) == 3
    assert metric(tail, "winnow_restored_spans_total", pipeline="traces", component="test") == 3
    assert all(trace.summary is None for trace in tail._open.traces())


def test_a_restored_trace_is_decided_on_all_of_its_spans(run):
    tail = run(ERRORS)
    consume(tail, batch(span(trace=1, error=True), span(trace=2)))
    tail = run(ERRORS)
    consume(tail, batch(span(trace=1), span(trace=2, error=True), span(trace=3)))
    wait(tail)
    assert len(tail.next.spans) == 4
    assert dropped(tail, "not_sampled") == 1


def test_a_restored_trace_gets_its_totals(run):
    tail = run(ALWAYS)
    call = {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.25}
    consume(tail, batch(span(parent=b"parent01", attributes=call)))
    tail = run(ALWAYS)
    consume(tail, batch(span(attributes=call)))
    wait(tail)
    assert tail.next.spans[1].attributes.get("winnow.trace.cost") == 0.5


class Seen:
    """Shows which spans policies are shown."""

    def __init__(self):
        self.spans = []

    def observe(self, summary, records):
        self.spans += ids(records)


def test_policies_see_every_span_of_a_restored_trace_once(run):
    tail = run(ERRORS)
    consume(tail, batch(span(), span(error=True)))
    tail = run(ERRORS)
    seen = Seen()
    tail._rules._observers.append(seen)
    consume(tail, batch(span()))
    tail.next.error = ValueError("no room")
    wait(tail)
    tail.next.error = None
    wait(tail)
    assert len(tail.next.spans) == 3
    assert seen.spans == ids(tail.next.spans)


def test_a_read_that_fails_decides_nothing_on_part_of_the_evidence(run, monkeypatch):
    def fails(*_query):
        raise sqlite3.OperationalError

    tail = run(ERRORS)
    consume(tail, batch(span()), batch(span(error=True)))
    tail = run(ERRORS)
    with monkeypatch.context() as broken:
        broken.setattr(tail.context.storage, "read", fails)
        wait(tail)
    assert held(tail) == 2
    wait(tail)
    assert len(tail.next.spans) == 2


def test_the_root_of_before_the_crash_still_shortens_the_wait(run):
    settings = {"decision_wait": "60s", "decision_wait_after_root_received": "10s"}
    tail = run(ALWAYS, **settings)
    consume(tail, batch(span()))
    wait(tail, 5)
    tail = run(ALWAYS, **settings)
    wait(tail, 5)
    assert len(tail.next.spans) == 1


def test_inactivity_is_counted_from_the_last_span_of_before_the_crash(run):
    settings = {"decision_wait": "10s", "inactivity_wait": "60s"}
    tail = run(ALWAYS, **settings)
    consume(tail, batch(span()))
    wait(tail, 50)
    consume(tail, batch(span()))
    wait(tail, 20)
    tail = run(ALWAYS, **settings)
    wait(tail, 39)
    assert tail.next.spans == []
    wait(tail, 1)
    assert len(tail.next.spans) == 2


def test_a_store_in_the_first_layout_is_taken_over(tmp_path, run):
    storage = Storage(tmp_path)
    storage.open()
    storage.execute(
        'CREATE TABLE "tail_sampling:traces/test" (id INTEGER PRIMARY KEY, '
        "trace_id BLOB NOT NULL, arrived REAL NOT NULL, payload BLOB NOT NULL) STRICT"
    )
    for number in range(1, 151):
        records = batch(span(trace=number, error=True), span(trace=number)).spans
        row = (number, records[0].span.trace_id, ManualClock().now(), pack(records))
        storage.write('INSERT INTO "tail_sampling:traces/test" VALUES (?,?,?,?)', [row])
    storage.close()
    tail = run(ERRORS)
    assert held(tail) == 300
    tail = run(ERRORS)
    wait(tail)
    assert len(tail.next.spans) == 300
    assert stored(tail) == []
