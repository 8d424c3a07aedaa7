"""The policy that keeps a target, whatever arrives."""

import itertools
import random
from collections import Counter, defaultdict
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector import tracestate as ts
from processors.head_sampling import HeadSampling
from processors.tail_sampling.budget import Budget, Demand
from processors.tail_sampling.policies.adaptive import Adaptive, AdaptiveSettings
from processors.tail_sampling.policies.base import Setup
from processors.tail_sampling.summary import Summary
from tests.helpers import ManualClock, batch, consume, make, span
from tests.tail_sampling.support import sampler, wait

SKEWED = {f"k{i}": 100 / (i + 1) ** 1.3 for i in range(100)}
"""Traces a second of each key: from 100 down to one in four seconds."""


class Kept(NamedTuple):
    """What became of a trace."""

    at: float
    key: str
    threshold: int | None
    """None where it was dropped."""
    size: int


def run(rates, seconds, sizes=lambda rng: 1, rng_seed=1, **settings):
    """Traces through the policy, at random times, at these rates a second."""
    clock, rng = ManualClock(0.0), random.Random(rng_seed)
    policy = Adaptive(AdaptiveSettings(**settings), Setup(clock))
    keys, sums = list(rates), list(itertools.accumulate(rates.values()))
    while clock.time < seconds:
        clock.advance(rng.expovariate(sums[-1]))
        trace = Summary(rng.randbytes(16), slots=1)
        (key,) = rng.choices(keys, cum_weights=sums)
        trace.state[0], trace.size = (key,), sizes(rng)
        kept = policy.decide(trace)
        threshold = policy.threshold(trace) if kept else None
        yield Kept(clock.time, key, threshold, trace.size)


def stands_for(threshold):
    return ts.NEVER / (ts.NEVER - threshold)


@pytest.fixture(scope="module")
def stationary():
    """Ten minutes of skewed keys, of which the first is warm-up."""
    return [one for one in run(SKEWED, 600, traces_per_second=10) if one.at > 60]


@pytest.mark.slow
def test_a_stationary_stream_keeps_the_target(stationary):
    kept = sum(one.threshold is not None for one in stationary)
    assert kept / 540 == pytest.approx(10, rel=0.1)


@pytest.mark.slow
def test_rare_keys_keep_their_floor(stationary):
    arrived = Counter(one.key for one in stationary)
    kept = Counter(one.key for one in stationary if one.threshold is not None)
    floor = 10 * 0.2 / len(SKEWED) * 540
    for key, number in arrived.items():
        assert kept[key] >= 0.5 * min(number, floor)
    assert sum(kept.values()) > sum(arrived.values()) / 40
    assert kept["k99"] / arrived["k99"] > 20 * kept["k0"] / arrived["k0"]


@pytest.mark.slow
def test_the_numbers_that_arrived_can_be_estimated_from_what_was_kept(stationary):
    arrived = Counter(one.key for one in stationary)
    estimated = defaultdict(float)
    for one in stationary:
        if one.threshold is not None:
            estimated[one.key] += stands_for(one.threshold)
    rest = {key for key in SKEWED if key != "k0"}
    assert sum(estimated.values()) == pytest.approx(len(stationary), rel=0.08)
    assert sum(estimated[key] for key in rest) == pytest.approx(
        sum(arrived[key] for key in rest), rel=0.05
    )


def test_everything_is_kept_where_less_arrives_than_the_target():
    kept = list(run({"a": 2.0, "b": 0.5}, 300, traces_per_second=20))
    assert {one.threshold for one in kept} == {0}


def test_the_first_seconds_are_not_a_flood():
    kept = [one for one in run({"a": 500.0}, 10, traces_per_second=5) if one.threshold is not None]
    assert sum(one.at <= 1 for one in kept) < 50
    assert sum(one.at > 1 for one in kept) < 2 * 5 * 9


