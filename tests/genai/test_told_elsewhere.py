"""What no attribute tells by itself: the span's name, fields of JSON, misnamed operations."""

import json
from typing import Any

import pytest

from processors.genai import GenAI
from tests.genai.through import translated
from tests.helpers import attributes, batch, consume, make, span


def named(name: str, told: dict[str, Any]) -> dict[str, Any]:
    """What a span of this name leaves with."""
    processor = make(GenAI)
    consume(processor, batch(span(name, attributes=told)))
    (result,) = attributes(processor.next.spans)
    return result


@pytest.mark.parametrize(
    ("kind", "key"), [("agent", "gen_ai.agent.name"), ("tool", "gen_ai.tool.name")]
)
def test_a_langfuse_observation_is_called_what_its_span_is(kind: str, key: str) -> None:
    told = {"langfuse.observation.type": kind}
    assert named("weather", told)[key] == "weather"
    assert named("weather", told | {key: "rain"})[key] == "rain"
    assert key not in named("", told)


def test_a_span_that_tells_its_operation_itself_is_not_named() -> None:
    told = {"langfuse.observation.type": "tool", "gen_ai.operation.name": "execute_tool"}
    assert "gen_ai.tool.name" not in named("weather", told)


def test_openinference_tells_the_model_of_a_failed_call_in_json_alone() -> None:
    told = {
        "openinference.span.kind": "LLM",
        "llm.invocation_parameters": json.dumps({"model": "gpt-4o", "n": 1}),
    }
    assert translated(told) == told | {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
    }
    beside = translated(told | {"llm.model_name": "gpt-4o-mini"})
    assert beside["gen_ai.request.model"] == "gpt-4o-mini"


def test_langchain_tells_an_agents_name_in_its_metadata() -> None:
    metadata = json.dumps({"lc_agent_name": "weather_agent"})
    agent = translated({"openinference.span.kind": "AGENT", "metadata": metadata})
    assert agent["gen_ai.agent.name"] == "weather_agent"
    chain = translated({"openinference.span.kind": "CHAIN", "metadata": metadata})
    assert "gen_ai.agent.name" not in chain


@pytest.mark.parametrize("metadata", ["{", "[]", '"x"', "{}", '{"lc_agent_name": 7}', 7, ""])
def test_json_that_tells_nothing_is_passed_over(metadata: Any) -> None:
    told = {"openinference.span.kind": "AGENT", "metadata": metadata}
    assert translated(told) == told | {"gen_ai.operation.name": "invoke_agent"}


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("embedding", "embeddings"),
        ("aembedding", "embeddings"),
        ("responses", "chat"),
        ("image_generation", "image_generation"),
        ("execute_tool", "execute_tool"),
    ],
)
def test_litellm_names_operations_by_its_own_functions(told: str, meant: str) -> None:
    call = {"gen_ai.operation.name": told, "gen_ai.cost.total_cost": 0.5}
    assert translated(call)["gen_ai.operation.name"] == meant


def test_vercels_function_is_the_agent_of_its_tools() -> None:
    told = {"ai.operationId": "ai.toolCall", "ai.telemetry.functionId": "support"}
    assert translated(told)["gen_ai.agent.name"] == "support"


def test_tables_of_ones_own_read_names_and_fields() -> None:
    table = {
        "operations": {"acme.kind": {"act": "execute_tool"}},
        "span_name": {"execute_tool": "gen_ai.tool.name"},
        "fields": {"execute_tool": {"acme.about": {"text": "gen_ai.tool.description"}}},
    }
    processor = make(GenAI, {"dialects": [table]})
    told = {"acme.kind": "act", "acme.about": '{"text": "Tells the weather."}'}
    consume(processor, batch(span("weather", attributes=told)))
    (result,) = attributes(processor.next.spans)
    assert result["gen_ai.tool.name"] == "weather"
    assert result["gen_ai.tool.description"] == "Tells the weather."
