"""Spans as SDKs write them, by their documentation, and what they are to say in the end."""

import json
from typing import Any

import pytest

from collector.model_calls import MODEL_CALLS
from tests.genai.through import translated


def messages(result: dict[str, Any], way: str) -> list[dict[str, Any]]:
    """Taken out of the result, so that the rest can be compared."""
    found: list[dict[str, Any]] = json.loads(result.pop(f"gen_ai.{way}.messages"))
    return found


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


VERCEL_CALL = {
    "operation.name": "ai.generateText.doGenerate support",
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.model.id": "gpt-4o",
    "ai.model.provider": "openai.responses",
    "ai.telemetry.functionId": "support",
    "ai.telemetry.metadata.userId": "u-1",
    "ai.telemetry.metadata.sessionId": "s-1",
    "ai.settings.maxRetries": 2,
    "ai.prompt.messages": json.dumps(
        [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "Weather in Paris?"}]},
            {
                "role": "assistant",
                "content": [
                    {
                        "type": "tool-call",
                        "toolCallId": "call_1",
                        "toolName": "weather",
                        "input": {"city": "Paris"},
                    }
                ],
            },
            {
                "role": "tool",
                "content": [
                    {
                        "type": "tool-result",
                        "toolCallId": "call_1",
                        "toolName": "weather",
                        "output": {"type": "json", "value": {"celsius": 21}},
                    }
                ],
            },
        ]
    ),
    "ai.response.finishReason": "stop",
    "ai.response.text": "It is warm.",
    "ai.response.id": "resp_1",
    "ai.response.model": "gpt-4o-2024-08-06",
    "ai.usage.inputTokens": 100,
    "ai.usage.outputTokens": 20,
    "ai.usage.totalTokens": 120,
    "ai.usage.cachedInputTokens": 64,
    "ai.usage.inputTokenDetails.cacheReadTokens": 64,
    "ai.usage.inputTokenDetails.noCacheTokens": 36,
    "gen_ai.system": "openai.responses",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
}


def test_vercel_ai_sdk_a_call() -> None:
    result = translated(VERCEL_CALL, scope="ai")
    assert messages(result, "output") == [text("assistant", "It is warm.")]
    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}
    answer = {
        "type": "tool_call_response",
        "id": "call_1",
        "name": "weather",
        "response": {"type": "json", "value": {"celsius": 21}},
    }
    assert messages(result, "input") == [
        text("system", "Be brief."),
        text("user", "Weather in Paris?"),
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [answer]},
    ]
    assert result == {
        "operation.name": "ai.generateText.doGenerate support",
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.settings.maxRetries": 2,
        "ai.usage.totalTokens": 120,
        "ai.usage.inputTokenDetails.noCacheTokens": 36,
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.agent.name": "support",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": "resp_1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 64,
        "winnow.usage.rule": "scope:inclusive",
        "user.id": "u-1",
        "session.id": "s-1",
    }


def test_vercel_ai_sdk_tool_calls_and_reasoning_are_parts_of_one_message() -> None:
    called = [{"toolCallId": "c", "toolName": "weather", "args": '{"city": "Paris"}'}]
    told = {
        "ai.operationId": "ai.streamText.doStream",
        "ai.response.text": "Let me see.",
        "ai.response.reasoning": "They ask for the weather.",
        "ai.response.toolCalls": json.dumps(called),
    }
    assert messages(translated(told), "output") == [
        {
            "role": "assistant",
            "parts": [
                {"type": "reasoning", "content": "They ask for the weather."},
                {"type": "text", "content": "Let me see."},
                {
                    "type": "tool_call",
                    "id": "c",
                    "name": "weather",
                    "arguments": {"city": "Paris"},
                },
            ],
        }
    ]


@pytest.mark.parametrize(
    ("identity", "operation"),
    [
        ("ai.generateText", "invoke_agent"),
        ("ai.streamText", "invoke_agent"),
        ("ai.generateObject", "invoke_agent"),
        ("ai.streamText.doStream", "chat"),
        ("ai.streamObject.doStream", "chat"),
        ("ai.generateObject.doGenerate", "chat"),
        ("ai.embed.doEmbed", "embeddings"),
        ("ai.toolCall", "execute_tool"),
    ],
)
def test_vercel_ai_sdk_operations(identity: str, operation: str) -> None:
    told = {"ai.operationId": identity, "ai.usage.promptTokens": 5}
    result = translated(told)
    assert result["gen_ai.operation.name"] == operation
    assert (operation in MODEL_CALLS) == (".do" in identity)