def bursts(key, factor):
    """Two minutes of ten kinds, then ten seconds in which one comes `factor` times as often."""
    clock, rng, kept = ManualClock(0.0), random.Random(5), []
    policy = Adaptive(AdaptiveSettings(traces_per_second=10), Setup(clock))
    rates = {f"k{i}": 10.0 for i in range(10)}
    while clock.time < 130:
        now = rates | ({key: 10.0 * factor} if clock.time > 120 else {})
        clock.advance(rng.expovariate(sum(now.values())))
        trace = Summary(rng.randbytes(16), slots=1)
        trace.state[0] = tuple(rng.choices(list(now), list(now.values())))
        if policy.decide(trace) and clock.time > 120:
            kept.append(trace)
    return len(kept)


@pytest.mark.parametrize("key", ["k0", "never seen before"])
def test_a_burst_is_bounded(key):
    assert bursts(key, factor=100) < 2 * 10 * 10


def test_a_target_in_bytes_counts_the_bytes():
    sizes = lambda rng: int(rng.lognormvariate(8, 1))  # noqa: E731
    day = 86_400 * 100_000
    found = run({"a": 50.0, "b": 50.0}, 400, sizes, bytes_per_day=day, window="30s")
    kept = sum(one.size for one in found if one.at > 100 and one.threshold is not None)
    assert kept / 300 == pytest.approx(100_000, rel=0.1)


def test_dollars_are_bytes_at_the_price_of_a_gb():
    settings = AdaptiveSettings(usd_per_day=8.64, usd_per_gb=0.5)
    assert settings.per_second() == pytest.approx(200_000)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "give one of traces_per_second, bytes_per_day, usd_per_day"),
        ({"traces_per_second": 1, "bytes_per_day": 1}, "give one of"),
        ({"usd_per_day": 1}, "give both"),
        ({"traces_per_second": 1, "usd_per_gb": 1}, "give both"),
    ],
)
def test_one_target_is_needed(settings, says):
    with pytest.raises(ValidationError, match=says):
        AdaptiveSettings(**settings)


def test_the_same_stream_is_decided_the_same_way():
    first, again = (list(run(SKEWED, 5, traces_per_second=10)) for _ in range(2))
    assert first == again


# The budget.


def test_keys_beyond_the_most_share_one():
    budget = Budget(target=1, floor=0.2, window=60, max_keys=3, overflowed=lambda: None)
    for number in range(1000):
        budget.share(number, 1, number / 100)
    assert len(budget._meters) == 4
    assert budget.share("new", 1, 10) == pytest.approx(budget.share("other", 1, 10), rel=0.05)
    assert budget.share("new", 1, 10) < budget.share(0, 1, 10)


def test_keys_that_are_seen_no_more_make_room():
    budget = Budget(target=1, floor=0.2, window=60, max_keys=3, overflowed=lambda: None)
    for number in range(10):
        budget.share(number, 1, 0)
    budget.share("still among the others", 1, 3600)
    for key in ("one", "two"):
        budget.share(key, 1, 3601)
    assert set(budget._meters) == {"one", "two", None}


demands = st.lists(
    st.builds(
        Demand, st.floats(min_value=1e-6, max_value=1e9), st.floats(min_value=0.001, max_value=10)
    ),
    min_size=1,
    max_size=30,
)


@given(demands, st.floats(min_value=1e-3, max_value=1e6), st.sampled_from([0.0, 0.2, 1.0]))
def test_the_target_is_dealt_out_to_the_last_and_floors_hold(asked, target, part):
    budget = Budget(target, part, window=60, max_keys=500, overflowed=lambda: None)
    allowed = list(budget._allowances(asked))
    used = sum(min(demand.rate, each) for demand, each in zip(asked, allowed, strict=True))
    wanted = sum(demand.rate for demand in asked)
    assert used == pytest.approx(min(target, wanted), rel=1e-6)
    floor = target * part / len(asked)
    for demand, each in zip(asked, allowed, strict=True):
        assert each >= min(demand.rate, floor) * (1 - 1e-9)


# The tracestate.

ADAPTIVE = {"name": "some", "type": "adaptive", "adaptive": {"traces_per_second": 1, "key": []}}


def spread(number):
    """Trace numbers with random last 56 bits."""
    rng = random.Random(6)
    return [rng.getrandbits(56) for _ in range(number)]


def ot(record):
    return ts.subkeys(ts.member(record.span.trace_state, "ot"))


