"""Which verdicts hold whatever else arrives."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from processors._conditions import ConditionError
from processors.tail_sampling.decision import Rules
from processors.tail_sampling.policies import Setup, Verdict
from processors.tail_sampling.policies.registry import AnyPolicyConfig
from tests.helpers import ManualClock
from tests.tail_sampling.strategies import FLEETING, LASTING, policy, records, spans

CONFIG = TypeAdapter(AnyPolicyConfig)
FINAL = {Verdict.SAMPLED, Verdict.DROPPED}


def lasting(config):
    return CONFIG.validate_python(config).build(Setup(ManualClock())).lasting


def combined(kind, subs):
    return policy(kind, **{f"{kind}_sub_policy": [{**sub, "name": "s"} for sub in subs]})


EVERY = [
    *LASTING,
    *FLEETING,
    *(combined(kind, pair) for kind in ("and", "drop") for pair in pairwise(LASTING)),
    *(combined(kind, [LASTING[0], one]) for kind in ("and", "drop") for one in FLEETING),
    combined("drop", [combined("and", LASTING[1:3]), LASTING[-1]]),
]
CONFIGS = [CONFIG.validate_python(config) for config in EVERY]


def verdict(one, summary):
    try:
        return one.decide(summary)
    except ConditionError:
        return None


@settings(max_examples=120)
@given(st.lists(st.lists(spans(), min_size=1, max_size=3), min_size=1, max_size=5))
def test_a_lasting_verdict_holds_for_every_longer_trace(batches):
    rules = Rules(CONFIGS, ManualClock(), False, lambda error: None)
    summary = rules.summary((1).to_bytes(16, "big"))
    lasting = [named.policy for named in rules._policies if named.policy.lasting]
    final = {}
    for batch in batches:
        rules.observe(summary, records(*batch))
        for position, one in enumerate(lasting):
            found = verdict(one, summary)
            assert found == final.get(position, found), one.settings
            if found in FINAL:
                final[position] = found


@pytest.mark.parametrize("config", LASTING, ids=str)
def test_these_verdicts_last(config):
    assert lasting(config)


@pytest.mark.parametrize("config", FLEETING, ids=str)
def test_these_verdicts_do_not_last(config):
    assert not lasting(config)


@pytest.mark.parametrize("kind", ["and", "drop"])
@pytest.mark.parametrize("other", FLEETING, ids=str)
def test_and_and_drop_last_only_if_all_their_policies_do(kind, other):
    assert lasting(combined(kind, LASTING[:2]))
    assert not lasting(combined(kind, [LASTING[0], other]))
