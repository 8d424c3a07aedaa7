"""Old traces before new policies: these decide as they would have then."""

from typing import Any

import pytest

from collector import Batch, pack
from processors.head_sampling import HeadSampling
from processors.tail_sampling import TailSampling
from processors.tail_sampling.replay import Earlier, Outcome, Replay
from tests.helpers import START, batch, make, span
from tests.tail_sampling.support import ALWAYS, ERRORS, HEAD, sampler, wait


def replay(*policies: dict[str, Any], head: Any = None, **settings: Any) -> Replay[Any]:
    config = TailSampling.Config.model_validate({"policies": list(policies), **settings})
    errors: list[Exception] = []
    return TailSampling.replay(config, [head] if head else [], errors.append)


def outcomes(replaying: Replay[Any], traces: list[list[Any]]) -> list[Outcome[int]]:
    """What becomes of traces that start one second after the other; the tag is their number."""
    found = []
    for number, spans in enumerate(traces):
        finished = max(one.end_time_unix_nano for one in spans) / 1e9
        found += replaying.add(batch(*spans), finished, number)
    return sorted(found + replaying.finish())


def kept(replaying: Replay[Any], traces: list[list[Any]]) -> list[int]:
    return [outcome.tag for outcome in outcomes(replaying, traces) if outcome.kept]


def test_the_policy_that_decides_is_named():
    traces = [[span(trace=1, error=True)], [span(trace=2)], [span(trace=3), span(trace=3)]]
    count = {"name": "long", "type": "span_count", "span_count": {"min_spans": 2}}
    found = outcomes(replay(ERRORS, count), traces)
    assert [outcome.policy for outcome in found] == ["errors", "none", "long"]
    assert [outcome.kept for outcome in found] == [True, False, True]


def test_a_trace_is_decided_when_its_wait_is_over():
    replaying = replay(ALWAYS, decision_wait="10s")
    assert replaying.add(batch(span(trace=1)), START, 1) == []
    assert replaying.add(batch(span(trace=2)), START + 9.9, 2) == []
    assert [outcome.tag for outcome in replaying.add(batch(span(trace=3)), START + 10, 3)] == [1]
    assert [outcome.tag for outcome in replaying.finish()] == [2, 3]


def test_no_more_traces_are_open_than_num_traces_says():
    replaying = replay(ALWAYS, decision_wait="1h", num_traces=2)
    decided = [replaying.add(batch(span(trace=n)), START + n, n) for n in (1, 2, 3, 4)]
    assert [[outcome.tag for outcome in found] for found in decided] == [[], [], [1], [2]]


def test_a_rate_is_that_of_the_data_and_not_of_the_reading():
    rate = {"name": "r", "type": "rate_limiting", "rate_limiting": {"spans_per_second": 1}}
    at_once = [[span(trace=n, start=START)] for n in range(1, 11)]
    in_turn = [[span(trace=n, start=START + n)] for n in range(1, 11)]
    assert len(kept(replay(rate), at_once)) == 2  # the bucket holds two seconds
    assert len(kept(replay(rate), in_turn)) == 10


def test_a_percentile_looks_back_over_its_window_of_the_data():
    slow = {
        "name": "slow",
        "type": "latency_percentile",
        "latency_percentile": {"percentile": 90, "window": "60s", "min_samples": 20},
    }
    calm = [[span(trace=n, start=START + n, seconds=0.1)] for n in range(1, 41)]
    late = [[span(trace=99, start=START + 50, seconds=5)]]
    later = [[span(trace=99, start=START + 5000, seconds=5)]]
    assert kept(replay(slow), calm + late) == [40]
    assert kept(replay(slow), calm + later) == []


def test_decisions_are_those_of_the_daemon():
    """The same traces, replayed and live."""
    policies = [ERRORS, HEAD, {"name": "p", "type": "latency", "latency": {"threshold_ms": 900}}]
    traces = [
        [span(trace=n, start=START + n, seconds=n % 10 / 10, error=n % 7 == 0)]
        for n in range(1, 200)
    ]
    head = make(HeadSampling, {"percentage": 30})
    tail = sampler(*policies)
    head.next = tail
    for spans in traces:
        item = batch(*spans)
        with tail.context.storage.transaction() as transaction:
            item.transaction = transaction
            head.consume(item.copy())
    wait(tail)
    live = {record.span.trace_id: record for record in tail.next.spans}
    again = outcomes(replay(*policies, head=make(HeadSampling, {"percentage": 30})), traces)
    for outcome in again:
        trace_id = traces[outcome.tag][0].trace_id
        assert outcome.kept == (trace_id in live)
        if outcome.kept:
            policy = live[trace_id].attributes.text("winnow.sampling.policy")
            assert outcome.policy == policy


# Traces that a sampler has seen before.


