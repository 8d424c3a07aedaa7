"""What no attribute tells by itself: the span's name, fields of JSON, misnamed operations."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from collector import Batch
from processors.genai import GenAI
from tests.genai.through import translated
from tests.helpers import attributes, batch, consume, make, request, span


def named(
    name: str,
    told: dict[str, Any],
    settings: dict[str, Any] | None = None,
    *,
    scope: str = "test",
) -> dict[str, Any]:
    """What a span of this name, of instrumentation `scope`, leaves with."""
    processor = make(GenAI, settings)
    message = request(span(name, attributes=told))
    message.resource_spans[0].scope_spans[0].scope.name = scope
    consume(processor, Batch(message))
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


@pytest.mark.parametrize(
    ("name", "agent"),
    [("weather.run", "weather"), (".run", None), ("run", None), ("weather.run.2", None)],
)
def test_the_name_of_smolagents_agents_is_in_that_of_their_spans(
    name: str, agent: str | None
) -> None:
    told, scope = {"openinference.span.kind": "AGENT"}, "openinference.instrumentation.smolagents"
    assert named(name, told, scope=scope).get("gen_ai.agent.name") == agent
    assert "gen_ai.agent.name" not in named(name, told, scope="another")


def test_what_the_span_tells_itself_is_not_taken_from_its_name() -> None:
    told = {"openinference.span.kind": "AGENT", "agent.name": "rain"}
    result = named("weather.run", told, scope="openinference.instrumentation.smolagents")
    assert result["gen_ai.agent.name"] == "rain"


def test_a_request_that_is_only_put_together_is_no_call() -> None:
    told, scope = {"openinference.span.kind": "LLM"}, "openinference.instrumentation.llama_index"
    prepared = named("Anthropic._prepare_chat_with_tools", told, scope=scope)
    assert prepared["gen_ai.operation.name"] == "prepare"
    assert named("Anthropic.chat", told, scope=scope)["gen_ai.operation.name"] == "chat"


@pytest.mark.parametrize("keep_original", [False, True])
def test_a_crew_and_its_tasks_are_no_runs_of_an_agent(keep_original: bool) -> None:
    scope = "opentelemetry.instrumentation.crewai.instrumentation"
    told = {"gen_ai.operation.name": "invoke_agent", "crewai.crew.name": "weather_crew"}
    settings = {"keep_original": keep_original}
    crew = named("crewai.workflow", told, settings, scope=scope)
    assert crew["gen_ai.operation.name"] == "invoke_workflow"
    assert crew["gen_ai.workflow.name"] == "weather_crew"
    told = {"gen_ai.operation.name": "invoke_agent", "traceloop.span.kind": "task"}
    task = named("Tell the weather.task", told, settings, scope=scope)
    assert task["gen_ai.operation.name"] == "task"


def test_an_agents_place_in_the_graph_is_its_name_and_stays() -> None:
    told = {"openinference.span.kind": "AGENT", "graph.node.id": "7", "agent.name": "weather"}
    assert translated(told)["gen_ai.agent.name"] == "weather"
    del told["agent.name"]
    node = translated(told)
    assert (node["gen_ai.agent.name"], node["graph.node.id"]) == ("7", "7")
    assert translated(told | {"graph.node.name": "rain"})["gen_ai.agent.name"] == "rain"
    assert "gen_ai.agent.name" not in translated(told | {"openinference.span.kind": "CHAIN"})


def test_an_mcp_client_tells_the_tool_in_the_spans_name() -> None:
    told = {"mcp.method.name": "tools/call"}
    result = named("MCP send tools/call weather", told, scope="mcp-python-sdk")
    assert result["gen_ai.operation.name"] == "execute_tool"
    assert result["gen_ai.tool.name"] == "weather"
    assert "gen_ai.operation.name" not in translated({"mcp.method.name": "tools/list"})


def test_haystacks_embedders_tell_their_tokens_in_json() -> None:
    def told(tokens: Any) -> dict[str, Any]:
        answer = json.dumps({"meta": {"usage": {"prompt_tokens": tokens}}})
        return {"openinference.span.kind": "EMBEDDING", "output.value": answer}

    key = "gen_ai.usage.input_tokens"
    assert translated(told(12))[key] == 12
    assert translated(told(12) | {"llm.token_count.prompt": 7})[key] == 7
    for nothing in ("12", -1, 0, None, [12], True):
        assert key not in translated(told(nothing))


def test_logfire_tells_what_was_cached_in_the_providers_own_json() -> None:
    def told(usage: dict[str, Any]) -> dict[str, Any]:
        counts = {"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 50}
        operation = {"gen_ai.operation.name": "chat", "gen_ai.usage.raw": json.dumps(usage)}
        return translated(counts | operation, scope="logfire.openai")

    openai = told({"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60}})
    assert openai["gen_ai.usage.cache_read.input_tokens"] == 60
    assert openai["gen_ai.usage.input_tokens"] == 100
    anthropic = told({"input_tokens": 30, "cache_creation_input_tokens": 70})
    assert anthropic["gen_ai.usage.cache_creation.input_tokens"] == 70
    assert anthropic["gen_ai.usage.input_tokens"] == 100


@pytest.mark.parametrize(
    ("told", "meant"), [("openai", "openai"), ("google_vertexai", "gcp.vertex_ai")]
)
def test_langfuse_tells_langchains_provider_as_json_or_plain(told: str, meant: str) -> None:
    for written in (json.dumps(told), told):
        generation = {
            "langfuse.observation.type": "generation",
            "langfuse.observation.metadata.ls_provider": written,
        }
        assert translated(generation)["gen_ai.provider.name"] == meant


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
        ("aimage_generation", "generate_content"),
        ("call_mcp_tool", "execute_tool"),
        ("avector_store_search", "retrieval"),
        ("asend_message", "invoke_agent"),
        ("amoderation", "amoderation"),
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
        "fields": {"execute_tool": {"acme.about": {"text.en": "gen_ai.tool.description"}}},
    }
    processor = make(GenAI, {"dialects": [table]})
    told = {"acme.kind": "act", "acme.about": '{"text": {"en": "Tells the weather."}}'}
    consume(processor, batch(span("weather", attributes=told)))
    (result,) = attributes(processor.next.spans)
    assert result["gen_ai.tool.name"] == "weather"
    assert result["gen_ai.tool.description"] == "Tells the weather."


def test_a_name_with_two_stars_is_refused() -> None:
    rule = {"scope": "acme", "name": "*.run.*"}
    with pytest.raises(ValidationError, match=r"only one \* may stand in a name"):
        make(GenAI, {"dialects": [{"spans": [rule]}]})


def test_genkit_tells_provider_and_model_in_the_spans_name() -> None:
    told = {"genkit:metadata:subtype": "model"}
    call = named("openai/gpt-4o-mini", told, scope="genkit-tracer")
    assert call["gen_ai.operation.name"] == "chat"
    assert (call["gen_ai.provider.name"], call["gen_ai.request.model"]) == ("openai", "gpt-4o-mini")
    own = told | {"gen_ai.provider.name": "x_ai"}
    assert named("openai/m", own, scope="genkit-tracer")["gen_ai.provider.name"] == "x_ai"
    assert "gen_ai.provider.name" not in named("openai/m", told, scope="another")


@pytest.mark.parametrize("keep_original", [False, True])
def test_a_provider_by_another_name_under_the_current_one_is_corrected(
    keep_original: bool,
) -> None:
    settings = {"keep_original": keep_original}
    told = {"mastra.span.type": "model_inference", "gen_ai.provider.name": "openai.chat"}
    assert named("chat", told, settings)["gen_ai.provider.name"] == "openai"
    own = told | {"gen_ai.provider.name": "Acme"}
    assert named("chat", own, settings)["gen_ai.provider.name"] == "Acme"
    assert "gen_ai.provider.name" not in named("chat", {"mastra.span.type": "model_inference"})


def test_langsmiths_metadata_knows_the_provider_better_than_its_guess() -> None:
    told = {"gen_ai.system": "langchain", "langsmith.metadata.ls_provider": "openai"}
    result = translated(told | {"gen_ai.operation.name": "chat"})
    assert result["gen_ai.provider.name"] == "openai"
    assert translated({"gen_ai.system": "langchain"})["gen_ai.provider.name"] == "langchain"


def test_an_event_of_beeais_is_no_call() -> None:
    told = {"openinference.span.kind": "LLM"}
    assert translated(told)["gen_ai.operation.name"] == "chat"
    event = translated(told | {"metadata.trace.run_id": "7"})
    assert event["gen_ai.operation.name"] == "event"
