"""Head sampling: who is in the sample, and how the spans say so."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector import tracestate as ts
from processors.head_sampling import HeadSampling
from tests.head_sampling.support import counted, ot, private
from tests.helpers import batch, consume, make, metric, span


def decisions(users, settings=None):
    """Whether each user's trace is in the sample."""
    sampler = make(HeadSampling, settings or {})
    spans = [span(trace=i, attributes={"user.id": user}) for i, user in enumerate(users, 1)]
    consume(sampler, batch(*spans))
    return {r.attributes.text("user.id"): "th" in ot(r) for r in sampler.next.spans}


def test_the_sample_is_about_as_large_as_asked_for():
    sampled = decisions([f"user-{i}" for i in range(20_000)])
    assert 0.09 < sum(sampled.values()) / len(sampled) < 0.11


def test_a_user_is_in_the_sample_in_every_trace():
    sampler = make(HeadSampling)
    spans = [span(trace=i, attributes={"user.id": f"u{i % 50}"}) for i in range(1, 501)]
    consume(sampler, batch(*spans))
    seen = {}
    for record in sampler.next.spans:
        seen.setdefault(record.attributes.text("user.id"), set()).add("th" in ot(record))
    assert all(len(answers) == 1 for answers in seen.values())


def test_another_process_with_other_string_hashes_chooses_the_same_users():
    users = [f"user-{i}" for i in range(300)]
    program = (
        "import json; from tests.head_sampling import test_head_sampling as t;"
        f"print(json.dumps(t.decisions({users!r})))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "12345"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert json.loads(answer) == decisions(users)


def test_the_hash_of_a_known_user_never_changes():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(attributes={"user.id": "u1"})))
    low = 8330233586929153525  # MurmurHash3 x64 128, seed 0, low word
    assert ot(sampler.next.spans[0])["rv"] == f"{low & (2**56 - 1):014x}"


def test_another_seed_is_another_sample():
    users = [f"user-{i}" for i in range(500)]
    assert decisions(users) != decisions(users, {"hash_seed": 7})


@given(st.floats(0, 100), st.floats(0, 100))
def test_a_smaller_sample_is_part_of_a_larger_one(one, other):
    users = [f"user-{i}" for i in range(40)]
    small, large = sorted((one, other))
    inside = decisions(users, {"percentage": large})
    for user, sampled in decisions(users, {"percentage": small}).items():
        assert inside[user] or not sampled


def test_100_percent_is_everybody_and_0_is_nobody():
    users = [f"user-{i}" for i in range(50)]
    assert all(decisions(users, {"percentage": 100}).values())
    assert not any(decisions(users, {"percentage": 0}).values())


def test_every_span_of_a_trace_follows_the_best_key_on_any_of_them():
    sampler = make(HeadSampling)
    spans = [span(), span(attributes={"session.id": "s"}), span(attributes={"user.id": "u1"})]
    consume(sampler, batch(*spans))
    assert len({record.span.trace_state for record in sampler.next.spans}) == 1
    assert private(sampler.next.spans[0]) == {"k": "1"}


def test_a_later_batch_of_the_trace_follows_the_key_of_the_first():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(attributes={"user.id": "u1"})), batch(span()))
    first, second = sampler.next.spans
    assert first.span.trace_state == second.span.trace_state


def test_a_better_key_that_comes_later_is_written_with_its_better_rank():
    sampler = make(HeadSampling)
    consume(sampler, batch(span()), batch(span(attributes={"user.id": "u1"})), batch(span()))
    assert [private(record)["k"] for record in sampler.next.spans] == ["4", "1", "1"]


def test_the_resource_may_carry_the_key():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(trace=1), resource={"user.id": "u1"}))
    consume(sampler, batch(span(trace=2, attributes={"user.id": "u1"})))
    first, second = sampler.next.spans
    assert ot(first) == ot(second)


