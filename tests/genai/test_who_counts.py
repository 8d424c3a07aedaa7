"""How each instrumentation counts cached and reasoning tokens, by its own source."""

from typing import Any

import pytest

from tests.genai.through import translated

INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CALL = {
    "gen_ai.operation.name": "chat",
    INPUT: 1000,
    OUTPUT: 500,
    "gen_ai.usage.total_tokens": 1500,
}
CACHED = {
    "gen_ai.usage.cache_read.input_tokens": 100,
    "gen_ai.usage.cache_creation.input_tokens": 20,
}


@pytest.mark.parametrize(
    ("scope", "provider", "model"),
    [
        ("opentelemetry.instrumentation.bedrock", "aws.bedrock", "amazon.nova-pro-v1:0"),
        ("opentelemetry.instrumentation.botocore.bedrock-runtime", "aws.bedrock", "claude"),
        ("openlit.instrumentation.anthropic", "anthropic", "claude-sonnet-4-5"),
        ("openlit.instrumentation.bedrock", "aws.bedrock", "amazon.nova-pro-v1:0"),
        ("@openlit/instrumentation-anthropic", "anthropic", "claude-sonnet-4-5"),
        ("@openlit/instrumentation-bedrock", "aws.bedrock", "amazon.nova-pro-v1:0"),
        ("@traceloop/instrumentation-anthropic", "anthropic", "claude-sonnet-4-5"),
        ("@arizeai/openinference-instrumentation-bedrock", "aws", "amazon.nova-pro-v1:0"),
        ("opentelemetry.instrumentation.llamaindex", "anthropic", "claude-sonnet-4-5"),
        ("openinference.instrumentation.agno", "Anthropic", "claude-sonnet-4-5"),
        ("openinference.instrumentation.agno", "AwsBedrock", "amazon.nova-pro-v1:0"),
        ("openinference.instrumentation.agno", "VertexAI", "claude-sonnet-4-5"),
    ],
)
def test_these_leave_out_what_was_cached(scope: str, provider: str, model: str) -> None:
    told = {**CALL, **CACHED, "gen_ai.system": provider, "gen_ai.request.model": model}
    assert translated(told, scope=scope)[INPUT] == 1120


@pytest.mark.parametrize(
    ("scope", "provider"),
    [
        ("opentelemetry.instrumentation.anthropic", "anthropic"),
        ("opentelemetry.instrumentation.llamaindex", "openai"),
        ("opentelemetry.instrumentation.google_genai", "gcp.gemini"),
        ("openlit.instrumentation.openai", "openai"),
        ("openlit.instrumentation.langchain", "anthropic"),
        ("openlit.instrumentation.claude_agent_sdk", "anthropic"),
        ("openinference.instrumentation.agno", "OpenAI"),
        ("openinference.instrumentation.anthropic", "anthropic"),
        ("@arizeai/openinference-instrumentation-anthropic", "anthropic"),
        ("strands.telemetry.tracer", "strands-agents"),
        ("gen_ai", "anthropic"),
        ("litellm", "anthropic"),
        ("pydantic-ai", "anthropic"),
    ],
)
def test_these_do_not(scope: str, provider: str) -> None:
    told = {**CALL, **CACHED, "gen_ai.system": provider, "gen_ai.request.model": "m"}
    assert translated(told, scope=scope)[INPUT] == 1000


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("gen_ai.usage.experimental.reasoning_tokens", 700),
        ("gen_ai.usage.reasoning.output_tokens", 500),
    ],
    ids=["up to 2.1", "since"],
)
def test_google_adk_adds_up_the_thoughts_since_it_names_them_as_the_conventions(
    name: str, output: int
) -> None:
    told = {"gen_ai.operation.name": "generate_content", INPUT: 1000, OUTPUT: 500, name: 200}
    result = translated(told, scope="gcp.vertex.agent")
    assert (result[OUTPUT], result["gen_ai.usage.reasoning.output_tokens"]) == (output, 200)


@pytest.mark.parametrize(
    "scope", ["openlit.instrumentation.google_ai_studio", "@openlit/instrumentation-google-ai"]
)
def test_openlit_leaves_out_geminis_thoughts(scope: str) -> None:
    told = {**CALL, "gen_ai.usage.reasoning_tokens": 200}
    assert translated(told, scope=scope)[OUTPUT] == 700


VERCEL = {
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.usage.inputTokens": 1000,
    "ai.usage.outputTokens": 500,
    "ai.usage.cachedInputTokens": 100,
    "ai.usage.reasoningTokens": 200,
}
SINCE_6 = {
    "ai.usage.inputTokenDetails.noCacheTokens": 900,
    "ai.usage.outputTokenDetails.textTokens": 300,
}


@pytest.mark.parametrize(
    ("provider", "model", "wholes"),
    [
        ("anthropic.messages", "claude-sonnet-4-5", (1100, 500)),
        ("bedrock.anthropic.messages", "claude-sonnet-4-5", (1100, 500)),
        ("googleVertex.anthropic.messages", "claude-sonnet-4-5@20250929", (1100, 500)),
        ("google.generative-ai", "gemini-2.5-pro", (1000, 700)),
        ("google.vertex.chat", "gemini-2.5-pro", (1000, 700)),
        ("openai.responses", "o4-mini", (1000, 500)),
    ],
)
def test_vercel_ai_sdk_5_counts_as_the_provider_does(
    provider: str, model: str, wholes: tuple[int, int]
) -> None:
    told: dict[str, Any] = {**VERCEL, "ai.model.provider": provider, "ai.model.id": model}
    if "claude" in model:
        del told["ai.usage.reasoningTokens"]
    before = translated(told, scope="ai")
    assert (before[INPUT], before[OUTPUT]) == wholes
    since = translated({**told, **SINCE_6}, scope="ai")
    assert (since[INPUT], since[OUTPUT]) == (1000, 500)


def test_a_rule_of_ones_own_may_be_for_one_model() -> None:
    own = {"usage": [{"model": "claude*", "cache": "exclusive"}]}
    told = {**CALL, **CACHED, "gen_ai.response.model": "Claude-Opus-4"}
    assert translated(told, own)[INPUT] == 1120
    assert translated({**told, "gen_ai.response.model": "o3"}, own)[INPUT] == 1000
