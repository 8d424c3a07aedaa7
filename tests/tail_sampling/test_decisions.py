"""How verdicts become decisions, when, and what is written on the spans."""

import pytest

from collector import Batch
from collector import tracestate as ts
from collector.attributes import decode
from collector.wire import serialized
from processors.head_sampling import HeadSampling
from tests.helpers import batch, consume, make, metric, request, span
from tests.tail_sampling.support import ALWAYS, ERRORS, HEAD, policies_of, sampler, wait


def attribute_policy(value, *, invert=False):
    settings = {"key": "k", "values": [value], "invert_match": invert}
    return {"name": f"{value}{invert}", "type": "string_attribute", "string_attribute": settings}


def decided(tail, decision, policy):
    name = "winnow_tail_sampling_traces_total"
    return metric(tail, name, decision=decision, policy=policy)


@pytest.mark.parametrize(
    ("policies", "keeps"),
    [
        ([attribute_policy("x", invert=True)], False),
        ([attribute_policy("y", invert=True)], True),
        ([ALWAYS, attribute_policy("x", invert=True)], False),
        ([attribute_policy("x"), attribute_policy("y", invert=True)], True),
        ([attribute_policy("y"), attribute_policy("z", invert=True)], False),
    ],
)
def test_inverted_verdicts_have_the_collectors_precedence(policies, keeps):
    tail = sampler(*policies)
    consume(tail, batch(span(attributes={"k": "x"})))
    wait(tail)
    assert bool(tail.next.spans) is keeps


def test_the_first_policy_that_samples_is_named_on_every_span():
    tail = sampler(ERRORS, ALWAYS)
    consume(tail, batch(span(trace=1, error=True), span(trace=1), span(trace=2)))
    wait(tail)
    assert sorted(policies_of(tail)) == ["all", "errors", "errors"]
    assert decided(tail, "sampled", "errors") == 1
    assert decided(tail, "sampled", "all") == 1


def test_decisions_against_a_trace_are_counted_too():
    drop = {"name": "no", "type": "drop", "drop": {"drop_sub_policy": [attribute_policy("x")]}}
    tail = sampler(drop, ERRORS)
    consume(tail, batch(span(trace=1, attributes={"k": "x"}), span(trace=2)))
    wait(tail)
    assert decided(tail, "dropped", "no") == 1
    assert decided(tail, "not_sampled", "none") == 1
    reasons = {"component": "test", "reason": "not_sampled"}
    assert metric(tail, "winnow_dropped_spans_total", **reasons) == 2


def test_sample_on_first_match_asks_drop_policies_first_wherever_they_stand():
    drop = {"name": "no", "type": "drop", "drop": {"drop_sub_policy": [ALWAYS | {"name": "x"}]}}
    tail = sampler(ALWAYS, drop, sample_on_first_match=True)
    consume(tail, batch(span()))
    wait(tail)
    assert policies_of(tail) == []


def test_an_earlier_collectors_policy_is_replaced():
    tail = sampler(ALWAYS)
    consume(tail, batch(span(attributes={"winnow.sampling.policy": "edge"})))
    wait(tail)
    (record,) = tail.next.spans
    assert [decode(item)[0] for item in serialized(record.span)] == ["winnow.sampling.policy"]
    assert policies_of(tail) == ["all"]


def test_nothing_is_decided_before_the_wait_is_over():
    tail = sampler(ALWAYS, decision_wait="10s")
    consume(tail, batch(span()))
    wait(tail, 9.9)
    assert tail.next.spans == []
    wait(tail, 0.1)
    assert len(tail.next.spans) == 1


def test_the_wait_is_from_the_first_span():
    tail = sampler(ALWAYS, decision_wait="10s")
    consume(tail, batch(span()))
    wait(tail, 6)
    consume(tail, batch(span()))
    wait(tail, 6)
    assert len(tail.next.spans) == 2


def test_the_root_shortens_the_wait():
    tail = sampler(ALWAYS, decision_wait="10s", decision_wait_after_root_received="2s")
    consume(tail, batch(span(parent=b"12345678")))
    wait(tail, 3)
    assert tail.next.spans == []
    consume(tail, batch(span()))
    wait(tail, 2)
    assert len(tail.next.spans) == 2


def test_the_root_never_lengthens_the_wait():
    tail = sampler(ALWAYS, decision_wait="10s", decision_wait_after_root_received="8s")
    consume(tail, batch(span(parent=b"12345678")))
    wait(tail, 5)
    consume(tail, batch(span()))
    wait(tail, 5)
    assert len(tail.next.spans) == 2


