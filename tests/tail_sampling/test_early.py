"""What nothing can overturn is decided at once; the rest of the trace streams through."""

import pytest

from processors.tail_sampling.policies.simple import HeadSampled
from tests.helpers import batch, consume, metric, span
from tests.tail_sampling.support import (
    ALWAYS,
    ERRORS,
    HEAD,
    drop,
    dropped,
    followed,
    held,
    policies_of,
    reasons,
    sampler,
    stored,
    wait,
)

SLOW = {"name": "slow", "type": "latency_percentile", "latency_percentile": {"min_samples": 1}}


def eager(*policies, **settings):
    return sampler(*policies, decide_early=True, **settings)


def inverted():
    settings = {"key": "k", "values": ["x"], "invert_match": True}
    return {"name": "not-x", "type": "string_attribute", "string_attribute": settings}


def child(**fields):
    return span(parent=b"parent01", **fields)


def call():
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 7}
    return child(attributes={"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.25} | usage)


def test_an_error_is_kept_at_once_with_what_came_before_it():
    tail = eager(ERRORS)
    consume(tail, batch(child()), batch(child(error=True), child(trace=2)))
    tail.decide_due()
    assert policies_of(tail) == ["errors", "errors"]
    assert reasons(tail, "policy") == 1
    assert held(tail) == 1


def test_what_comes_after_an_early_decision_follows_it_at_once():
    tail = eager(ERRORS)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    consume(tail, batch(child(), child()))
    assert policies_of(tail) == ["errors"] * 3
    assert stored(tail) == []
    assert followed(tail, "streamed", "sampled") == 2
    wait(tail)
    consume(tail, batch(child()))
    assert followed(tail, "late", "sampled") == 1


def test_what_is_to_be_dropped_is_dropped_at_once():
    tail = eager(drop(ERRORS | {"name": "sub"}), ALWAYS)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    consume(tail, batch(child()))
    assert dropped(tail, "not_sampled") == 2
    assert followed(tail, "streamed", "dropped") == 1
    assert metric(tail, "winnow_tail_sampling_traces_total", decision="dropped", policy="no") == 1
    assert tail.next.spans == []


@pytest.mark.parametrize("other", [drop(HEAD | {"name": "sub"}), inverted()])
def test_a_decision_that_another_policy_may_overturn_waits(other):
    tail = eager(ERRORS, other)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    assert held(tail) == 1
    wait(tail)
    assert reasons(tail, "decision_wait") == 1


def test_with_first_match_only_policies_before_it_can_overturn_one():
    tail = eager(ERRORS, inverted(), sample_on_first_match=True)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    assert policies_of(tail) == ["errors"]


def test_with_first_match_a_drop_policy_is_before_all_others():
    tail = eager(ALWAYS, drop(ERRORS | {"name": "sub"}), sample_on_first_match=True)
    consume(tail, batch(child()))
    tail.decide_due()
    assert held(tail) == 1
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    assert held(tail) == 0
    assert policies_of(tail) == []


def test_what_was_kept_by_chance_waits_for_a_better_reason(monkeypatch):
    monkeypatch.setattr(HeadSampled, "lasting", True)
    tail = eager(HEAD)
    consume(tail, batch(child(trace_state="ot=rv:f0000000000000;th:8")))
    tail.decide_due()
    assert held(tail) == 1


def test_early_decisions_can_be_switched_off():
    tail = sampler(ERRORS, decide_early=False)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    assert held(tail) == 1


def test_a_policy_that_does_not_last_is_not_asked_early():
    rate = {"name": "rate", "type": "rate_limiting", "rate_limiting": {"spans_per_second": 1}}
    tail = eager(rate)
    consume(tail, batch(child()))
    tail.decide_due()
    assert held(tail) == 1


def test_an_early_decision_waits_for_batches_that_are_on_their_way():
    tail = eager(ERRORS)
    with tail.context.storage.transaction() as transaction:
        slow = batch(child())
        slow.transaction = transaction
        tail.consume(slow)
        consume(tail, batch(child(error=True)))
        tail.decide_due()
        assert tail.next.spans == []
    tail.decide_due()
    assert len(tail.next.spans) == 2


def totals(tail):
    (root,) = [record for record in tail.next.spans if not record.span.parent_span_id]
    return {k: v for k, v in root.attributes.items() if k.startswith("winnow.trace")}


@pytest.mark.parametrize("in_one_batch", [True, False])
def test_a_root_that_follows_gets_the_totals_of_the_whole_trace(in_one_batch):
    tail = eager(ERRORS)
    consume(tail, batch(call(), child(error=True)))
    tail.decide_due()
    tool = child(attributes={"gen_ai.operation.name": "execute_tool"})
    if in_one_batch:
        consume(tail, batch(call(), tool, span()))
    else:
        consume(tail, batch(call()), batch(tool), batch(span()))
    assert totals(tail) == {
        "winnow.trace.cost": 0.5,
        "winnow.trace.input_tokens": 200,
        "winnow.trace.output_tokens": 14,
        "winnow.trace.llm_calls": 2,
        "winnow.trace.tool_calls": 1,
    }


def test_a_streamed_batch_that_is_refused_is_not_counted_twice():
    tail = eager(ERRORS)
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    tool = child(attributes={"gen_ai.operation.name": "execute_tool"})
    refused = batch(tool)
    tail.consume(refused)
    refused.transaction.rolled_back()
    tail.next.batches.clear()
    consume(tail, batch(tool, span()))
    assert totals(tail)["winnow.trace.tool_calls"] == 1
    assert followed(tail, "streamed", "sampled") == 2


def test_a_trace_that_is_too_large_streams_and_its_root_gets_the_totals():
    tail = sampler(ALWAYS, maximum_trace_size_bytes=1)
    consume(tail, batch(call()))
    tail.decide_due()
    consume(tail, batch(span()))
    assert totals(tail)["winnow.trace.llm_calls"] == 1


def test_the_percentile_learns_the_full_duration_once_at_the_end():
    tail = eager(ERRORS, SLOW)
    consume(tail, batch(child(error=True, seconds=1)))
    tail.decide_due()
    quantiles = tail._rules._policies[1].policy._quantiles
    now = tail.context.clock.monotonic()
    assert quantiles.share_above((), 10**12, now) is None
    consume(tail, batch(child(seconds=100)))
    wait(tail)
    now = tail.context.clock.monotonic()
    assert quantiles.share_above((), 102 * 10**9, now) == 1
    assert quantiles.share_above((), 98 * 10**9, now) == 0


def test_streaming_traces_are_bounded_and_the_oldest_ends_first():
    tail = eager(ERRORS, num_traces=2)
    for number in (1, 2, 3):
        consume(tail, batch(child(trace=number, error=True)))
        tail.decide_due()
    consume(tail, batch(*[child(trace=number) for number in (1, 2, 3)]))
    assert followed(tail, "late", "sampled") == 1
    assert followed(tail, "streamed", "sampled") == 2


def test_with_an_inactivity_wait_a_trace_streams_for_as_long_as_spans_come():
    tail = eager(ERRORS, decision_wait="5s", inactivity_wait="10s")
    consume(tail, batch(child(error=True)))
    for _ in range(5):
        wait(tail, 9)
        consume(tail, batch(child()))
    assert followed(tail, "streamed", "sampled") == 5
    wait(tail, 10)
    consume(tail, batch(child()))
    assert followed(tail, "late", "sampled") == 1


def test_a_release_that_is_refused_is_tried_again_and_the_trace_streams_then():
    tail = eager(ERRORS)
    tail.next.error = ValueError("no room")
    consume(tail, batch(child(error=True)))
    tail.decide_due()
    consume(tail, batch(child()))
    tail.next.error = None
    wait(tail, 1)
    consume(tail, batch(child()))
    assert policies_of(tail) == ["errors"] * 3
    assert followed(tail, "streamed", "sampled") == 1