def archived(percentage: float, traces: int, *policies: dict[str, Any]) -> list[list[Any]]:
    """The traces that a daemon kept with a head sample of this size, as they left it."""
    head, tail = make(HeadSampling, {"percentage": percentage}), sampler(*policies or (HEAD,))
    head.next = tail
    for n in range(1, traces + 1):
        one = span(trace=n, start=START + n, attributes={"user.id": f"u{n}"}, error=n % 5 == 0)
        item = batch(one)
        with tail.context.storage.transaction() as transaction:
            item.transaction = transaction
            head.consume(item)
    wait(tail)
    return [[record.span] for record in tail.next.spans]


def test_what_stands_on_the_spans_is_read():
    (outcome, *_) = outcomes(replay(ALWAYS), archived(25, 40))
    assert outcome.earlier.policy == "sampled"
    assert outcome.earlier.threshold == 3 << 54
    assert outcome.earlier.stands_for == 4


def test_a_trace_without_marks_stands_for_itself():
    (outcome,) = outcomes(replay(ALWAYS), [[span()]])
    assert outcome.earlier == Earlier()
    assert (outcome.earlier.stands_for, outcome.stands_for) == (1, 1)


def test_what_a_decision_wrote_has_no_part_in_the_next_one():
    marks = [
        {
            "name": "marked",
            "type": "string_attribute",
            "string_attribute": {"key": "winnow.sampling.policy", "values": ["sampled"]},
        },
        HEAD,
    ]
    assert kept(replay(*marks), archived(25, 40)) == []


@pytest.mark.parametrize("mode", ["defer", "drop"])
def test_a_smaller_head_sample_keeps_what_it_would_have_kept_then(mode):
    head = make(HeadSampling, {"percentage": 10, "mode": mode})
    before = archived(50, 400)
    found = [outcome for outcome in outcomes(replay(HEAD, head=head), before) if outcome.kept]
    smaller = {spans[0].trace_id for spans in archived(10, 400)}
    assert {before[outcome.tag][0].trace_id for outcome in found} == smaller
    assert {outcome.stands_for for outcome in found} == {1}


@pytest.mark.parametrize("mode", ["defer", "drop"])
def test_of_a_larger_head_sample_each_trace_stands_for_those_that_come_in_with_it(mode):
    head = make(HeadSampling, {"percentage": 50, "mode": mode})
    found = outcomes(replay(HEAD if mode == "defer" else ALWAYS, head=head), archived(25, 400))
    assert {(outcome.kept, outcome.stands_for) for outcome in found} == {(True, 2)}


def test_head_sampling_that_dropped_by_itself_is_undone_as_well():
    head = make(HeadSampling, {"percentage": 25, "mode": "drop"})
    sent = [span(trace=n, attributes={"user.id": f"u{n}"}) for n in range(1, 401)]
    item = batch(*sent)
    head.process(item)
    traces = [[record.span] for record in item.spans]
    larger = make(HeadSampling, {"percentage": 50, "mode": "drop"})
    found = outcomes(replay(ALWAYS, head=larger), traces)
    assert {(o.kept, o.earlier.stands_for, o.stands_for) for o in found} == {(True, 4, 2)}


def test_another_seed_draws_anew():
    head = make(HeadSampling, {"percentage": 50, "hash_seed": 7})
    found = outcomes(replay(HEAD, head=head), archived(25, 400))
    chosen = [outcome for outcome in found if outcome.kept]
    assert 0 < len(chosen) < len(found)
    assert {outcome.stands_for for outcome in chosen} == {4}


def test_a_policy_that_kept_all_of_its_kind_keeps_counting_one():
    found = outcomes(replay(ERRORS, HEAD), archived(25, 100, ERRORS, HEAD))
    assert {outcome.stands_for for outcome in found if outcome.policy == "errors"} == {1}


def test_head_sampling_that_drops_is_named():
    head = make(HeadSampling, {"percentage": 0, "mode": "drop"})
    (outcome,) = outcomes(replay(ALWAYS, head=head), [[span()]])
    assert (outcome.kept, outcome.policy) == (False, "head_sampled_out")


def test_the_threshold_of_a_sampler_further_up_stays():
    """A `th` of its own means that the trace id was judged; the others never came here."""
    sent = span(trace=2**56 - 1, trace_state="ot=th:c")
    head, tail = make(HeadSampling, {"percentage": 10}), sampler(HEAD)
    head.next = tail
    item = batch(sent)
    with tail.context.storage.transaction() as transaction:
        item.transaction = transaction
        head.consume(item)
    wait(tail)
    again = replay(HEAD, head=make(HeadSampling, {"percentage": 10}))
    item = Batch(payload=pack(tail.next.spans))
    (outcome,) = again.add(item, START, 1) + again.finish()
    assert outcome.kept
    assert item.spans[0].span.trace_state.startswith("ot=rv:ffffffffffffff;th:e666")
