"""The probabilistic sampler: as the Collector's, decision by decision."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector import tracestate as ts
from collector import write_value
from processors.probabilistic_sampler import ProbabilisticSampler
from processors.probabilistic_sampler.carrier import Carrier
from processors.probabilistic_sampler.modes import fnv1a_32
from tests.helpers import batch, consume, make, metric, span

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())["groups"]
KINDS = {"int": int, "double": float, "string": str, "bool": bool}
EXAMPLE = 0x4BF92F3577B34DA6A3CE929D0E0E4736


def asked(number, trace_id, tracestate, priority):
    """A span, with its number as its id."""
    made = span(trace=int(trace_id, 16), trace_state=tracestate)
    for kind, text in (priority or {}).items():
        write_value(made.attributes.add(key="sampling.priority").value, KINDS[kind](text))
    made.span_id = number.to_bytes(8, "big")
    return made


def answers(config, questions):
    """The tracestate of each span afterwards; None where it was dropped."""
    sampler = make(ProbabilisticSampler, config)
    consume(sampler, batch(*(asked(n, *question) for n, question in enumerate(questions))))
    left = {int.from_bytes(r.span.span_id, "big"): r.span.trace_state for r in sampler.next.spans}
    return [left.get(number) for number in range(len(questions))]


def tracestate(config, before="", trace=EXAMPLE, priority=None):
    """The tracestate of one span afterwards; None where it was dropped."""
    return answers(config, [(f"{trace:032x}", before, priority)])[0]


def ids(group):
    config = group["config"]
    closed = "closed" if config["fail_closed"] else "open"
    return f"{config['mode']}-{config['sampling_percentage']:g}-{closed}"


@pytest.mark.parametrize("group", VECTORS, ids=ids)
def test_decisions_and_tracestates_are_those_of_the_collector(group):
    questions = [question for *question, _ in group["spans"]]
    assert answers(group["config"], questions) == [answer for *_, answer in group["spans"]]


def test_the_vectors_are_many_and_of_both_kinds():
    found = [answer is None for group in VECTORS for *_, answer in group["spans"]]
    assert len(found) > 500
    assert 0.3 < sum(found) / len(found) < 0.7


def test_seed_and_trace_id_are_hashed_as_the_collector_does():
    assert fnv1a_32(bytes(4) + EXAMPLE.to_bytes(16, "big")) == 0x3420408D
    assert tracestate({"sampling_percentage": 10}) == "ot=rv:fdc80d0b42008d;th:e668"
    assert tracestate({"sampling_percentage": 1}) == "ot=rv:fdc80d0b42008d;th:fd74"
    seeded = {"sampling_percentage": 100, "hash_seed": 22}
    assert tracestate(seeded) == "ot=rv:3e50158161306b;th:0"


def test_without_settings_nothing_is_kept():
    assert tracestate({}) is None


def test_hashing_leaves_spans_alone_that_another_sampler_has_seen():
    settings = {"sampling_percentage": 100}
    for before in ("ot=th:0", "ot=rv:fdc80d0b42008d"):
        assert tracestate(settings, before) is None
        assert tracestate(settings | {"fail_closed": False}, before) == before


def test_equalizing_raises_lower_thresholds_and_leaves_higher_ones():
    settings = {"mode": "equalizing", "sampling_percentage": 25}
    assert tracestate(settings, "v=1,ot=rv:f0000000000000;th:8") == "ot=rv:f0000000000000;th:c,v=1"
    assert tracestate(settings, "ot=rv:f0000000000000;th:e") == "ot=rv:f0000000000000;th:e"


def test_proportional_multiplies_with_what_came():
    settings = {"mode": "proportional", "sampling_percentage": 50}
    assert tracestate(settings, "ot=rv:f0000000000000;th:8") == "ot=rv:f0000000000000;th:c"


@pytest.mark.parametrize("mode", ["proportional", "equalizing"])
def test_a_threshold_that_the_randomness_contradicts_is_an_error_and_cleared(mode):
    settings = {"mode": mode, "sampling_percentage": 100}
    before = "ot=rv:10000000000000;th:8"
    assert tracestate(settings, before) is None
    kept = tracestate(settings | {"fail_closed": False}, before)
    assert kept == "ot=rv:10000000000000;th:0"


def test_a_trace_id_of_zeros_is_an_error():
    settings = {"sampling_percentage": 100}
    assert tracestate(settings, trace=0) is None
    assert tracestate(settings | {"fail_closed": False}, trace=0) == "ot=rv:ffffffffffffff;th:0"


def test_sampling_priority_has_the_last_word():
    settings = {"mode": "equalizing", "sampling_percentage": 100}
    assert tracestate(settings, priority={"int": "0"}) is None
    assert tracestate(settings, "malformed", priority={"string": "1"}) == "malformed"


def test_what_is_dropped_is_counted():
    sampler = make(ProbabilisticSampler)
    consume(sampler, batch(span(), span()))
    dropped = {"component": "test", "reason": "sampled_out"}
    assert metric(sampler, "winnow_dropped_spans_total", **dropped) == 2


def test_spans_are_counted_by_what_decided_on_them():
    sampler = make(ProbabilisticSampler, {"sampling_percentage": 100, "mode": "equalizing"})
    consume(sampler, batch(span(), span(attributes={"sampling.priority": 0}), span(trace=0)))
    name = "winnow_probabilistic_sampler_spans_total"
    assert metric(sampler, name, policy="trace_id_w3c", decision="sampled") == 1
    assert metric(sampler, name, policy="sampling_priority", decision="not_sampled") == 1
    assert metric(sampler, name, policy="missing_randomness", decision="not_sampled") == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"sampling_percentage": -1},
        {"sampling_percentage": 1e-20},
        {"sampling_percentage": float("nan")},
        {"sampling_percentage": float("inf")},
        {"sampling_precision": 0},
        {"sampling_precision": 15},
        {"hash_seed": 2**32},
        {"mode": "random"},
    ],
)
def test_what_the_collector_refuses_is_a_mistake(settings):
    with pytest.raises(ValidationError):
        ProbabilisticSampler.Config.model_validate(settings)


@given(st.text(max_size=300))
def test_whatever_stands_in_a_tracestate_can_be_read(text):
    carrier = Carrier(text)
    assert carrier.malformed or not Carrier(str(carrier)).malformed


@given(st.integers(0, ts.NEVER - 1), st.integers(0, ts.NEVER - 1))
def test_a_threshold_only_rises(one, other):
    carrier = Carrier("")
    carrier.raise_threshold(one)
    carrier.raise_threshold(other)
    assert carrier.threshold == max(one, other)