@pytest.mark.parametrize("identity", ["ai.embed", "ai.embedMany"])
def test_vercel_ai_sdk_what_only_repeats_an_embedding_stays(identity: str) -> None:
    told = {"ai.operationId": identity, "ai.model.id": "m", "ai.usage.tokens": 5}
    assert translated(told) == told


def test_vercel_ai_sdk_the_prompt_of_a_run() -> None:
    told = {
        "ai.operationId": "ai.generateText",
        "ai.prompt": json.dumps({"system": "Be brief.", "prompt": "Weather in Paris?"}),
    }
    assert messages(translated(told), "input") == [
        text("system", "Be brief."),
        text("user", "Weather in Paris?"),
    ]


def test_vercel_ai_sdk_a_tool() -> None:
    told = {
        "ai.operationId": "ai.toolCall",
        "ai.toolCall.name": "weather",
        "ai.toolCall.id": "call_1",
        "ai.toolCall.args": '{"city":"Paris"}',
        "ai.toolCall.result": '{"celsius":21}',
    }
    assert translated(told) == {
        "ai.operationId": "ai.toolCall",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gen_ai.tool.call.id": "call_1",
        "gen_ai.tool.call.arguments": '{"city":"Paris"}',
        "gen_ai.tool.call.result": '{"celsius":21}',
    }


def test_langfuse_a_generation() -> None:
    usage = {"input": 30, "input_cached_tokens": 70, "output": 15, "output_reasoning_tokens": 5}
    told = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.input": json.dumps(
            [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Weather?"},
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {
                            "id": "call_1",
                            "type": "function",
                            "function": {"name": "weather", "arguments": '{"city": "Paris"}'},
                        }
                    ],
                },
                {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
            ]
        ),
        "langfuse.observation.output": json.dumps({"role": "assistant", "content": "Warm."}),
        "langfuse.observation.usage_details": json.dumps({**usage, "total": 120}),
        "langfuse.observation.cost_details": json.dumps({"input": 0.01, "total": 0.03}),
        "langfuse.user.id": "u-1",
        "session.id": "s-1",
    }
    result = translated(told, scope="langfuse-sdk")
    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}
    answer = {"type": "tool_call_response", "id": "call_1", "response": "21 degrees"}
    assert messages(result, "input") == [
        text("system", "Be brief."),
        text("user", "Weather?"),
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [answer]},
    ]
    assert messages(result, "output") == [text("assistant", "Warm.")]
    assert result == {
        "langfuse.observation.type": "generation",
        "langfuse.observation.usage_details": told["langfuse.observation.usage_details"],
        "langfuse.observation.cost_details": told["langfuse.observation.cost_details"],
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.cache_read.input_tokens": 70,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.reasoning.output_tokens": 5,
        "gen_ai.usage.cost": 0.03,
        "winnow.usage.rule": "buckets",
        "user.id": "u-1",
        "session.id": "s-1",
    }


@pytest.mark.parametrize(
    "details",
    [
        {"prompt_tokens": 100, "prompt_tokens_details": {"cached_tokens": 60}},
        {"input_tokens": 100, "input_tokens_details": {"cached_tokens": 60}},
        {"input_tokens": 40, "cache_read_input_tokens": 60},
        {"input": 40, "input_cache_read": 60},
    ],
    ids=["OpenAI chat", "OpenAI responses", "Anthropic", "Langfuse"],
)
def test_langfuse_passes_on_the_usage_of_other_sdks(details: dict[str, Any]) -> None:
    told = {
        "langfuse.observation.type": "generation",
        "langfuse.observation.usage_details": json.dumps(details),
    }
    result = translated(told)
    assert result["gen_ai.usage.input_tokens"] == 100
    assert result["gen_ai.usage.cache_read.input_tokens"] == 60


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("embedding", "embeddings"),
        ("agent", "invoke_agent"),
        ("tool", "execute_tool"),
        ("retriever", "retrieval"),
        ("guardrail", "run_guardrail"),
        ("evaluator", "evaluate"),
        ("span", None),
        ("chain", None),
    ],
)
def test_langfuse_kinds(kind: str, operation: str | None) -> None:
    told = {"langfuse.observation.type": kind, "langfuse.observation.input": '"q"'}
    assert translated(told).get("gen_ai.operation.name") == operation


def test_langfuse_input_of_an_ordinary_span_is_no_message() -> None:
    told = {"langfuse.observation.type": "span", "langfuse.observation.input": "hello"}
    assert translated(told) == told