def test_kept_spans_carry_the_threshold_that_their_trace_id_reached():
    tail = sampler(ADAPTIVE)
    consume(tail, batch(*[span(trace=number) for number in spread(400)]))
    wait(tail)
    told = [(ot(record).get("th"), record.span.trace_id) for record in tail.next.spans]
    thresholds = [ts.parse_threshold(th) for th, _ in told if th]
    assert max(thresholds) > ts.parse_threshold("8")
    for th, trace_id in told:
        if th:
            assert ts.parse_threshold(th) <= int.from_bytes(trace_id[-7:], "big")


def test_late_spans_carry_the_same_threshold():
    tail = sampler(ADAPTIVE)
    numbers = spread(400)
    consume(tail, batch(*[span(trace=number) for number in numbers]))
    wait(tail)
    before = {record.span.trace_id: record.span.trace_state for record in tail.next.spans}
    tail.next.batches.clear()
    consume(tail, batch(*[span(trace=number) for number in numbers]))
    assert {r.span.trace_id: r.span.trace_state for r in tail.next.spans} == before


def flood(tail):
    """So many traces that only a share is kept of what comes next."""
    consume(tail, batch(*[span(trace=number) for number in spread(400)]))
    wait(tail, 30)
    tail.next.batches.clear()


def test_an_earlier_samplers_threshold_is_multiplied():
    tail = sampler(ADAPTIVE)
    flood(tail)
    half = [
        span(trace=n + 1, trace_state=f"ot=th:8;rv:{(1 << 55) + (n << 45):014x},vendor=x")
        for n in range(1 << 10)
    ]
    consume(tail, batch(*half))
    wait(tail)
    assert 0 < len(tail.next.spans) < 100
    for record in tail.next.spans:
        threshold = ts.parse_threshold(ot(record)["th"])
        assert ts.parse_threshold("8") < threshold <= ts.parse_randomness(ot(record)["rv"])
        assert ts.member(record.span.trace_state, "vendor") == "x"


def test_what_head_sampling_drew_is_what_the_threshold_is_compared_with():
    tail = sampler(ADAPTIVE)
    head = make(HeadSampling, {"percentage": 50}, storage=tail.context.storage)
    head.next = tail
    users = [span(trace=n, attributes={"user.id": f"u{n}"}) for n in range(1, 500)]
    consume(head, batch(*users))
    wait(tail)
    assert 1 < len(tail.next.spans) < 100
    for record in tail.next.spans:
        told = ot(record)
        assert ts.parse_randomness(told["rv"]) >= ts.parse_threshold(told["th"])
        assert "winnow" not in record.span.trace_state
    assert {ot(record)["th"] for record in tail.next.spans} != {"8"}


def test_with_another_policy_of_chance_there_is_no_threshold_to_tell():
    half = {"name": "p", "type": "probabilistic", "probabilistic": {"sampling_percentage": 100}}
    both = {"name": "both", "type": "and", "and": {"and_sub_policy": [ADAPTIVE, half]}}
    tail = sampler(both)
    consume(tail, batch(*[span(trace=number) for number in spread(400)]))
    wait(tail)
    assert {record.span.trace_state for record in tail.next.spans} == {""}


def test_with_head_sampled_the_higher_threshold_is_told():
    head_sampled = {"name": "h", "type": "head_sampled"}
    both = {"name": "both", "type": "and", "and": {"and_sub_policy": [head_sampled, ADAPTIVE]}}
    tail = sampler(both)
    head = make(HeadSampling, {"percentage": 50}, storage=tail.context.storage)
    head.next = tail
    consume(head, batch(*[span(trace=n, attributes={"user.id": f"u{n}"}) for n in range(1, 500)]))
    wait(tail)
    thresholds = [ts.parse_threshold(ot(record)["th"]) for record in tail.next.spans]
    assert min(thresholds) == ts.parse_threshold("8")
    assert max(thresholds) > ts.parse_threshold("c")
    for record in tail.next.spans:
        assert ts.parse_randomness(ot(record)["rv"]) >= ts.parse_threshold(ot(record)["th"])
