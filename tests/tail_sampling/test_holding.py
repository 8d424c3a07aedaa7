"""Spans are held, handed on and dropped exactly once; late ones follow the decision."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import RefusedError
from processors.tail_sampling.rounds import RELEASE_BYTES
from tests.helpers import batch, consume, metric, span
from tests.tail_sampling.support import ALWAYS, ERRORS, dropped, held, ids, sampler, stored, wait


@given(
    arrivals=st.lists(
        st.tuples(st.integers(1, 5), st.booleans(), st.integers(0, 3), st.booleans()),
        min_size=1,
        max_size=40,
    )
)
def test_every_span_of_a_kept_trace_comes_out_once_and_the_sums_agree(arrivals):
    """Each arrival is (trace, error, seconds until the next, whether the batch ends here)."""
    tail = sampler(ERRORS, decision_wait="5s")
    sent, waiting = {}, []
    for number, error, seconds, ends in arrivals:
        one = span(trace=number, error=error)
        sent.setdefault(one.trace_id, []).append(one.span_id)
        waiting.append(one)
        if ends:
            consume(tail, batch(*waiting))
            waiting.clear()
            wait(tail, seconds)
            out = len(tail.next.spans)
            drops = dropped(tail, "not_sampled") + dropped(tail, "late_not_sampled")
            assert out + held(tail) + drops == sum(map(len, sent.values()))
    if waiting:
        consume(tail, batch(*waiting))
    wait(tail)
    came = {}
    for record in tail.next.spans:
        came.setdefault(record.span.trace_id, []).append(record.span.span_id)
    assert all(sorted(came[trace_id]) == sorted(sent[trace_id]) for trace_id in came)
    assert held(tail) == 0
    assert stored(tail) == []


def test_open_traces_and_held_spans_are_gauges():
    tail = sampler(ALWAYS)
    consume(tail, batch(span(trace=1), span(trace=1), span(trace=2)))
    assert metric(tail, "winnow_tail_sampling_open_traces") == 2
    assert held(tail) == 3
    wait(tail)
    assert metric(tail, "winnow_tail_sampling_open_traces") == 0
    assert held(tail) == 0


def test_resource_and_scope_travel_with_the_spans():
    tail = sampler(ALWAYS)
    consume(tail, batch(span(), resource={"service.name": "one"}))
    consume(tail, batch(span(), resource={"service.name": "two"}))
    wait(tail)
    names = [record.resource.attributes.text("service.name") for record in tail.next.spans]
    assert names == ["one", "two"]
    assert {record.scope.scope.name for record in tail.next.spans} == {"test"}


def test_kept_traces_are_handed_on_in_batches_of_a_bounded_size():
    tail = sampler(ALWAYS)
    large = {"prompt": "x" * (RELEASE_BYTES // 4)}
    for number in (1, 1, 1, 1, 1, 1, 2, 3):
        consume(tail, batch(span(trace=number, attributes=large)))
    wait(tail)
    assert len(tail.next.spans) == 8
    assert all(len(item.payload) < RELEASE_BYTES * 1.1 for item in tail.next.batches)


# Late spans.


def test_a_late_span_follows_a_decision_to_keep():
    tail = sampler(ERRORS)
    consume(tail, batch(span(error=True)))
    wait(tail)
    late = span()
    consume(tail, batch(late, span(trace=2)))
    assert ids(tail.next.spans)[1:] == [late.span_id]
    assert tail.next.spans[1].attributes.text("winnow.sampling.policy") == "errors"
    assert held(tail) == 1


def test_a_late_span_follows_a_decision_to_drop():
    tail = sampler(ERRORS)
    consume(tail, batch(span()))
    wait(tail)
    consume(tail, batch(span(error=True), span(error=True)))
    assert dropped(tail, "late_not_sampled") == 2
    wait(tail)
    assert tail.next.spans == []


def test_a_late_span_that_nobody_takes_is_refused_and_counted_nowhere():
    tail = sampler(ALWAYS)
    consume(tail, batch(span(trace=1)))
    wait(tail)
    tail.next.error = RefusedError("queue_full", "full")
    with pytest.raises(RefusedError):
        consume(tail, batch(span(trace=1), span(trace=2)))
    assert held(tail) == 0
    assert stored(tail) == []
    wait(tail)
    assert len(tail._open) == 0


def test_without_a_decision_cache_a_late_span_is_a_trace_of_its_own():
    caches = {"sampled_cache_size": 0, "non_sampled_cache_size": 0}
    tail = sampler(ERRORS, decision_cache=caches)
    consume(tail, batch(span(error=True)))
    wait(tail)
    consume(tail, batch(span()))
    assert held(tail) == 1
    wait(tail)
    assert dropped(tail, "not_sampled") == 1


def test_the_decision_cache_forgets_the_oldest():
    tail = sampler(ALWAYS, decision_cache={"sampled_cache_size": 1})
    consume(tail, batch(span(trace=1)))
    wait(tail)
    consume(tail, batch(span(trace=2)))
    wait(tail)
    consume(tail, batch(span(trace=1), span(trace=2)))
    assert held(tail) == 1
