"""Names that the SDKs' own sources write, beside those their documentation tells."""

import json
from typing import Any

import pytest

from collector.model_calls import MODEL_CALLS
from tests.genai.through import translated

CHAT = {"gen_ai.operation.name": "chat"}
CACHE_READ = "gen_ai.usage.cache_read.input_tokens"
CACHE_WRITE = "gen_ai.usage.cache_creation.input_tokens"
REASONING = "gen_ai.usage.reasoning.output_tokens"


@pytest.mark.parametrize(
    ("source", "value", "target"),
    [
        ("gen_ai.usage.prompt_tokens_details.cached_tokens", 7, CACHE_READ),
        ("gen_ai.usage.prompt_tokens_details.cache_creation_tokens", 7, CACHE_WRITE),
        ("gen_ai.usage.completion_tokens_details.reasoning_tokens", 7, REASONING),
        (
            "gen_ai.usage.completion_tokens_details.audio_tokens",
            7,
            "gen_ai.usage.audio.output_tokens",
        ),
        ("gen_ai.user.id", "u-1", "user.id"),
    ],
)
def test_openlit_newer_names(source: str, value: Any, target: str) -> None:
    result = translated({**CHAT, source: value})
    assert result[target] == value
    assert source not in result


@pytest.mark.parametrize(
    ("old", "operation"),
    [
        ("workflow", "invoke_workflow"),
        ("graph_execution", "invoke_workflow"),
        ("retrieve", "retrieval"),
    ],
)
def test_openlit_before_had_operations_of_its_own(old: str, operation: str) -> None:
    told = {"gen_ai.operation.name": old, "gen_ai.system": "langchain"}
    assert translated(told)["gen_ai.operation.name"] == operation


@pytest.mark.parametrize(
    ("source", "value", "target"),
    [
        ("llm.vendor", "OpenAI", "gen_ai.provider.name"),
        ("gen_ai.user", "u-1", "user.id"),
        ("llm.is_streaming", True, "gen_ai.request.stream"),
        ("gen_ai.is_streaming", True, "gen_ai.request.stream"),
        ("gen_ai.response.stop_reason", "stop", "gen_ai.response.finish_reasons"),
        ("gen_ai.openai.system_fingerprint", "fp_1", "openai.response.system_fingerprint"),
    ],
)
def test_openllmetry_old_and_new(source: str, value: Any, target: str) -> None:
    wanted = {"OpenAI": "openai", "stop": ["stop"]}.get(value, value)
    assert translated({**CHAT, source: value}) == {**CHAT, target: wanted}


def test_openllmetrys_first_names_for_messages() -> None:
    told = {
        "llm.request.type": "chat",
        "llm.prompts.0.role": "user",
        "llm.prompts.0.content": "Weather?",
        "llm.completions.0.role": "assistant",
        "llm.completions.0.content": "Warm.",
        "llm.completions.0.finish_reason": "stop",
    }
    result = translated(told)
    assert json.loads(result["gen_ai.input.messages"])[0]["parts"][0]["content"] == "Weather?"
    assert json.loads(result["gen_ai.output.messages"])[0]["parts"][0]["content"] == "Warm."
    assert result["gen_ai.response.finish_reasons"] == ["stop"]
    assert not any(name.startswith("llm.prompts") for name in result)


def test_openinference_has_prompts_under_the_same_name_which_stay() -> None:
    told = {"openinference.span.kind": "LLM", "llm.prompts.0.prompt.text": "Once upon a"}
    assert translated(told) == told | CHAT


def test_openinference_the_model_of_an_embedding_that_failed() -> None:
    told = {
        "openinference.span.kind": "EMBEDDING",
        "embedding.invocation_parameters": '{"model": "text-embedding-3-small"}',
    }
    assert translated(told)["gen_ai.request.model"] == "text-embedding-3-small"


def test_pydantic_ai_what_gemini_calls_its_parts() -> None:
    told = {
        **CHAT,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 500,
        "gen_ai.usage.details.cached_content_tokens": 100,
        "gen_ai.usage.details.thoughts_tokens": 200,
    }
    assert translated(told, scope="pydantic-ai") == {
        **CHAT,
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 500,
        CACHE_READ: 100,
        REASONING: 200,
        "winnow.usage.rule": "scope:inclusive",
    }