# Head sampling.


def through_head(tail, *batches, **settings):
    head = make(HeadSampling, settings, clock=tail.context.clock, storage=tail.context.storage)
    head.next = tail
    consume(head, *batches)
    wait(tail)


def users(percentage):
    """A user inside and one outside a sample of this size."""
    head = make(HeadSampling, {"percentage": percentage})
    names = [f"u{i}" for i in range(100)]
    consume(
        head, batch(*[span(trace=i, attributes={"user.id": u}) for i, u in enumerate(names, 1)])
    )
    inside = {
        record.attributes.text("user.id"): "th:" in record.span.trace_state
        for record in head.next.spans
    }
    return next(u for u in names if inside[u]), next(u for u in names if not inside[u])


def ot(record):
    return ts.subkeys(ts.member(record.span.trace_state, "ot"))


def test_what_head_sampling_chose_is_kept_with_its_threshold():
    tail, (inside, outside) = sampler(ERRORS, HEAD), users(10)
    chosen = span(trace=1, attributes={"user.id": inside})
    through_head(tail, batch(chosen, span(trace=2, attributes={"user.id": outside})))
    (record,) = tail.next.spans
    assert ot(record)["th"] == "e666"
    assert ts.parse_randomness(ot(record)["rv"]) >= ts.parse_threshold("e666")
    assert "winnow" not in record.span.trace_state


@pytest.mark.parametrize("which", [0, 1])
def test_what_another_policy_kept_stands_for_itself_only(which):
    tail, user = sampler(ERRORS, HEAD), users(10)[which]
    through_head(tail, batch(span(attributes={"user.id": user}, error=True), span()))
    assert {ot(record)["th"] for record in tail.next.spans} == {"0"}
    assert not any("winnow" in record.span.trace_state for record in tail.next.spans)


@pytest.mark.parametrize("policies", [(HEAD, ERRORS), (ERRORS, HEAD)])
def test_what_is_kept_in_any_case_stands_for_itself_wherever_its_policy_stands(policies):
    tail, (inside, _) = sampler(*policies), users(10)
    through_head(tail, batch(span(attributes={"user.id": inside}, error=True)))
    assert policies_of(tail) == [policies[0]["name"]]
    assert ot(tail.next.spans[0])["th"] == "0"


def test_what_chance_kept_has_no_threshold():
    half = {"name": "p", "type": "probabilistic", "probabilistic": {"sampling_percentage": 100}}
    tail = sampler(half)
    through_head(tail, batch(span()))
    assert set(ot(tail.next.spans[0])) == {"rv"}


def test_an_earlier_samplers_threshold_is_never_lowered():
    tail = sampler(ERRORS)
    incoming = span(error=True, trace_state="ot=th:8;rv:f0000000000000,vendor=x")
    through_head(tail, batch(incoming), percentage=1)
    (record,) = tail.next.spans
    assert ot(record) == {"rv": "f0000000000000", "th": "8"}
    assert ts.member(record.span.trace_state, "vendor") == "x"


def test_without_head_sampling_the_tracestate_is_left_alone():
    tail = sampler(ALWAYS)
    consume(tail, batch(span(trace_state="vendor=x"), span()))
    wait(tail)
    assert [record.span.trace_state for record in tail.next.spans] == ["vendor=x", ""]


def test_the_best_key_decides_wherever_in_the_trace_it_comes():
    inside, outside = users(50)
    for user, spans in ((inside, 3), (outside, 0)):
        for position in range(3):
            tail = sampler(HEAD)
            batches = [batch(span()) for _ in range(2)]
            batches.insert(position, batch(span(attributes={"user.id": user})))
            through_head(tail, *batches, percentage=50)
            assert len(tail.next.spans) == spans
            assert len({record.span.trace_state for record in tail.next.spans}) <= 1


def test_two_head_samplers_that_saw_different_halves_of_a_trace_end_right():
    inside, outside = users(50)
    for user, spans in ((inside, 2), (outside, 0)):
        tail = sampler(HEAD)
        through_head(tail, batch(span(attributes={"user.id": user})), percentage=50)
        assert len(tail.next.spans) in (0, 1)
        tail = sampler(HEAD)
        halves = [batch(span(attributes={"user.id": user})), batch(span())]
        for half in halves:
            head = make(HeadSampling, {"percentage": 50})
            head.next = tail
            head.context.storage.open()
            with tail.context.storage.transaction() as transaction:
                half.transaction = transaction
                head.consume(half)
        wait(tail)
        assert len(tail.next.spans) == spans
        assert len({record.span.trace_state for record in tail.next.spans}) <= 1