def test_a_user_id_may_be_a_number():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(trace=1, attributes={"user.id": 42})))
    consume(sampler, batch(span(trace=2, attributes={"user.id": "42"})))
    first, second = sampler.next.spans
    assert ot(first) == ot(second)


def test_the_conversation_is_the_key_where_there_is_neither_user_nor_session():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(trace=1, attributes={"gen_ai.conversation.id": "c"})))
    consume(sampler, batch(span(trace=2, attributes={"gen_ai.conversation.id": "c"})))
    first, second = sampler.next.spans
    assert ot(first) == ot(second)


def test_the_trace_id_may_be_the_only_key():
    sampler = make(HeadSampling, {"key": ["trace_id"]})
    other = make(HeadSampling, {"key": []})
    for each in (sampler, other):
        consume(each, batch(span(trace=7, attributes={"user.id": "u", "trace_id": "x"})))
    assert ot(sampler.next.spans[0]) == ot(other.next.spans[0])


def test_keys_behind_the_trace_id_are_a_mistake():
    with pytest.raises(ValidationError, match="put it last"):
        HeadSampling.Config.model_validate({"key": ["trace_id", "user.id"]})


def test_an_empty_key_counts_as_missing():
    sampler = make(HeadSampling)
    consume(sampler, batch(span(attributes={"user.id": "", "session.id": "s"})))
    assert private(sampler.next.spans[0])["k"] == "2"


def test_deferring_keeps_every_span_and_only_marks_it():
    sampler = make(HeadSampling, {"percentage": 0})
    consume(sampler, batch(span(trace=1), span(trace=2)))
    assert all(set(ot(record)) == {"rv"} for record in sampler.next.spans)
    assert counted(sampler, "not_sampled") == 2


def test_dropping_drops_at_once_and_counts_the_spans():
    sampler = make(HeadSampling, {"percentage": 0, "mode": "drop"})
    consume(sampler, batch(span(trace=1), span(trace=2)))
    assert sampler.next.batches == []
    dropped = {"component": "test", "reason": "head_sampled_out"}
    assert metric(sampler, "winnow_dropped_spans_total", **dropped) == 2


def test_dropping_leaves_threshold_and_randomness_on_what_it_keeps():
    sampler = make(HeadSampling, {"percentage": 50, "mode": "drop"})
    spans = [span(trace=i, attributes={"user.id": f"u{i}"}) for i in range(1, 200)]
    consume(sampler, batch(*spans))
    assert 50 < len(sampler.next.spans) < 150
    for record in sampler.next.spans:
        assert ot(record)["th"] == "8"
        assert ts.parse_randomness(ot(record)["rv"]) >= ts.parse_threshold("8")
        assert private(record) == {}


def test_an_earlier_higher_threshold_stays():
    sampler = make(HeadSampling, {"percentage": 50, "mode": "drop"})
    consume(sampler, batch(span(trace_state="ot=th:c;rv:f0000000000000,vendor=x")))
    (record,) = sampler.next.spans
    assert ot(record) == {"rv": "f0000000000000", "th": "c"}
    assert ts.member(record.span.trace_state, "vendor") == "x"


def test_an_earlier_lower_threshold_rises():
    sampler = make(HeadSampling, {"percentage": 25, "mode": "drop"})
    consume(sampler, batch(span(trace_state="ot=th:8;rv:f0000000000000")))
    assert ot(sampler.next.spans[0])["th"] == "c"


def test_randomness_that_came_in_decides_instead_of_the_key():
    sampler = make(HeadSampling, {"percentage": 50, "mode": "drop"})
    low = span(trace=1, trace_state="ot=rv:10000000000000", attributes={"user.id": "u"})
    high = span(trace=2, trace_state="ot=rv:f0000000000000", attributes={"user.id": "u"})
    consume(sampler, batch(low, high))
    assert [record.span.trace_id[-1] for record in sampler.next.spans] == [2]


