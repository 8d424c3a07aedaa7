"""A call counts once: however often it is sent, and whatever happens to collector and table."""

import shutil
import sqlite3

import pytest

from collector import RefusedError
from tests.helpers import batch, consume, metric
from tests.user_costs.support import call


def result(one, name: str) -> float:
    labels = {"pipeline": "traces", "component": "user_costs", "result": name}
    return metric(one.processor, "winnow_user_costs_calls_total", **labels)


def counts(one) -> list[int]:
    return [row.invocations for row in one.rows]


def test_a_batch_that_is_refused_further_down_counts_nothing_and_its_retry_once(collector):
    one, sent = collector(), call()
    one.processor.next.error = RefusedError("queue_full", "full")
    with pytest.raises(RefusedError):
        consume(one.processor, batch(sent))
    assert one.rows == []
    one.processor.next.error = None
    consume(one.processor, batch(sent))
    assert counts(one) == [1]
    assert result(one, "counted") == 1
    assert result(one, "repeated") == 0


def test_a_call_that_is_sent_again_after_it_was_owned_passes_but_counts_once(collector):
    one, sent, other = collector(), call(), call()
    consume(one.processor, batch(sent), batch(sent, other), batch(sent, other))
    assert counts(one) == [2]
    assert result(one, "repeated") == 3
    assert len(one.processor.next.spans) == 5


def test_the_same_span_twice_in_a_batch_counts_once(collector):
    one, sent = collector(), call()
    consume(one.processor, batch(sent, sent))
    assert counts(one) == [1]


def test_what_was_counted_is_remembered_over_a_crash(collector):
    one, sent = collector(), call()
    consume(one.processor, batch(sent))
    one.restart()
    consume(one.processor, batch(sent))
    assert counts(one) == [1]


def test_the_span_around_a_call_that_comes_in_a_later_batch_repeats_it(collector):
    one = collector()
    outer = call()
    inner = call(parent=outer.span_id)
    consume(one.processor, batch(inner))
    consume(one.processor, batch(outer))
    assert counts(one) == [1]


def test_the_call_below_a_span_that_was_counted_repeats_it(collector):
    one = collector()
    outer = call()
    inner = call(parent=outer.span_id)
    consume(one.processor, batch(outer))
    one.restart()
    consume(one.processor, batch(inner), batch(inner, outer))
    assert counts(one) == [1]
    assert result(one, "counted") == 0


def test_while_a_call_is_being_counted_the_one_below_it_is_told_to_come_again(collector):
    one, outer = collector(), call()
    first, inner = batch(outer), batch(call(parent=outer.span_id))
    with one.processor.context.storage.transaction() as transaction:
        first.transaction = transaction
        one.processor.consume(first)
        with pytest.raises(RefusedError, match="right now"):
            consume(one.processor, inner)
    consume(one.processor, inner)
    assert counts(one) == [1]


def test_calls_of_the_same_parent_all_count(collector):
    one, parent = collector(), b"\1" * 8
    for _ in range(3):
        consume(one.processor, batch(call(parent=parent)))
    assert counts(one) == [3]


def test_while_a_call_is_being_counted_its_twin_is_told_to_come_again(collector):
    one, sent = collector(), call()
    first, second = batch(sent), batch(sent)
    storage = one.processor.context.storage

    def twin_meanwhile():
        with storage.transaction() as transaction:
            first.transaction = transaction
            one.processor.consume(first)
            with pytest.raises(RefusedError, match="right now"):
                consume(one.processor, second)
            raise KeyError

    with pytest.raises(KeyError):
        twin_meanwhile()
    consume(one.processor, second)
    assert counts(one) == [1]


def test_only_so_many_ids_are_remembered_and_stored(collector):
    one, sent = collector(remembered_calls=5), [call() for _ in range(8)]
    for span in sent:
        consume(one.processor, batch(span))
    consume(one.processor, batch(*sent))
    assert result(one, "counted") == 8 + 3
    consume(one.processor, batch(call()), batch(call()))
    one.restart()
    query = "SELECT sum(length(ids)) / 8 FROM user_costs_remembered"
    ((stored,),) = one.processor.context.storage.read(query)
    assert stored <= 8


def test_nothing_need_be_remembered(collector):
    one, sent = collector(remembered_calls=0), call()
    consume(one.processor, batch(sent), batch(sent))
    assert counts(one) == [2]


def test_amounts_that_were_added_but_not_forgotten_before_a_crash_are_not_added_again(
    collector, monkeypatch
):
    one = collector()
    consume(one.processor, batch(call()), batch(call()))
    outbox = type(one.processor._outbox)
    with monkeypatch.context() as patch:
        patch.setattr(outbox, "done", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError()))
        assert not one.processor.flush()
    one.restart()
    consume(one.processor, batch(call()))
    assert counts(one) == [3]


def test_what_waited_at_a_crash_is_added_afterwards(collector):
    one = collector()
    consume(one.processor, batch(call()))
    one.restart()
    labels = {"pipeline": "traces", "component": "user_costs"}
    assert metric(one.processor, "winnow_user_costs_backlog", **labels) == 1
    assert counts(one) == [1]


def test_a_store_that_fell_back_to_an_earlier_state_counts_what_comes_then(collector):
    one, early = collector(), call()
    consume(one.processor, batch(early))
    one.kill()
    store = one.directory / "winnow.db"
    shutil.copy(store, one.directory / "copy.db")
    one.start()
    consume(one.processor, batch(call()))
    assert counts(one) == [2]
    one.kill()
    shutil.copy(one.directory / "copy.db", store)
    one.start()
    consume(one.processor, batch(early), batch(call()))
    assert counts(one) == [3]
