"""What the live percentile calls slow."""

import random

import pytest

from processors.tail_sampling.quantile import ACCURACY, GroupedQuantiles, SlidingQuantile
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import sampler, wait

P99 = {"name": "slow", "type": "latency_percentile"}


def policy(**settings):
    return P99 | {"latency_percentile": settings}


def feed(tail, durations, first=1, **fields):
    consume(
        tail, batch(*[span(trace=first + i, seconds=s, **fields) for i, s in enumerate(durations)])
    )
    wait(tail)


def test_nothing_is_slow_before_there_are_enough_samples():
    tail = sampler(policy(min_samples=50))
    feed(tail, [0.1] * 49)
    feed(tail, [60.0], first=100)
    assert tail.next.spans == []
    feed(tail, [120.0], first=101)
    assert len(tail.next.spans) == 1


def test_in_a_constant_stream_nothing_is_slow():
    tail = sampler(policy())
    feed(tail, [0.1] * 500)
    feed(tail, [0.1] * 500, first=1000)
    assert tail.next.spans == []


def test_about_one_percent_of_a_stationary_stream_is_above_the_99th_percentile():
    quantile, rng = SlidingQuantile(0.99, 600, 100), random.Random(1)
    slow = 0
    for i in range(50_000):
        value = int(rng.lognormvariate(0, 1) * 1e9)
        slow += quantile.exceeded_by(value, i / 100)
        quantile.add(value, i / 100)
    assert 0.008 < slow / 50_000 < 0.013


def test_the_percentile_follows_a_shift_within_a_window():
    quantile, rng = SlidingQuantile(0.99, 60, 100), random.Random(2)
    slow = []
    for i in range(24_000):
        value = int(rng.lognormvariate(0 if i < 12_000 else 2, 0.5) * 1e9)
        slow.append(quantile.exceeded_by(value, i / 100))
        quantile.add(value, i / 100)
    after = slow[-6000:]
    assert 0.005 < sum(after) / len(after) < 0.02


def test_the_estimate_is_within_its_error_of_the_exact_quantile():
    rng = random.Random(3)
    values = sorted(int(rng.lognormvariate(3, 2) * 1e6) for _ in range(10_000))
    quantile = SlidingQuantile(0.9, 600, 1)
    for value in values:
        quantile.add(value, 0)
    exact = values[9_000 - 1]
    assert not quantile.exceeded_by(exact, 0)
    assert quantile.exceeded_by(int(exact * (1 + 2.1 * ACCURACY)), 0)


def test_what_lies_behind_the_window_is_forgotten():
    quantile = SlidingQuantile(0.5, 60, 10)
    for _ in range(10):
        quantile.add(1_000, 0)
    assert quantile.exceeded_by(2_000, 1)
    assert not quantile.exceeded_by(2_000, 61)


def test_durations_of_zero_and_less_are_counted_as_the_shortest():
    quantile = SlidingQuantile(0.5, 60, 1)
    for value in (0, -5, 1):
        quantile.add(value, 0)
    assert not quantile.exceeded_by(0, 0)
    assert quantile.exceeded_by(10, 0)


def test_the_number_of_groups_is_bounded():
    groups = GroupedQuantiles[int](0.5, 60, 1, max_groups=2)
    for group in (1, 2, 1, 3):
        groups.add(group, 100, 0)
    assert [groups.exceeded_by(group, 1000, 0) for group in (1, 2, 3)] == [True, False, True]


def test_each_group_has_a_percentile_of_its_own():
    tail = sampler(policy(group_by=["agent"], min_samples=50))
    feed(tail, [0.1] * 60, attributes={"agent": "fast"})
    feed(tail, [10.0] * 60, first=1000, attributes={"agent": "thorough"})
    feed(tail, [5.0], first=2000, attributes={"agent": "thorough"})
    assert tail.next.spans == []
    feed(tail, [5.0], first=3000, attributes={"agent": "fast"})
    assert len(tail.next.spans) == 1


def test_the_group_may_stand_on_any_span_of_the_trace_or_its_resource():
    tail = sampler(policy(group_by=["agent"], min_samples=50))
    feed(tail, [0.1] * 300, attributes={"agent": "fast"})
    consume(
        tail, batch(span(trace=5000, seconds=5), span(trace=5000, attributes={"agent": "fast"}))
    )
    consume(tail, batch(span(trace=5001, seconds=5), resource={"agent": "fast"}))
    wait(tail)
    assert len(tail.next.spans) == 3


def test_by_span_a_trace_is_kept_for_one_slow_span():
    tail = sampler(policy(scope="span", group_by=["model"], min_samples=50))
    feed(tail, [0.1] * 200, attributes={"model": "small"})
    feed(tail, [9.0] * 200, first=1000, attributes={"model": "large"})
    assert tail.next.spans == []
    slow = span(trace=5000, seconds=3, attributes={"model": "small"})
    usual = span(trace=5001, seconds=9, attributes={"model": "large"})
    consume(tail, batch(span(trace=5000, seconds=0.1), slow, usual))
    wait(tail)
    assert {record.span.trace_id[-2:] for record in tail.next.spans} == {(5000).to_bytes(2, "big")}


def test_a_trace_is_a_sample_even_where_an_earlier_policy_has_decided():
    tail = sampler(
        {"name": "all", "type": "always_sample"},
        policy(min_samples=50),
        sample_on_first_match=True,
    )
    feed(tail, [0.1] * 60)
    (_, slow) = tail._rules._policies[1]
    assert slow._quantiles.exceeded_by((), 10**10, tail.context.clock.monotonic())


@pytest.mark.parametrize("percentile", [0, 100])
def test_percentiles_that_nothing_or_everything_exceeds_are_mistakes(percentile):
    with pytest.raises(ValueError, match="percentile"):
        sampler(policy(percentile=percentile))