def test_a_rule_that_a_later_batch_matches_decides_for_the_whole_trace():
    match = {"match_type": "strict", "attributes": [{"key": "tier", "value": "gold"}]}
    for before, percentage, kept in ((0, 100, 2), (100, 0, 0)):
        tail, rules = sampler(HEAD), [{"match": match, "percentage": percentage}]
        gold = batch(span(attributes={"tier": "gold"}))
        through_head(tail, batch(span()), gold, percentage=before, rules=rules)
        assert len(tail.next.spans) == kept
        assert {ot(record)["th"] for record in tail.next.spans} <= {"0"}


def test_a_rule_lowers_no_threshold_that_a_span_came_with():
    rules = [{"match": {"match_type": "strict", "span_names": ["gold"]}, "percentage": 100}]
    tail, randomness = sampler(HEAD), "ot=rv:f0000000000000"
    early = batch(span(trace_state=f"{randomness};th:c"))
    through_head(tail, early, batch(span("gold", trace_state=randomness)), rules=rules)
    assert [ot(record)["th"] for record in tail.next.spans] == ["c", "0"]


def test_head_sampling_that_drops_leaves_only_what_head_sampled_keeps():
    tail, (inside, _) = sampler(HEAD), users(10)
    through_head(tail, batch(span(attributes={"user.id": inside})), mode="drop", percentage=10)
    assert ot(tail.next.spans[0])["th"] == "e666"


# Totals.


def call(**more):
    usage = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 7}
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.usage.cost": 0.25} | usage | more
    return span(attributes=attributes, parent=b"rootroot")


def root_of(tail):
    roots = [record for record in tail.next.spans if not record.span.parent_span_id]
    return dict(roots[0].attributes.items())


def test_the_root_gets_the_totals_of_the_trace():
    tail = sampler(ALWAYS)
    tool = span(attributes={"gen_ai.operation.name": "execute_tool"}, parent=b"rootroot")
    agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 200}
    consume(tail, batch(call(), tool), batch(call(), span(attributes=agent)))
    wait(tail)
    totals = {key: value for key, value in root_of(tail).items() if key.startswith("winnow.trace")}
    assert totals == {
        "winnow.trace.cost": 0.5,
        "winnow.trace.input_tokens": 200,
        "winnow.trace.output_tokens": 14,
        "winnow.trace.llm_calls": 2,
        "winnow.trace.tool_calls": 1,
    }


def test_a_call_that_wraps_a_call_is_not_counted_twice():
    tail = sampler(ALWAYS)
    wrapper = call()
    inner = call()
    inner.parent_span_id = wrapper.span_id
    consume(tail, batch(inner), batch(wrapper, span()))
    wait(tail)
    assert root_of(tail)["winnow.trace.llm_calls"] == 1
    assert root_of(tail)["winnow.trace.cost"] == 0.25


def test_a_span_that_was_sent_twice_is_one_call():
    tail = sampler(ALWAYS)
    again = call()
    consume(tail, batch(again, span()), batch(again))
    wait(tail)
    assert root_of(tail)["winnow.trace.llm_calls"] == 1


def told(scope, response):
    """A batch with a model call that `scope` tells of."""
    message = request(call(**{"gen_ai.response.id": response}))
    message.resource_spans[0].scope_spans[0].scope.name = scope
    return Batch(message)


@pytest.mark.parametrize(
    ("tellings", "calls"),
    [
        ([("framework", "msg_1"), ("client", "msg_1")], 1),
        ([("client", "msg_1"), ("client", "msg_2"), ("framework", "msg_2")], 2),
        ([("client", "msg_1"), ("framework", "msg_2")], 2),
        ([("client", ""), ("framework", "")], 2),
        ([("client", "same")] * 3, 3),  # some servers give the same few ids again and again
        ([("client", "same")] * 3 + [("framework", "same")] * 2, 3),
    ],
)
def test_a_response_that_two_instrumentations_tell_of_is_one_call(tellings, calls):
    tail = sampler(ALWAYS)
    consume(tail, *(told(*telling) for telling in tellings), batch(span()))
    wait(tail)
    assert root_of(tail)["winnow.trace.llm_calls"] == calls
    assert root_of(tail)["winnow.trace.cost"] == 0.25 * calls


def test_a_trace_without_calls_gets_no_totals():
    tail = sampler(ALWAYS)
    consume(tail, batch(span()))
    wait(tail)
    assert set(root_of(tail)) == {"winnow.sampling.policy"}
