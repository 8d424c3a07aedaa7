"""A guardrail counts as fired where it stopped or changed something, not where it was seen."""

from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from collector import write_value
from processors.genai import GenAI
from tests.helpers import attributes, batch, consume, make, span

FIRED = "winnow.guardrail.fired"


def judged(*spans: Span, **settings: Any) -> dict[str, Any]:
    processor = make(GenAI, settings)
    consume(processor, batch(*spans))
    return attributes(processor.next.spans)[0]


def outcome(result: dict[str, Any]) -> tuple[Any, Any, Any]:
    return tuple(result.get(f"winnow.guardrail.{name}") for name in ("fired", "policy", "action"))


@pytest.mark.parametrize(
    ("told", "policy", "action"),
    [
        (
            {"gen_ai.operation.name": "run_guardrail", "gen_ai.guardrail.verdict.type": "deny"},
            "guardrail",
            "deny",
        ),
        (
            {"gen_ai.guardrail.name": "pii", "gen_ai.guardrail.action.type": "modify"},
            "pii",
            "modify",
        ),
        ({"gen_ai.guardrail.tripwire_triggered": True}, "check", "block"),
        ({"gen_ai.guardrail.failed_guard_count": 2}, "check", "block"),
        ({"rail.stop": True, "rail.name": "jailbreak"}, "jailbreak", "block"),
        (
            {"guardrail_status": "guardrail_intervened", "guardrail_name": "topic"},
            "topic",
            "block",
        ),
        ({"litellm.guardrail.action": "GUARDRAIL_INTERVENED"}, "guardrail", "block"),
        (
            {"langfuse.observation.type": "guardrail", "langfuse.observation.level": "WARNING"},
            "check",
            "block",
        ),
        ({"gen_ai.response.finish_reasons": ["stop", "SAFETY"]}, "content_filter", "block"),
        ({"gen_ai.response.finish_reasons": ["refusal"]}, "content_filter", "block"),
        (
            {"gen_ai.response.finish_reason": "FinishReason.CONTENT_FILTER"},
            "content_filter",
            "block",
        ),
        (
            {
                "gen_ai.response.finish_reasons": ["guardrail_intervened"],
                "aws.bedrock.guardrail.id": "g-1",
            },
            "g-1",
            "block",
        ),
        (
            {
                "ai.operationId": "ai.streamText.doStream",
                "ai.response.finishReason": "content-filter",
            },
            "content_filter",
            "block",
        ),
        ({"gen_ai.response.finish_reasons": ["PROHIBITED_CONTENT"]}, "content_filter", "block"),
        ({"guardrails.rail.reason": "off topic", "rail.name": "topic"}, "topic", "block"),
        (
            {
                "triggered": True,
                "name": "homework",
                "logfire.msg_template": "Guardrail {name!r} {triggered=}",
            },
            "homework",
            "block",
        ),
        (
            {"gen_ai.guardrail.triggered": True, "gen_ai.guardrail.name": "homework"},
            "homework",
            "block",
        ),
        (
            {"gen_ai.guardrail.triggered": True, "gen_ai.agent.name": "homework"},
            "homework",
            "block",
        ),
        (
            {"crewai.guardrail.success": False, "crewai.guardrail.type": "hallucination"},
            "hallucination",
            "block",
        ),
        (
            {"error.type": "agents.exceptions.OutputGuardrailTripwireTriggered"},
            "output_guardrail",
            "block",
        ),
        (
            {
                "litellm.guardrail.status": "guardrail_intervened",
                "litellm.guardrail.name": "pii",
                "litellm.guardrail.action": "GUARDRAIL_INTERVENED",
            },
            "pii",
            "block",
        ),
        ({"guardrail_action": "GUARDRAIL_INTERVENED"}, "guardrail", "block"),
        ({"gen_ai.guardrail.action.type": "escalate"}, "guardrail", "escalate"),
        (
            {"langfuse.observation.type": "guardrail", "langfuse.observation.level": "ERROR"},
            "check",
            "block",
        ),
        ({"gen_ai.response.finish_reasons": ["CONTENT_FILTERED"]}, "bedrock_guardrail", "block"),
        ({"gen_ai.completion.0.finish_reason": "content_filter"}, "content_filter", "block"),
        (
            {  # as LiteLLM writes it
                "gen_ai.operation.name": "chat",
                "gen_ai.response.finish_reasons": '["content_filter"]',
            },
            "content_filter",
            "block",
        ),
    ],
)
def test_these_have_fired(told: dict[str, Any], policy: str, action: str) -> None:
    assert outcome(judged(span("check", attributes=told))) == (True, policy, action)


