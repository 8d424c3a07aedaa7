"""A million traces through head and tail sampling: what matters is kept, and counts up again."""

import random
from collections import Counter
from collections.abc import Iterator

import pytest

from collector import Batch
from collector import tracestate as ts
from processors.head_sampling import HeadSampling
from tests.helpers import ManualClock, batch, consume, make, span
from tests.tail_sampling.support import ERRORS, HEAD, sampler

TRACES = 1_000_000
A_BATCH = 2_000
SECONDS_A_BATCH = 6.0
Z_999 = 3.2905
"""Standard deviations that hold 99.9% of a normal distribution, which this binomial is near."""
CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}
POLICIES = [
    {"name": "slow", "type": "latency_percentile", "latency_percentile": {"percentile": 99}},
    ERRORS,
    {"name": "guardrails", "type": "guardrail"},
    {"name": "dear", "type": "cost", "cost": {"min_usd": 1.0}},
    HEAD,
]
SHARES = {"errors": 0.01, "guardrails": 0.005, "dear": 0.005}


class Stream:
    """Traces of one span, with what is planted in them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.planted: dict[bytes, str] = {}

    def batches(self, traces: int) -> Iterator[Batch]:
        for _ in range(traces // A_BATCH):
            yield batch(*[self._one() for _ in range(A_BATCH)])

    def _one(self):
        what = self._what()
        attributes = {"user.id": f"user-{self.chance.getrandbits(40):x}"}
        if what == "guardrails":
            attributes["winnow.guardrail.fired"] = True
        if what == "dear":
            attributes |= CALL | {"gen_ai.usage.cost": 1.5}
        seconds = self.chance.lognormvariate(0, 1)
        made = span(attributes=attributes, error=what == "errors", seconds=seconds)
        made.trace_id = self.chance.randbytes(16)
        if what:
            self.planted[made.trace_id] = what
        return made

    def _what(self) -> str:
        drawn = self.chance.random()
        for what, share in SHARES.items():
            if drawn < share:
                return what
            drawn -= share
        return ""


class Counted:
    """The end of the chain: keeps count, not the spans."""

    def __init__(self) -> None:
        self.policies: dict[bytes, str] = {}
        self.estimate = 0.0

    def consume(self, item: Batch) -> None:
        for record in item.spans:
            self.policies[record.span.trace_id] = record.attributes.text("winnow.sampling.policy")
            th = ts.subkeys(ts.member(record.span.trace_state, "ot"))["th"]
            self.estimate += ts.NEVER / (ts.NEVER - (ts.parse_threshold(th) or 0))


def sampled(stream: Stream, traces: int, percentage: float = 10.0) -> Counted:
    clock, end = ManualClock(), Counted()
    head = make(HeadSampling, {"percentage": percentage}, clock=clock)
    tail = sampler(*POLICIES, clock=clock, decision_wait="5s", num_traces=traces)
    head.next, tail.next = tail, end
    for item in stream.batches(traces):
        consume(head, item)
        clock.advance(SECONDS_A_BATCH)
        tail.decide_due()
    return end


@pytest.mark.long
def test_of_a_million_traces_all_that_matters_is_kept_and_the_rest_counts_up_again():
    stream = Stream(seed=1)
    end = sampled(stream, TRACES)
    assert stream.planted.keys() <= end.policies.keys()
    by_policy = Counter(end.policies.values())
    assert 0.008 < by_policy["slow"] / TRACES < 0.013
    ordinary = TRACES - len(stream.planted | dict.fromkeys(_of(end, "slow"), ""))
    expected = ordinary * 0.1
    assert abs(by_policy["sampled"] - expected) < Z_999 * (expected * 0.9) ** 0.5
    assert end.estimate == pytest.approx(TRACES, rel=0.01)


def test_the_same_traces_are_kept_by_every_run():
    runs = [sampled(Stream(seed=2), 5 * A_BATCH) for _ in range(2)]
    assert runs[0].policies == runs[1].policies


def _of(end: Counted, policy: str) -> list[bytes]:
    return [trace_id for trace_id, found in end.policies.items() if found == policy]