@pytest.mark.parametrize("name", ["userId", "user_id", "user.id"])
def test_vercel_ai_sdk_7_has_users_in_its_context(name: str) -> None:
    session = name.replace("user", "session")
    told = {
        "ai.operationId": "ai.streamText.doStream",
        f"ai.settings.context.{name}": "u-1",
        f"ai.settings.context.{session}": "s-1",
    }
    result = translated(told, scope="ai")
    assert (result["user.id"], result["session.id"]) == ("u-1", "s-1")


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("bedrock.anthropic.messages", "aws.bedrock"),
        ("bedrock-mantle.responses", "aws.bedrock"),
        ("googleVertex.anthropic.messages", "gcp.vertex_ai"),
        ("google.vertex.embedding", "gcp.vertex_ai"),
        ("vertex.maas.chat", "gcp.vertex_ai"),
        ("azure.embeddings", "azure.ai.openai"),
        ("xai.responses", "x_ai"),
        ("mistral.embedding", "mistral_ai"),
        ("cohere.textEmbedding", "cohere"),
        ("moonshotai.chat", "moonshot_ai"),
    ],
)
def test_vercel_ai_sdk_providers(written: str, provider: str) -> None:
    told = {"ai.operationId": "ai.generateText.doGenerate", "ai.model.provider": written}
    assert translated(told)["gen_ai.provider.name"] == provider


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("bedrock_converse", "aws.bedrock"),
        ("vertex_ai_beta", "gcp.vertex_ai"),
        ("text-completion-openai", "openai"),
        ("AwsBedrock", "aws.bedrock"),
        ("ibm.watson.ai", "ibm.watsonx.ai"),
    ],
)
def test_providers_as_litellm_agno_and_openlit_write_them(written: str, provider: str) -> None:
    assert translated({**CHAT, "gen_ai.system": written})["gen_ai.provider.name"] == provider


def test_claude_code_a_subagent() -> None:
    told = {"span.type": "subagent.spawn", "agent_id": "a1", "agent_type": "Explore"}
    assert translated(told) == {
        "span.type": "subagent.spawn",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": "a1",
        "gen_ai.agent.name": "Explore",
    }


@pytest.mark.parametrize("kind", ["llm_request", "tool"])
def test_claude_code_tells_whose_call_it_is(kind: str) -> None:
    assert translated({"span.type": kind, "agent_id": "a1"})["gen_ai.agent.id"] == "a1"


@pytest.mark.parametrize("kind", ["swarm", "graph"])
def test_strands_several_agents_are_a_workflow(kind: str) -> None:
    told = {"gen_ai.operation.name": f"invoke_{kind}", "gen_ai.system": "strands-agents"}
    assert translated(told)["gen_ai.operation.name"] == "invoke_workflow"


def test_litellms_gemini_calls_are_model_calls() -> None:
    told = {"llm.request.type": "agenerate_content_stream", "gen_ai.cost.total_cost": 0.5}
    assert translated(told)["gen_ai.operation.name"] in MODEL_CALLS


def langfuse(**details: int) -> dict[str, Any]:
    """What is made of a generation with such `usage_details`."""
    usage = json.dumps(details)
    told = {"langfuse.observation.type": "generation", "langfuse.observation.usage_details": usage}
    return translated(told)


def test_langfuse_passes_on_langchains_caches_by_lifetime() -> None:
    result = langfuse(
        input=10,
        input_cache_read=40,
        input_cache_creation=0,
        input_ephemeral_5m_input_tokens=30,
        input_ephemeral_1h_input_tokens=20,
    )
    assert result["gen_ai.usage.input_tokens"] == 100
    assert (result[CACHE_READ], result[CACHE_WRITE]) == (40, 50)


@pytest.mark.parametrize(("text", "audio"), [("TEXT", "AUDIO"), ("1", "4")])
def test_langfuse_passes_on_vertexs_modalities(text: str, audio: str) -> None:
    result = langfuse(
        input=0,
        output=0,
        **{
            f"input_modality_{text}": 60,
            f"input_modality_{audio}": 25,
            f"cached_modality_{text}": 15,
            f"output_modality_{text}": 8,
        },
        thoughts_token_count=4,
    )
    assert result["gen_ai.usage.input_tokens"] == 100
    assert result["gen_ai.usage.audio.input_tokens"] == 25
    assert result[CACHE_READ] == 15
    assert (result["gen_ai.usage.output_tokens"], result[REASONING]) == (12, 4)
