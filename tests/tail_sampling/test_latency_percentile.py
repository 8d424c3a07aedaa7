"""What the live percentile calls slow."""

import random

import pytest

from collector import tracestate as ts
from processors.tail_sampling.policies.base import Setup
from processors.tail_sampling.policies.latency import LatencyPercentile, LatencyPercentileSettings
from processors.tail_sampling.quantile import ACCURACY, GroupedQuantiles, SlidingQuantile
from processors.tail_sampling.summary import Summary
from tests.helpers import ManualClock, batch, consume, span
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


def test_before_there_are_enough_samples_everything_may_be_kept():
    tail = sampler(policy(min_samples=50, before_enough="sample"))
    feed(tail, [0.1] * 50)
    feed(tail, [0.1] * 50, first=100)
    assert len(tail.next.spans) == 50


def test_before_there_are_enough_samples_a_fixed_bound_may_count():
    tail = sampler(policy(min_samples=50, initial_threshold_ms=500))
    feed(tail, [0.1, 0.499, 0.5, 2.0])
    assert [record.duration for record in tail.next.spans] == [0.5, 2.0]
    feed(tail, [0.9] * 100, first=100)
    kept_before = len(tail.next.spans)
    feed(tail, [0.8] * 100, first=1000)
    assert len(tail.next.spans) == kept_before


def test_two_ways_to_begin_are_a_mistake():
    with pytest.raises(ValueError, match="remove it or initial_threshold_ms"):
        sampler(policy(before_enough="sample", initial_threshold_ms=500))


def test_in_a_constant_stream_nothing_is_slow():
    tail = sampler(policy())
    feed(tail, [0.1] * 500)
    feed(tail, [0.1] * 500, first=1000)
    assert tail.next.spans == []


def lognormal(rng):
    return rng.lognormvariate(0, 1)


def heavy_tailed(rng):
    return rng.paretovariate(0.8)


def ten_values(rng):
    return rng.choices([2**i for i in range(10)], [0.6**i for i in range(10)])[0]


def timeouts(rng):
    return 30.0 if rng.random() < 0.03 else rng.uniform(0.1, 5)


def slow_share(durations, skip, seconds_apart=0.001):
    """How many traces of these durations in seconds a policy with a window of a minute keeps,
    without the first ones."""
    clock, rng = ManualClock(), random.Random(4)
    policy = LatencyPercentile(LatencyPercentileSettings(window="60s"), Setup(clock))
    verdicts = []
    for seconds in durations:
        clock.advance(seconds_apart)
        trace = Summary(rng.randbytes(16))
        trace.start, trace.end = 1, 1 + int(seconds * 1e9)
        verdicts.append(policy.decide(trace))
        policy.learn(trace)
    counted = verdicts[skip:]
    return sum(counted) / len(counted)


@pytest.mark.slow
@pytest.mark.parametrize("distribution", [lognormal, heavy_tailed, ten_values, timeouts])
def test_one_percent_of_a_stationary_stream_is_above_the_99th_percentile(distribution):
    rng = random.Random(1)
    durations = (distribution(rng) for _ in range(250_000))
    assert 0.008 < slow_share(durations, skip=1000) < 0.013


@pytest.mark.parametrize("factor", [0.1, 10])
def test_the_percentile_follows_a_shift_within_a_window(factor):
    rng, window = random.Random(2), 6_000
    durations = [rng.lognormvariate(0, 1) for _ in range(6 * window)]
    durations[window:] = [factor * seconds for seconds in durations[window:]]
    assert 0.008 < slow_share(durations, skip=2 * window, seconds_apart=0.01) < 0.013


def test_of_many_that_run_into_one_timeout_so_many_are_slow_as_are_above_the_percentile():
    quantile = SlidingQuantile(0.99, 600, 100)
    for value in [1_000] * 960 + [30_000] * 40:
        quantile.add(value, 0)
    assert quantile.share_above(30_000, 0) == pytest.approx(0.25)
    assert quantile.share_above(1_000, 0) == 0
    assert quantile.share_above(31_000, 0) == 1


