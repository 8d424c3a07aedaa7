"""What the policies keep that know about agents: cost, tokens, context, evaluations, guardrails."""

import itertools

import pytest
from pydantic import ValidationError

from collector import write_value
from processors.tail_sampling import TailSampling
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import kept, sampler, wait

numbers = itertools.count(1)


def trace(*spans):
    """The spans given as a trace of its own."""
    number = next(numbers)
    for one in spans:
        one.trace_id = number.to_bytes(16, "big")
    return list(spans)


def call(cost=None, tokens=(0, 0), **more):
    """A model call."""
    usage = {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]}
    price = {} if cost is None else {"gen_ai.usage.cost": cost}
    return span(attributes={"gen_ai.operation.name": "chat"} | usage | price | more)


def calls_of(key, *values):
    """Traces of one model call each, with these values in an attribute."""
    return [trace(call(**{key: value})) for value in values]


def policy(kind, **settings):
    return {"type": kind, kind: settings}


def mistake(kind, **settings):
    with pytest.raises(ValidationError) as caught:
        TailSampling.Config.model_validate({"policies": [{"name": "p"} | policy(kind, **settings)]})
    return str(caught.value)


# Cost.


def test_cost_keeps_what_is_dearer_than_a_live_percentile():
    usual = [trace(call(cost=cost / 1000)) for cost in range(1, 201)]
    verdicts = kept(policy("cost", percentile=90, window="24h"), *usual)
    assert not any(verdicts[:100])
    assert all(verdicts[100:])  # ever dearer ones
    cheap = trace(call(cost=0.0001))
    assert kept(policy("cost", percentile=90, window="24h"), *usual, cheap)[-1] is False


def test_traces_without_a_known_cost_are_no_samples_of_it():
    dear = trace(call(cost=9.0))
    free = [trace(call()) for _ in range(300)]
    assert (
        kept(policy("cost", percentile=90, min_samples=50, window="24h"), *free, dear)
        == [False] * 301
    )


def test_cost_above_a_fixed_amount_is_kept_beside_the_percentile():
    both = policy("cost", min_usd=1.0, percentile=99)
    assert kept(both, trace(call(cost=1.0)), trace(call(cost=0.9))) == [True, False]


def test_each_group_has_a_percentile_of_cost_of_its_own():
    grouped = policy(
        "cost", percentile=90, group_by=["gen_ai.request.model"], min_samples=20, window="24h"
    )
    large = [trace(call(cost=2.0, **{"gen_ai.request.model": "large"})) for _ in range(30)]
    small = [trace(call(cost=0.1, **{"gen_ai.request.model": "small"})) for _ in range(30)]
    between = [
        trace(call(cost=1.0, **{"gen_ai.request.model": model})) for model in ("large", "small")
    ]
    assert kept(grouped, *large, *small, *between)[-2:] == [False, True]


def test_cost_needs_to_be_told_what_is_dear():
    assert "give min_usd, percentile or both" in mistake("cost")


# Tokens.


def test_tokens_are_those_of_all_model_calls_together():
    traces = [trace(call(tokens=(60, 30)), call(tokens=(5, 5))), trace(call(tokens=(60, 39)))]
    assert kept(policy("tokens", min_total=100), *traces) == [True, False]


@pytest.mark.parametrize(
    ("settings", "keeps"),
    [
        ({"min_input": 50}, [False, True, True]),
        ({"max_input": 50}, [True, True, False]),
        ({"min_output": 10, "max_output": 20}, [True, True, False]),
        ({"min_total": 70, "min_output": 25}, [False, False, True]),
    ],
)
def test_tokens_have_bounds_that_are_included(settings, keeps):
    traces = [trace(call(tokens=tokens)) for tokens in ((49, 10), (50, 20), (51, 30))]
    assert kept(policy("tokens", **settings), *traces) == keeps


def test_traces_without_a_model_call_have_no_tokens():
    assert kept(policy("tokens", max_total=100), trace(span())) == [False]


def test_tokens_may_be_above_a_percentile_of_one_kind():
    usual = [trace(call(tokens=(1000, 10))) for _ in range(150)]
    long_answer, long_question = trace(call(tokens=(1, 900))), trace(call(tokens=(9000, 10)))
    by_output = policy("tokens", percentile=99, of="output", window="24h")
    assert kept(by_output, *usual, long_answer, long_question)[-2:] == [True, False]