def test_a_threshold_that_the_randomness_contradicts_is_cleared():
    sampler = make(HeadSampling, {"percentage": 100, "mode": "drop"})
    consume(sampler, batch(span(trace_state="ot=th:f;rv:10000000000000")))
    assert ot(sampler.next.spans[0])["th"] == "0"


def test_a_contradicted_threshold_is_cleared_outside_the_sample_too():
    sampler = make(HeadSampling, {"percentage": 50})
    consume(sampler, batch(span(trace_state="ot=th:f;rv:10000000000000,vendor=x")))
    (record,) = sampler.next.spans
    assert record.span.trace_state == "ot=rv:10000000000000,winnow=k:0,vendor=x"


def test_what_other_vendors_wrote_stays_in_its_order_behind_our_own():
    sampler = make(HeadSampling, {"percentage": 100, "mode": "drop"})
    consume(sampler, batch(span(trace_state="b=2, a=1,ot=x:1;rv:f0000000000000,c=t e x t")))
    (record,) = sampler.next.spans
    assert record.span.trace_state == "ot=rv:f0000000000000;th:0;x:1,b=2,a=1,c=t e x t"


@pytest.mark.parametrize(
    "malformed", ["th", "th:E", "rv:abc", ";;", "TH:8", "th:8:8", "th:8;x:" + "a" * 250]
)
def test_malformed_sampling_information_counts_as_none(malformed):
    sampler = make(HeadSampling, {"percentage": 100, "key": [], "mode": "drop"})
    consume(sampler, batch(span(trace=1), span(trace=1, trace_state=f"ot={malformed},v=1")))
    fresh, mended = sampler.next.spans
    assert ts.with_member(mended.span.trace_state, "v", "") == fresh.span.trace_state


def test_the_member_never_grows_beyond_256_characters():
    sampler = make(HeadSampling, {"percentage": 100})
    others = f"rv:f0000000000000;a:{'x' * 210};b:1234567890123456789;c:1"
    consume(sampler, batch(span(trace_state=f"ot={others}")))
    member = ts.member(sampler.next.spans[0].span.trace_state, "ot")
    assert len(member) <= 256
    assert list(ts.subkeys(member)) == ["rv", "th", "a", "c"]


def test_a_threshold_without_randomness_was_judged_by_the_trace_id():
    sampler = make(HeadSampling, {"percentage": 100})
    consume(sampler, batch(span(trace=0xF0000000000001, trace_state="ot=th:8")))
    (record,) = sampler.next.spans
    assert ot(record) == {"rv": "f0000000000001", "th": "8"}
    assert private(record) == {"k": "0", "t": "8"}


def test_a_second_head_sampler_agrees_with_the_first():
    first, second = make(HeadSampling), make(HeadSampling)
    spans = [span(trace=i, attributes={"user.id": f"u{i}"}) for i in range(1, 100)]
    consume(first, batch(*spans))
    before = [record.span.trace_state for record in first.next.spans]
    consume(second, *first.next.batches)
    assert [sorted(r.span.trace_state.split(",")) for r in second.next.spans] == [
        sorted(tracestate.split(",")) for tracestate in before
    ]


def test_what_is_remembered_is_bounded():
    sampler = make(HeadSampling, {"trace_cache_size": 1})
    consume(sampler, batch(span(trace=1, attributes={"user.id": "u1"})))
    consume(sampler, batch(span(trace=2, attributes={"user.id": "u1"})))
    consume(sampler, batch(span(trace=1)), batch(span(trace=2)))
    assert [private(record)["k"] for record in sampler.next.spans] == ["1", "1", "4", "1"]


@pytest.mark.parametrize("percentage", [-1, 101])
def test_a_percentage_beyond_0_and_100_is_a_mistake(percentage):
    with pytest.raises(ValidationError):
        HeadSampling.Config.model_validate({"percentage": percentage})
