"""Policies that keep so much a second: of bytes, and of a rate shared among policies."""

import itertools

import pytest

from tests.helpers import batch, consume, span
from tests.tail_sampling.support import kept, sampler, wait

numbers = itertools.count(1)


def trace(spans=1, **fields):
    number = next(numbers)
    return batch(*[span(trace=number, **fields) for _ in range(spans)])


def always(name):
    return {"name": name, "type": "always_sample"}


def errors(name):
    return {"name": name, "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}


def composite(total, *subs, **settings):
    section = {"max_total_spans_per_second": total, "composite_sub_policy": list(subs)} | settings
    return sampler({"name": "shares", "type": "composite", "composite": section})


def sent(tail, *batches):
    """How many spans are kept of traces that are decided in this order, in one second."""
    before = len(tail.next.spans)
    for item in batches:
        consume(tail, item)
        tail._open.hurry_all(tail.context.clock.monotonic(), "test")
        tail.decide_due()
    return len(tail.next.spans) - before


def test_bytes_limiting_spends_a_bucket_of_bytes_and_refills_it():
    size = len(trace(attributes={"text": "x" * 900}).payload)
    policy = {"name": "p", "type": "bytes_limiting", "bytes_limiting": {"bytes_per_second": size}}
    tail = sampler(policy)
    assert sent(tail, *[trace(attributes={"text": "x" * 900}) for _ in range(3)]) == 2
    tail.context.clock.advance(1)
    assert sent(tail, *[trace(attributes={"text": "x" * 900}) for _ in range(2)]) == 1


def test_bytes_limiting_never_keeps_a_trace_larger_than_the_bucket():
    limits = {"bytes_per_second": 10_000, "burst_capacity": 500}
    policy = {"type": "bytes_limiting", "bytes_limiting": limits}
    large = [span(trace=1, attributes={"text": "x" * 600})]
    assert kept(policy, large, [span(trace=2)]) == [False, True]


def test_bytes_limiting_counts_all_batches_of_a_trace():
    limits = {"bytes_per_second": 1, "burst_capacity": 1000}
    tail = sampler({"name": "p", "type": "bytes_limiting", "bytes_limiting": limits})
    half = {"text": "x" * 500}
    consume(tail, batch(span(attributes=half)), batch(span(attributes=half)))
    wait(tail, 0.001)
    wait(tail, 30)
    assert tail.next.spans == []


def test_each_policy_of_a_composite_has_its_share_of_a_second():
    shares = [{"policy": "errors", "percent": 50}, {"policy": "rest", "percent": 20}]
    tail = composite(10, errors("errors"), always("rest"), rate_allocation=shares)
    failed, rest = [trace(error=True) for _ in range(8)], [trace() for _ in range(8)]
    assert sent(tail, *failed) == 5
    assert sent(tail, *rest) == 2
    tail.context.clock.advance(1)
    assert sent(tail, *[trace() for _ in range(8)]) == 2


def test_a_policy_without_a_share_has_an_equal_one():
    tail = composite(
        9, errors("errors"), always("rest"), rate_allocation=[{"policy": "errors", "percent": 90}]
    )
    assert sent(tail, *[trace() for _ in range(9)]) == 4
    assert sent(tail, *[trace(error=True) for _ in range(9)]) == 8


def test_a_trace_without_room_is_not_offered_to_the_next_policy():
    tail = composite(10, errors("errors"), always("rest"))
    assert sent(tail, trace(6, error=True), trace(5, error=True), trace(1)) == 6


def test_a_share_never_exceeds_the_total():
    shares = [{"policy": "rest", "percent": 300}]
    assert sent(composite(5, always("rest"), rate_allocation=shares), trace(6), trace(5)) == 5


@pytest.mark.parametrize(
    ("order", "spans"), [([], 1), (["rest"], 4), (["rest", "errors"], 4), (["errors"], 1)]
)
def test_policy_order_says_who_is_asked_first(order, spans):
    shares = [{"policy": "errors", "percent": 10}, {"policy": "rest", "percent": 40}]
    tail = composite(
        10, errors("errors"), always("rest"), rate_allocation=shares, policy_order=order
    )
    assert sent(tail, *[trace(error=True) for _ in range(8)]) == spans


def test_a_composite_asks_policies_within_policies():
    both = {"name": "both", "type": "and", "and": {"and_sub_policy": [errors("e"), always("a")]}}
    assert sent(composite(10, both), trace(error=True), trace()) == 1