def test_the_estimate_is_within_its_error_of_the_exact_quantile():
    rng = random.Random(3)
    values = sorted(int(rng.lognormvariate(3, 2) * 1e6) for _ in range(10_000))
    quantile = SlidingQuantile(0.9, 600, 1)
    for value in values:
        quantile.add(value, 0)
    exact = values[9_000 - 1]
    assert quantile.share_above(int(exact * (1 - 2.1 * ACCURACY)), 0) == 0
    assert quantile.share_above(exact, 0) < 1
    assert quantile.share_above(int(exact * (1 + 2.1 * ACCURACY)), 0) == 1


def test_what_lies_behind_the_window_is_forgotten():
    quantile = SlidingQuantile(0.5, 60, 10)
    for _ in range(10):
        quantile.add(1_000, 0)
    assert quantile.share_above(2_000, 1) == 1
    assert quantile.share_above(2_000, 61) is None


def test_durations_of_zero_and_less_are_counted_as_the_shortest():
    quantile = SlidingQuantile(0.5, 60, 1)
    for value in (0, -5, 1):
        quantile.add(value, 0)
    assert quantile.share_above(0, 0) == 0
    assert quantile.share_above(10, 0) == 1


def test_the_number_of_groups_is_bounded():
    groups = GroupedQuantiles[int](0.5, 60, 1, lambda: None, max_groups=2)
    for group in (1, 2, 1, 3):
        groups.add(group, 100, 0)
    assert [groups.share_above(group, 1000, 0) for group in (1, 2, 3)] == [1, None, 1]


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


def test_the_name_of_the_root_span_may_make_the_group():
    tail = sampler(policy(group_by=["name"], min_samples=50))
    feed(tail, [0.1] * 60, name="chat")
    feed(tail, [10.0] * 60, first=1000, name="research")
    inner = span("inner", trace=5000, seconds=0.1, parent=b"12345678")
    consume(tail, batch(inner), batch(span("research", trace=5000, seconds=5)))
    wait(tail)
    assert tail.next.spans == []
    feed(tail, [5.0], first=5001, name="chat")
    assert len(tail.next.spans) == 1


@pytest.mark.parametrize("root_first", [True, False])
def test_the_root_span_s_values_win_over_those_below_it(root_first):
    tail = sampler(policy(group_by=["agent"], min_samples=50))
    feed(tail, [0.1] * 60, attributes={"agent": "fast"})
    feed(tail, [10.0] * 60, first=1000, attributes={"agent": "thorough"})
    root = span(trace=5000, seconds=5, attributes={"agent": "thorough"})
    below = span(trace=5000, parent=root.span_id, attributes={"agent": "fast"})
    consume(tail, *map(batch, [root, below] if root_first else [below, root]))
    wait(tail)
    assert tail.next.spans == []


def test_a_group_may_be_a_number():
    tail = sampler(policy(group_by=["tier"], min_samples=50))
    feed(tail, [0.1] * 60, attributes={"tier": 1})
    feed(tail, [10.0] * 60, first=1000, attributes={"tier": 2})
    feed(tail, [5.0], first=2000, attributes={"tier": 2})
    assert tail.next.spans == []


def test_what_chance_kept_among_equals_says_how_many_it_stands_for():
    tail = sampler(policy())
    feed(tail, [0.1] * 960 + [30.0] * 40)
    tail.next.batches.clear()
    consume(tail, batch(*[span(trace=number << 48, seconds=30) for number in range(1, 256)]))
    wait(tail)
    kept = [record.span for record in tail.next.spans]
    assert 0 < len(kept) < 255
    for one in kept:
        threshold = ts.parse_threshold(ts.subkeys(ts.member(one.trace_state, "ot"))["th"])
        assert 0 < threshold <= int.from_bytes(one.trace_id[-7:], "big")


def test_what_is_clearly_slow_stands_for_itself():
    tail = sampler(policy())
    feed(tail, [0.1] * 500)
    feed(tail, [9.0], first=1000)
    assert [record.span.trace_state for record in tail.next.spans] == [""]


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
    assert slow._quantiles.share_above((), 10**10, tail.context.clock.monotonic()) == 1


@pytest.mark.parametrize("percentile", [0, 100])
def test_percentiles_that_nothing_or_everything_exceeds_are_mistakes(percentile):
    with pytest.raises(ValueError, match="percentile"):
        sampler(policy(percentile=percentile))
