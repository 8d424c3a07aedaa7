"""Policies on trace flags and tracestate, as the Collector reads them."""

import pytest

from tests.helpers import batch, consume, span
from tests.tail_sampling.support import kept, sampler, wait

POLICY = {"type": "trace_state", "trace_state": {"key": "tier", "values": ["gold", ""]}}


def states(*tracestates):
    return [[span(trace=i, trace_state=text)] for i, text in enumerate(tracestates, 1)]


def test_trace_flags_keeps_a_trace_with_one_sampled_span():
    flags = [[span(trace=1, flags=0x301)], [span(trace=2, flags=0x300)], [span(trace=3)]]
    both = [span(trace=4), span(trace=4, flags=1)]
    assert kept({"type": "trace_flags"}, *flags, both) == [True, False, False, True]


def test_trace_state_keeps_the_given_values_of_its_key():
    traces = states("tier=gold", "a=b, tier=gold ,c=d", "tier=golden", "other=gold", "")
    assert kept(POLICY, *traces) == [True, True, False, False, False]


@pytest.mark.parametrize(
    "broken",
    ["tier=gold,tier=x", "tier=gold,Upper=x", "tier=gold,x=a=b", "tier=gold,bare", "tier=gold,x="],
)
def test_a_tracestate_that_breaks_the_rules_has_nothing(broken):
    assert kept(POLICY, *states(broken)) == [False]


def test_a_tracestate_of_more_than_32_members_has_nothing():
    members = [f"k{i}=v" for i in range(31)]
    assert kept(
        POLICY, *states(",".join([*members, "tier=gold"]), ",".join(["a=b", *members, "tier=gold"]))
    ) == [True, False]


def test_a_value_that_makes_256_characters_with_its_key_is_never_found():
    short, long = "x" * 251, "x" * 252
    policy = {"type": "trace_state", "trace_state": {"key": "tier", "values": [short, long]}}
    assert kept(policy, *states(f"tier={short}", f"tier={long}")) == [True, False]


def test_a_match_in_an_earlier_batch_is_remembered():
    tail = sampler({"name": "gold", **POLICY}, {"name": "flag", "type": "trace_flags"})
    consume(tail, batch(span(trace_state="tier=gold")), batch(span(trace_state="tier=none")))
    consume(tail, batch(span(trace=2, flags=1)), batch(span(trace=2)))
    wait(tail)
    assert len(tail.next.spans) == 4