def test_tokens_need_a_bound_that_can_hold():
    assert "give a bound such as min_total, or percentile" in mistake("tokens")
    assert "max_input is below min_input" in mistake("tokens", min_input=2, max_input=1)


# Context, finish reasons.


def test_context_utilization_keeps_traces_with_a_call_that_fills_its_window():
    traces = calls_of("winnow.context.utilization", 0.89, 0.9, 1.2)
    assert kept(policy("context_utilization"), *traces) == [False, True, True]
    nearly_full = policy("context_utilization", min_ratio=0.5)
    assert kept(nearly_full, *calls_of("winnow.context.utilization", 0.49, 0.5)) == [False, True]


def test_only_model_calls_have_a_context():
    agent = {"gen_ai.operation.name": "invoke_agent", "winnow.context.utilization": 1.0}
    assert kept(policy("context_utilization"), trace(span(attributes=agent))) == [False]


def test_finish_reason_keeps_traces_with_a_call_that_ended_so():
    reasons = calls_of("gen_ai.response.finish_reasons", ["stop"], ["stop", "LENGTH"], "length", [])
    assert kept(policy("finish_reason"), *reasons) == [False, True, True, False]
    one = policy("finish_reason", reasons=["Tool_Call"])
    assert kept(one, *calls_of("gen_ai.response.finish_reasons", ["tool_call"], ["stop"])) == [
        True,
        False,
    ]


def test_a_span_of_an_earlier_batch_is_not_forgotten():
    tail = sampler({"name": "cut short"} | policy("finish_reason"))
    cut = call(**{"gen_ai.response.finish_reasons": ["length"]})
    consume(tail, *map(batch, trace(cut, span())))
    wait(tail)
    assert len(tail.next.spans) == 2


# Evaluations.


def evaluated(name="relevance", score=None, label=None):
    """A span with an evaluation event."""
    made = call()
    event = made.events.add(name="gen_ai.evaluation.result")
    told = {"name": name, "score.value": score, "score.label": label}
    for key, value in told.items():
        if value is not None:
            write_value(event.attributes.add(key=f"gen_ai.evaluation.{key}").value, value)
    return trace(made)


def test_evaluation_keeps_traces_with_a_score_below_a_bound():
    scores = [evaluated(score=score) for score in (0.49, 0.5, 0, "0.1", None)]
    below = policy("evaluation", below=0.5)
    assert kept(below, *scores, trace(call())) == [True, False, True, False, False, False]


def test_evaluation_may_ask_for_some_evaluations_only():
    traces = [evaluated("Toxicity", 0.9), evaluated("relevance", 0.9), evaluated("toxicity", 0.5)]
    assert kept(policy("evaluation", names=["toxicity"], above=0.8), *traces) == [
        True,
        False,
        False,
    ]


def test_evaluation_may_look_for_labels():
    traces = [evaluated(label="Fail"), evaluated(label="pass"), evaluated(score=0.1, label="pass")]
    labelled = policy("evaluation", labels=["fail"], below=0.2)
    assert kept(labelled, *traces) == [True, False, True]


def test_evaluation_reads_spans_that_are_evaluations_themselves():
    told = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.score.value": 0.2}
    verdicts = kept(policy("evaluation", below=0.5), trace(span(attributes=told)), trace(span()))
    assert verdicts == [True, False]


def test_evaluation_without_settings_keeps_whatever_was_evaluated():
    assert kept(policy("evaluation"), evaluated(score=1.0), trace(call())) == [True, False]


def test_scores_that_all_match_are_a_mistake():
    assert "every score would match" in mistake("evaluation", below=0.8, above=0.2)


# Guardrails.


def fired(**told):
    named = {f"winnow.guardrail.{key}": value for key, value in told.items()}
    return trace(span(attributes={"winnow.guardrail.fired": True} | named))


def test_guardrail_may_ask_for_policies_and_actions():
    traces = [
        fired(policy="pii", action="block"),
        fired(policy="PII", action="modify"),
        fired(policy="topics", action="block"),
        fired(),
    ]
    assert kept(policy("guardrail", policies=["pii"]), *traces) == [True, True, False, False]
    assert kept(policy("guardrail", actions=["block"]), *traces) == [True, False, True, False]
    both = policy("guardrail", policies=["pii"], actions=["block"])
    assert kept(both, *traces) == [True, False, False, False]
