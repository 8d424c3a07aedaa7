"""What each policy keeps."""

import itertools
import json
from pathlib import Path

import pytest

from processors.tail_sampling.policies.chance import fnv1a_64
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import kept, sampler, wait

numbers = itertools.count(1)
PROBABILISTIC = json.loads((Path(__file__).parent / "probabilistic.json").read_text())["groups"]


def trace(*spans, **fields):
    """The spans given, or one made of the fields, as a trace of its own."""
    number = next(numbers)
    made = list(spans) or [span(**fields)]
    for one in made:
        one.trace_id = number.to_bytes(16, "big")
    return made


def lasting(*milliseconds):
    traces = [trace() for _ in milliseconds]
    for (one,), ms in zip(traces, milliseconds, strict=True):
        one.end_time_unix_nano = one.start_time_unix_nano + ms * 1_000_000
    return traces


def with_attribute(key, *values):
    return [trace(attributes={key: value}) for value in values]


def test_always_sample_keeps_everything():
    assert kept({"type": "always_sample"}, trace(), trace(span(), span())) == [True, True]


def test_status_code_keeps_a_trace_with_one_such_span():
    policy = {"type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
    assert kept(policy, trace(span(), span(error=True)), trace(span())) == [True, False]


def test_status_code_can_look_for_unset():
    policy = {"type": "status_code", "status_code": {"status_codes": ["OK", "UNSET"]}}
    assert kept(policy, trace(error=True), trace()) == [False, True]


def test_latency_excludes_its_lower_bound():
    policy = {"type": "latency", "latency": {"threshold_ms": 500}}
    assert kept(policy, *lasting(499, 500, 501, 502)) == [False, False, True, True]


def test_latency_includes_its_upper_bound():
    policy = {"type": "latency", "latency": {"threshold_ms": 500, "upper_threshold_ms": 600}}
    assert kept(policy, *lasting(500, 501, 600, 601)) == [False, True, True, False]


def test_latency_is_from_the_earliest_start_to_the_latest_end_over_all_batches():
    tail = sampler({"name": "slow", "type": "latency", "latency": {"threshold_ms": 1000}})
    consume(tail, batch(span(start=1000, seconds=0.1)), batch(span(start=1000.95, seconds=0.1)))
    wait(tail)
    assert len(tail.next.spans) == 2


def test_a_span_without_a_start_time_makes_no_trace_slow():
    policy = {"type": "latency", "latency": {"threshold_ms": 1000}}
    assert kept(policy, trace(span(), span(start=0, seconds=0))) == [False]


def test_while_no_start_time_is_known_no_trace_is_slow():
    policy = {"type": "latency", "latency": {"threshold_ms": 1000}}
    (ended,) = trace()
    ended.start_time_unix_nano = 0
    assert kept(policy, [ended]) == [False]


def test_string_attribute_matches_whole_values_on_spans_and_resources():
    policy = {"type": "string_attribute", "string_attribute": {"key": "tier", "values": ["gold"]}}
    assert kept(policy, *with_attribute("tier", "gold", "golden", 7)) == [True, False, False]
    tail = sampler({"name": "gold", **policy})
    consume(tail, batch(span(), resource={"tier": "gold"}))
    wait(tail)
    assert len(tail.next.spans) == 1


def test_string_attribute_finds_regular_expressions():
    settings = {"key": "path", "values": ["^/health", "metrics"], "enabled_regex_matching": True}
    policy = {"type": "string_attribute", "string_attribute": settings}
    paths = with_attribute("path", "/health/live", "/x/metrics", "/x/health", "")
    assert kept(policy, *paths) == [True, True, False, False]


def test_string_attribute_takes_the_regular_expressions_of_go():
    settings = {"key": "k", "values": [r"(?i)^[[:alpha:]]+\z"], "enabled_regex_matching": True}
    policy = {"type": "string_attribute", "string_attribute": settings | {"cache_max_size": 1}}
    long = "a" * 10_000
    texts = with_attribute("k", "Abc", "abc1", "Abc", long, long + "1", long)
    assert kept(policy, *texts) == [True, False, True, True, False, True]


def test_numeric_attribute_includes_its_bounds_and_takes_doubles():
    settings = {"key": "http.status_code", "min_value": 400, "max_value": 499}
    policy = {"type": "numeric_attribute", "numeric_attribute": settings}
    values = with_attribute("http.status_code", 399, 400, 450.5, 499, 500, "450", True)
    assert kept(policy, *values) == [False, True, True, True, False, False, False]


def test_numeric_attribute_may_be_open_at_one_end():
    policy = {"type": "numeric_attribute", "numeric_attribute": {"key": "n", "min_value": 0}}
    assert kept(policy, *with_attribute("n", -1, 0, 10**12)) == [False, True, True]


@pytest.mark.parametrize("wanted", [True, False])
def test_boolean_attribute_matches_the_value_asked_for(wanted):
    policy = {"type": "boolean_attribute", "boolean_attribute": {"key": "b", "value": wanted}}
    assert kept(policy, *with_attribute("b", wanted, not wanted, "true")) == [True, False, False]


def test_span_count_includes_its_bounds():
    policy = {"type": "span_count", "span_count": {"min_spans": 2, "max_spans": 3}}
    traces = [trace(*[span() for _ in range(number)]) for number in (1, 2, 3, 4)]
    assert kept(policy, *traces) == [False, True, True, False]


def test_span_count_counts_over_all_batches():
    tail = sampler({"name": "many", "type": "span_count", "span_count": {"min_spans": 3}})
    consume(tail, batch(span()), batch(span(), span()))
    wait(tail)
    assert len(tail.next.spans) == 3


def test_cost_keeps_traces_whose_model_calls_cost_so_much_together():
    def calls(*costs):
        return [{"gen_ai.operation.name": "chat", "gen_ai.usage.cost": cost} for cost in costs]

    dear = trace(*(span(attributes=call) for call in calls(0.6, 0.4)))
    cheap = trace(*(span(attributes=call) for call in calls(0.6, 0.3)))
    policy = {"type": "cost", "cost": {"min_usd": 1.0}}
    assert kept(policy, dear, cheap, trace()) == [True, False, False]


def test_guardrail_keeps_traces_in_which_one_fired():
    values = with_attribute("winnow.guardrail.fired", True, False)
    assert kept({"type": "guardrail"}, *values, trace()) == [True, False, False]


def test_probabilistic_hashes_as_the_collector_does():
    hashed = fnv1a_64(b"default-hash-seed" + bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736"))
    assert hashed == 0xA54533BA2E4970B5


@pytest.mark.parametrize(("percentage", "keeps"), [(64.5, False), (64.6, True), (100, True)])
def test_probabilistic_keeps_what_hashes_into_its_share(percentage, keeps):
    policy = {"type": "probabilistic", "probabilistic": {"sampling_percentage": percentage}}
    example = span()
    example.trace_id = bytes.fromhex("4bf92f3577b34da6a3ce929d0e0e4736")
    assert kept(policy, [example]) == [keeps]


@pytest.mark.parametrize("group", PROBABILISTIC, ids=lambda group: str(group["settings"]))
def test_probabilistic_keeps_the_traces_that_the_collector_keeps(group):
    policy = {"type": "probabilistic", "probabilistic": group["settings"]}
    examples = [span(trace=int(trace_id, 16)) for trace_id in group["kept"] + group["dropped"]]
    expected = [True] * len(group["kept"]) + [False] * len(group["dropped"])
    assert kept(policy, *([example] for example in examples)) == expected


def test_probabilistic_keeps_nothing_at_0_percent():
    policy = {"type": "probabilistic", "probabilistic": {"sampling_percentage": 0}}
    assert not any(kept(policy, *[trace() for _ in range(50)]))


def test_rate_limiting_spends_a_bucket_of_spans_and_refills_it():
    policy = {"type": "rate_limiting", "rate_limiting": {"spans_per_second": 5}}
    tail = sampler({"name": "rate", **policy})
    consume(tail, *[batch(*trace(span(), span(), span(), span())) for _ in range(4)])
    wait(tail, 30)
    assert len(tail.next.spans) == 8
    consume(tail, batch(*trace(*[span() for _ in range(10)])))
    wait(tail, 30)
    assert len(tail.next.spans) == 18


def test_rate_limiting_never_keeps_a_trace_larger_than_the_bucket():
    policy = {"type": "rate_limiting", "rate_limiting": {"spans_per_second": 1}}
    assert kept(policy, trace(span(), span(), span())) == [False]


def sub(kind, **settings):
    return {"name": kind, "type": kind} | ({kind: settings} if settings else {})


def test_and_needs_every_one_of_its_policies():
    slow, error = sub("latency", threshold_ms=500), sub("status_code", status_codes=["ERROR"])
    policy = {"type": "and", "and": {"and_sub_policy": [slow, error]}}
    traces = [trace(seconds=1, error=True), trace(seconds=1), trace(error=True)]
    assert kept(policy, *traces) == [True, False, False]


def test_not_turns_its_policy_round():
    policy = {"type": "not", "not": {"not_sub_policy": sub("latency", threshold_ms=500)}}
    assert kept(policy, *lasting(100, 900)) == [True, False]


def test_drop_beats_every_other_policy():
    health = sub("string_attribute", key="path", values=["/health"])
    tail = sampler(
        {"name": "all", "type": "always_sample"},
        {"name": "no health", "type": "drop", "drop": {"drop_sub_policy": [health]}},
    )
    consume(tail, batch(*trace(attributes={"path": "/health"}), *trace(attributes={"path": "/x"})))
    wait(tail)
    assert [record.attributes.text("path") for record in tail.next.spans] == ["/x"]


def test_policies_nest():
    inner = {"name": "n", "type": "not", "not": {"not_sub_policy": sub("guardrail")}}
    policy = {"type": "and", "and": {"and_sub_policy": [inner, sub("span_count", min_spans=2)]}}
    fired = {"winnow.guardrail.fired": True}
    traces = [trace(span(), span()), trace(span(), span(attributes=fired)), trace()]
    assert kept(policy, *traces) == [True, False, False]