@pytest.mark.parametrize(
    "told",
    [
        {"gen_ai.operation.name": "run_guardrail", "gen_ai.guardrail.verdict.type": "allow"},
        {"gen_ai.guardrail.tripwire_triggered": False},
        {"gen_ai.guardrail.failed_guard_count": 0},
        {"openinference.span.kind": "GUARDRAIL"},
        {"langfuse.observation.type": "guardrail", "langfuse.observation.level": "DEFAULT"},
        {"guardrail_status": "success"},
        {"aws.bedrock.guardrail.id": "g-1", "gen_ai.response.finish_reasons": ["end_turn"]},
        {"gen_ai.response.finish_reasons": []},
        {"rail.stop": False},
        {"guardrails.rail.reason": ""},
        {"triggered": True, "name": "an alarm"},
        {"gen_ai.guardrail.triggered": False, "gen_ai.guardrail.name": "homework"},
        {"crewai.guardrail.success": True, "crewai.guardrail.type": "llm"},
        {"litellm.guardrail.status": "success"},
        {"error.type": "TimeoutError"},
        {"gen_ai.guardrail.verdict.type": "allow", "gen_ai.guardrail.action.type": "allow"},
    ],
)
def test_these_have_not(told: dict[str, Any]) -> None:
    assert not any("winnow.guardrail" in key for key in judged(span(attributes=told)))


def test_an_openinference_guardrail_fired_if_it_failed() -> None:
    failed = span("toxicity", attributes={"openinference.span.kind": "GUARDRAIL"}, error=True)
    assert outcome(judged(failed)) == (True, "toxicity", "block")


def test_openinference_tells_a_tripwire_by_the_message_of_a_status() -> None:
    turn = span("turn", attributes={"openinference.span.kind": "CHAIN"}, error=True)
    turn.status.message = "Guardrail tripwire triggered: {'guardrail': 'no_weather'}"
    assert outcome(judged(turn)) == (True, "guardrail", "block")
    turn.status.message = "Max turns exceeded: {}"
    assert FIRED not in judged(turn)


@pytest.mark.parametrize("way", ["input", "output"])
@pytest.mark.parametrize("module", ["", "agents.exceptions."], ids=["bare", "qualified"])
def test_a_tripwire_is_known_by_its_exception(way: str, module: str) -> None:
    agent = span(attributes={"gen_ai.operation.name": "invoke_agent"}, error=True)
    event = agent.events.add(name="exception")
    write_value(
        event.attributes.add(key="exception.type").value,
        f"{module}{way.title()}GuardrailTripwireTriggered",
    )
    assert outcome(judged(agent)) == (True, f"{way}_guardrail", "block")


def test_rules_of_ones_own_come_first() -> None:
    rule = {
        "name": "acme",
        "when": {"acme.score": {"above": 0.9}, "span.name": ["judge"]},
        "policy_from": ["acme.policy"],
        "action": "escalate",
    }
    told = {"acme.score": 0.95, "acme.policy": "tone"}
    assert outcome(judged(span("judge", attributes=told), guardrails=[rule])) == (
        True,
        "tone",
        "escalate",
    )
    assert FIRED not in judged(span("other", attributes=told), guardrails=[rule])
    assert FIRED not in judged(span("judge", attributes={"acme.score": 0.9}), guardrails=[rule])


def test_a_rule_may_ask_whether_something_is_there() -> None:
    rule = {"name": "acme", "when": {"acme.blocked": {"present": True}}}
    assert outcome(judged(span(attributes={"acme.blocked": "why"}), guardrails=[rule]))[1] == "acme"
    assert FIRED not in judged(span(attributes={"acme.blocked": ""}), guardrails=[rule])


def test_a_rule_may_ask_how_a_text_begins() -> None:
    rule = {"name": "acme", "when": {"acme.verdict": {"starts_with": "Blocked"}}}
    blocked = span(attributes={"acme.verdict": "blocked: tone"})
    assert outcome(judged(blocked, guardrails=[rule]))[1] == "acme"
    assert FIRED not in judged(span(attributes={"acme.verdict": "not blocked"}), guardrails=[rule])


def test_built_in_rules_can_be_switched_off() -> None:
    told = {"rail.stop": True}
    assert judged(span(attributes=told), built_in_guardrails=False) == told


def test_what_the_application_says_itself_stands() -> None:
    told = {"rail.stop": True, FIRED: False}
    assert judged(span(attributes=told)) == told


def test_a_rule_must_name_an_attribute() -> None:
    with pytest.raises(ValidationError, match="name at least one attribute"):
        make(GenAI, {"guardrails": [{"when": {"span.name": "x", "span.message": "y"}}]})
