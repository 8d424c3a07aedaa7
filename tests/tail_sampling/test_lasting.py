"""What a lasting policy has once said of a trace, it says of the trace with more spans."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.tail_sampling.policies.base import Setup, Verdict
from processors.tail_sampling.policies.registry import POLICIES
from processors.tail_sampling.summary import Summary
from tests.helpers import ManualClock, batch, span

LASTING = {
    "context_utilization": {"min_ratio": 0.8},
    "evaluation": {"below": 0.5},
    "finish_reason": {"reasons": ["length"]},
    "guardrail": {"actions": ["block"]},
    "retries": {"min_retries": 2, "min_repeats": 3},
}
NEVER_LASTING = {
    "adaptive": {"traces_per_second": 1},
    "cost": {"min_usd": 1},
    "latency_percentile": {},
    "tokens": {"min_total": 1},
}


def built(kind, given_settings):
    setup = Setup(ManualClock())
    policy = POLICIES[kind]
    return policy(policy.Settings.model_validate(given_settings), setup), setup


attributes = st.fixed_dictionaries(
    {"gen_ai.operation.name": st.sampled_from(["chat", "execute_tool", "invoke_agent", "other"])},
    optional={
        "winnow.context.utilization": st.floats(min_value=0, max_value=1),
        "gen_ai.response.finish_reasons": st.lists(st.sampled_from(["stop", "length"])),
        "winnow.guardrail.fired": st.booleans(),
        "winnow.guardrail.action": st.sampled_from(["block", "modify"]),
        "gen_ai.evaluation.name": st.just("relevance"),
        "gen_ai.evaluation.score.value": st.floats(min_value=0, max_value=1),
        "gen_ai.tool.name": st.sampled_from(["a", "b"]),
        "retry.attempt": st.integers(min_value=0, max_value=1),
    },
)
spans = st.builds(
    span,
    st.sampled_from(["x", "y"]),
    attributes=attributes,
    start=st.integers(min_value=1, max_value=10),
    seconds=st.integers(min_value=0, max_value=3),
    error=st.booleans(),
    parent=st.sampled_from([b"", b"parent-1", b"parent-2"]),
)
traces = st.lists(spans, max_size=12)


@pytest.mark.parametrize("kind", LASTING)
@given(trace=traces, data=st.data())
def test_sampled_stays_sampled_whatever_else_arrives(kind, trace, data):
    policy, setup = built(kind, LASTING[kind])
    assert policy.lasting
    twice = [*trace, *data.draw(st.lists(st.sampled_from(trace)))] if trace else []
    summary, verdict = Summary(bytes(16), len(setup.observers)), Verdict.NOT_SAMPLED
    for one in twice:
        records = batch(one).spans
        summary.observe(records)
        for watcher in setup.observers:
            watcher.observe(summary, records)
        before, verdict = verdict, policy.decide(summary)
        assert before in (Verdict.NOT_SAMPLED, verdict)


@pytest.mark.parametrize("kind", NEVER_LASTING)
def test_totals_that_may_fall_and_shares_that_move_are_not_lasting(kind):
    policy, _ = built(kind, NEVER_LASTING[kind])
    assert not policy.lasting