def test_pydantic_ai_a_call() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.details.cache_write_tokens": 10,
        "gen_ai.usage.details.cache_read_tokens": 60,
        "operation.cost": 0.002,
    }
    assert translated(told, scope="pydantic-ai") == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.model": "claude-sonnet-4-5-20250929",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_creation.input_tokens": 10,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cost": 0.002,
        "winnow.usage.rule": "scope:inclusive",
    }


def test_pydantic_ai_the_sums_of_a_run_are_nobodys_usage() -> None:
    told = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "support",
        "model_name": "claude-sonnet-4-5",
        "gen_ai.aggregated_usage.input_tokens": 900,
        "gen_ai.aggregated_usage.details.cache_read_tokens": 800,
    }
    result = translated(told, scope="pydantic-ai")
    assert not any(name.startswith("gen_ai.usage.") for name in result)
    assert result["gen_ai.aggregated_usage.input_tokens"] == 900


def test_pydantic_ai_older_formats() -> None:
    run = {"agent_name": "support", "model_name": "gpt-4o", "pydantic_ai.all_messages": "[]"}
    assert translated(run) == {
        "pydantic_ai.all_messages": "[]",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": "support",
        "gen_ai.request.model": "gpt-4o",
    }
    tool = {"gen_ai.tool.name": "weather", "tool_arguments": "{}", "tool_response": "warm"}
    assert translated(tool) == {
        "gen_ai.tool.name": "weather",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.call.arguments": "{}",
        "gen_ai.tool.call.result": "warm",
    }


def test_openlit() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "openai",
        "gen_ai.request.model": "o3",
        "gen_ai.request.is_stream": False,
        "gen_ai.request.user": "u-1",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.total_tokens": 150,
        "gen_ai.usage.prompt_tokens_details.cache_read": 60,
        "gen_ai.usage.completion_tokens_details.reasoning": 30,
        "gen_ai.usage.cost": 0.004,
    }
    assert translated(told, scope="openlit.instrumentation.openai") == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "o3",
        "gen_ai.request.stream": False,
        "user.id": "u-1",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.total_tokens": 150,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.reasoning.output_tokens": 30,
        "gen_ai.usage.cost": 0.004,
        "winnow.usage.rule": "total:inclusive",
    }


def test_litellm() -> None:
    told = {
        "llm.request.type": "acompletion",
        "gen_ai.system": "bedrock",
        "gen_ai.request.model": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "gen_ai.usage.prompt_tokens": 100,
        "gen_ai.usage.completion_tokens": 20,
        "gen_ai.usage.total_tokens": 120,
        "gen_ai.cost.total_cost": 0.001,
        "metadata.user_api_key_end_user_id": "",
        "metadata.user_api_key_user_id": "u-1",
        "metadata.user_api_key_team_id": "t-1",
    }
    assert translated(told, scope="litellm") == {
        "llm.request.type": "acompletion",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.total_tokens": 120,
        "gen_ai.usage.cost": 0.001,
        "metadata.user_api_key_end_user_id": "",
        "metadata.user_api_key_team_id": "t-1",
        "user.id": "u-1",
    }


CLAUDE_CODE = "com.anthropic.claude_code.tracing"


def test_claude_code_a_request() -> None:
    told = {
        "span.type": "llm_request",
        "session.id": "s-1",
        "user.id": "u-1",
        "model": "claude-sonnet-4-5",
        "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "query_source": "repl_main_thread",
        "llm_request.context": "interaction",
        "input_tokens": 12,
        "output_tokens": 340,
        "cache_read_tokens": 5,
        "cache_creation_tokens": 2,
        "stop_reason": "end_turn",
        "attempt": 1,
        "success": True,
    }
    assert translated(told, scope=CLAUDE_CODE) == {
        "span.type": "llm_request",
        "session.id": "s-1",
        "user.id": "u-1",
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.response.finish_reasons": ["end_turn"],
        "gen_ai.usage.input_tokens": 19,
        "gen_ai.usage.output_tokens": 340,
        "gen_ai.usage.cache_read.input_tokens": 5,
        "gen_ai.usage.cache_creation.input_tokens": 2,
        "winnow.usage.rule": "scope:exclusive",
        "query_source": "repl_main_thread",
        "llm_request.context": "interaction",
        "attempt": 1,
        "success": True,
    }


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ("interaction", "invoke_agent"),
        ("tool", "execute_tool"),
        ("tool.execution", None),
        ("tool.blocked_on_user", None),
        ("hook", None),
    ],
)
def test_claude_code_kinds(kind: str, operation: str | None) -> None:
    result = translated({"span.type": kind, "tool_name": "Bash"}, scope=CLAUDE_CODE)
    assert result.get("gen_ai.operation.name") == operation
    assert ("gen_ai.tool.name" in result) == (kind == "tool")


def test_google_adk_keeps_its_json() -> None:
    told = {
        "gen_ai.system": "gcp.vertex.agent",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.invocation_id": "e-1",
        "gcp.vertex.agent.session_id": "s-1",
        "gcp.vertex.agent.llm_request": '{"contents": [{"role": "user"}]}',
        "gcp.vertex.agent.llm_response": '{"content": {"role": "model"}}',
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.experimental.reasoning_tokens": 15,
        "gen_ai.response.finish_reasons": ["stop"],
    }
    assert translated(told, scope="gcp.vertex.agent") == {
        "gen_ai.operation.name": "generate_content",
        "gen_ai.provider.name": "gcp.gen_ai",
        "gen_ai.request.model": "gemini-2.5-flash",
        "gcp.vertex.agent.invocation_id": "e-1",
        "gcp.vertex.agent.llm_request": '{"contents": [{"role": "user"}]}',
        "gcp.vertex.agent.llm_response": '{"content": {"role": "model"}}',
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 35,
        "gen_ai.usage.experimental.reasoning_tokens": 15,
        "gen_ai.usage.reasoning.output_tokens": 15,
        "gen_ai.response.finish_reasons": ["stop"],
        "winnow.usage.rule": "scope:exclusive",
        "session.id": "s-1",
    }


def test_google_adk_a_tool() -> None:
    told = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gcp.vertex.agent.llm_request": "{}",
        "gcp.vertex.agent.tool_call_args": '{"city": "Paris"}',
        "gcp.vertex.agent.tool_response": '{"celsius": 21}',
    }
    assert translated(told) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gcp.vertex.agent.llm_request": "{}",
        "gen_ai.tool.call.arguments": '{"city": "Paris"}',
        "gen_ai.tool.call.result": '{"celsius": 21}',
    }


def test_strands_tells_old_and_new_names_together() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.system": "strands-agents",
        "gen_ai.request.model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "gen_ai.usage.prompt_tokens": 10,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.completion_tokens": 20,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.total_tokens": 95,
        "gen_ai.usage.cache_read_input_tokens": 60,
        "gen_ai.usage.cache_write_input_tokens": 5,
    }
    assert translated(told, scope="strands.telemetry.tracer") == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "strands-agents",
        "gen_ai.request.model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "gen_ai.usage.input_tokens": 75,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.total_tokens": 95,
        "gen_ai.usage.cache_read.input_tokens": 60,
        "gen_ai.usage.cache_creation.input_tokens": 5,
        "winnow.usage.rule": "counts:exclusive",
    }


def test_crewai_agents_go_by_their_role() -> None:
    told = {
        "traceloop.span.kind": "agent",
        "traceloop.entity.name": "agent",
        "crewai.agent.id": "a-1",
        "crewai.agent.role": "Researcher",
        "crewai.agent.goal": "Find sources",
        "crewai.agent.backstory": "Years of it",
    }
    assert translated(told, scope="opentelemetry.instrumentation.crewai") == {
        "traceloop.span.kind": "agent",
        "traceloop.entity.name": "agent",
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.id": "a-1",
        "gen_ai.agent.name": "Researcher",
        "gen_ai.agent.description": "Find sources",
        "crewai.agent.backstory": "Years of it",
    }


def test_deprecated_content_of_opentelemetry() -> None:
    told = {
        "gen_ai.operation.name": "chat",
        "gen_ai.prompt": json.dumps([{"role": "user", "content": "Weather?"}]),
        "gen_ai.completion": json.dumps([{"role": "assistant", "content": "Warm."}]),
    }
    result = translated(told)
    assert messages(result, "input") == [text("user", "Weather?")]
    assert messages(result, "output") == [text("assistant", "Warm.")]
    assert result == {"gen_ai.operation.name": "chat"}


def test_reading_back_an_answer_is_no_model_call() -> None:
    told = {"gen_ai.operation.name": "fetch_response", "gen_ai.system": "openai"}
    assert translated(told)["gen_ai.operation.name"] not in MODEL_CALLS


@pytest.mark.parametrize(
    "kind", [("GUARDRAIL", "run_guardrail"), ("evaluator", "evaluate")], ids=lambda kind: kind[0]
)
def test_openinference_guardrails_and_evaluators(kind: tuple[str, str]) -> None:
    result = translated({"openinference.span.kind": kind[0]})
    assert result["gen_ai.operation.name"] == kind[1]
