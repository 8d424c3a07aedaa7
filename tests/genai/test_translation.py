"""Whatever vocabulary came in, the current one goes out."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from processors.genai import GenAI
from processors.genai.dialect import built_in
from tests.helpers import attributes, batch, consume, make, metric, span


def translated(told: dict[str, Any], settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """The attributes that a span with `told` leaves with; read from the message itself."""
    processor = make(GenAI, settings)
    consume(processor, batch(span(attributes=told)))
    (sent,) = processor.next.batches[0].message.resource_spans[0].scope_spans[0].spans
    names = [entry.key for entry in sent.attributes]
    assert len(names) == len(set(names))
    (indexed,) = attributes(processor.next.spans)
    assert set(indexed) == set(names)
    return indexed


HTTP = {"http.request.method": "GET", "agent.name": "apm", "input.value": "x", "tool.name": "t"}
CURRENT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 10,
    "gen_ai.response.finish_reasons": ["stop"],
}
OPENINFERENCE = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "claude-sonnet-4-5",
    "llm.provider": "anthropic",
    "llm.system": "anthropic",
    "llm.token_count.prompt": 100,
    "llm.token_count.completion": 20,
    "llm.token_count.total": 120,
    "llm.token_count.prompt_details.cache_read": 30,
    "llm.token_count.prompt_details.cache_write": 5,
    "llm.token_count.completion_details.reasoning": 7,
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Weather in Paris?",
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "call_1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "weather",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Paris"}',
    "session.id": "s-1",
    "user.id": "u-1",
}
OPENLLMETRY = {
    "llm.request.type": "chat",
    "gen_ai.system": "OpenAI",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.usage.prompt_tokens": 12,
    "gen_ai.usage.completion_tokens": 3,
    "gen_ai.usage.cache_read_input_tokens": 4,
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.prompt.1.role": "tool",
    "gen_ai.prompt.1.content": "21 degrees",
    "gen_ai.prompt.1.tool_call_id": "call_1",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "It is warm.",
    "gen_ai.completion.0.finish_reason": "stop",
    "traceloop.association.properties.user_id": "u-1",
    "traceloop.association.properties.session_id": "s-1",
}


@pytest.mark.parametrize("told", [HTTP, CURRENT], ids=["http", "current"])
def test_other_spans_and_current_ones_are_not_touched(told: dict[str, Any]) -> None:
    assert translated(told) == told


def test_openinference_becomes_the_current_vocabulary() -> None:
    result = translated(OPENINFERENCE)
    messages = [json.loads(result.pop(f"gen_ai.{way}.messages")) for way in ("input", "output")]
    assert result == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": "claude-sonnet-4-5",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 20,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_creation.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 7,
        "llm.token_count.total": 120,
        "openinference.span.kind": "LLM",
        "session.id": "s-1",
        "user.id": "u-1",
        "winnow.usage.rule": "total:inclusive",
    }
    call = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}
    assert messages == [
        [{"role": "user", "parts": [{"type": "text", "content": "Weather in Paris?"}]}],
        [{"role": "assistant", "parts": [call]}],
    ]


def test_openllmetry_becomes_the_current_vocabulary() -> None:
    result = translated(OPENLLMETRY)
    asked, answered = (json.loads(result.pop(f"gen_ai.{w}.messages")) for w in ("input", "output"))
    assert result == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "llm.request.type": "chat",
        "user.id": "u-1",
        "session.id": "s-1",
        "winnow.usage.rule": "default:inclusive",
    }
    said = {"type": "text", "content": "It is warm."}
    assert answered == [{"role": "assistant", "parts": [said], "finish_reason": "stop"}]
    assert asked == [
        {"role": "system", "parts": [{"type": "text", "content": "Be brief."}]},
        {
            "role": "tool",
            "parts": [{"type": "tool_call_response", "id": "call_1", "response": "21 degrees"}],
        },
    ]


@pytest.mark.parametrize("told", [OPENINFERENCE, OPENLLMETRY], ids=["openinference", "openllmetry"])
def test_originals_stay_where_they_are_asked_to(told: dict[str, Any]) -> None:
    kept = translated(told, {"keep_original": True})
    assert told.items() <= kept.items()
    moved = translated(told)
    assert moved.items() <= kept.items()


def test_a_current_name_is_never_overwritten() -> None:
    result = translated(
        {"gen_ai.request.model": "ours", "llm.model_name": "theirs", "gen_ai.system": "openai"}
    )
    assert result == {
        "gen_ai.request.model": "ours",
        "llm.model_name": "theirs",
        "gen_ai.provider.name": "openai",
    }


def test_an_old_name_that_says_the_same_goes() -> None:
    result = translated({"gen_ai.usage.input_tokens": 5, "gen_ai.usage.prompt_tokens": 5})
    assert result == {"gen_ai.usage.input_tokens": 5}


def test_of_two_names_for_the_same_thing_the_first_in_the_table_is_taken() -> None:
    result = translated({"llm.system": "openai", "llm.provider": "azure"})
    assert result == {"gen_ai.provider.name": "azure.ai.openai", "llm.system": "openai"}


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        ({"openinference.span.kind": "AGENT"}, "invoke_agent"),
        ({"openinference.span.kind": "TOOL"}, "execute_tool"),
        ({"openinference.span.kind": "EMBEDDING"}, "embeddings"),
        ({"openinference.span.kind": "RETRIEVER"}, "retrieval"),
        ({"openinference.span.kind": "CHAIN"}, None),
        ({"traceloop.span.kind": "agent"}, "invoke_agent"),
        ({"traceloop.span.kind": "tool"}, "execute_tool"),
        ({"traceloop.span.kind": "task"}, None),
        ({"llm.request.type": "completion"}, "text_completion"),
        ({"llm.request.type": "embedding"}, "embeddings"),
        ({"llm.request.type": "rerank"}, None),
        ({"gen_ai.operation.name": "plan", "openinference.span.kind": "LLM"}, "plan"),
    ],
)
def test_the_operation_is_read_from_the_kind(kind: dict[str, str], operation: str | None) -> None:
    assert translated(kind).get("gen_ai.operation.name") == operation


def test_names_too_common_for_all_spans_are_read_on_the_spans_they_belong_to() -> None:
    tool = {
        "openinference.span.kind": "TOOL",
        "tool.name": "search",
        "input.value": '{"q": 1}',
        "output.value": "found",
        "agent.name": "not this one",
    }
    assert translated(tool) == {
        "openinference.span.kind": "TOOL",
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
        "gen_ai.tool.call.arguments": '{"q": 1}',
        "gen_ai.tool.call.result": "found",
        "agent.name": "not this one",
    }


@pytest.mark.parametrize(
    ("written", "provider"),
    [
        ("OpenAI", "openai"),
        ("az.ai.openai", "azure.ai.openai"),
        ("vertex_ai", "gcp.vertex_ai"),
        ("AWS", "aws.bedrock"),
        ("MistralAI", "mistral_ai"),
        ("my-own-cluster", "my-own-cluster"),
    ],
)
def test_providers_get_their_well_known_names(written: str, provider: str) -> None:
    assert translated({"gen_ai.system": written}) == {"gen_ai.provider.name": provider}


def test_token_counts_become_whole_numbers() -> None:
    result = translated({"llm.token_count.prompt": "17", "llm.token_count.completion": 4.0})
    assert result == {"gen_ai.usage.input_tokens": 17, "gen_ai.usage.output_tokens": 4}


@pytest.mark.parametrize(
    "extra",
    [
        {"llm.input_messages.0.message.contents.0.message_content.type": "image"},
        {"llm.input_messages.0.message.something_new": "x"},
        {"llm.input_messages.1.message.content": "nobody says this"},
        {"llm.input_messages.0.message.tool_call_id": 17},
    ],
    ids=["image", "unknown path", "no role", "not a text"],
)
def test_messages_that_would_lose_something_stay_flattened(extra: dict[str, Any]) -> None:
    told = {
        "llm.input_messages.0.message.role": "user",
        "llm.input_messages.0.message.content": "look",
        **extra,
    }
    assert translated(told) == told


def test_content_in_parts_is_folded_in_order() -> None:
    prefix = "llm.input_messages.0.message"
    told = {f"{prefix}.role": "user"}
    for number in (10, 2, 0):
        told[f"{prefix}.contents.{number}.message_content.type"] = "text"
        told[f"{prefix}.contents.{number}.message_content.text"] = f"part {number}"
    (message,) = json.loads(translated(told)["gen_ai.input.messages"])
    assert [part["content"] for part in message["parts"]] == ["part 0", "part 2", "part 10"]


def test_tables_of_ones_own_come_first() -> None:
    own = {
        "operations": {"acme.kind": {"Think": "chat"}},
        "rename": {"acme.model": "gen_ai.request.model"},
        "rename_by_operation": {"chat": {"acme.who": "gen_ai.agent.name"}},
    }
    told = {"acme.kind": "think", "acme.model": "m", "acme.who": "planner", "llm.model_name": "n"}
    assert translated(told, {"dialects": [own], "providers": {"ACME": "acme"}}) == {
        "acme.kind": "think",
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "m",
        "gen_ai.agent.name": "planner",
        "llm.model_name": "n",
    }


def test_a_misspelt_table_is_refused() -> None:
    with pytest.raises(ValidationError, match="renam"):
        make(GenAI, {"dialects": [{"renam": {}}]})


def test_a_span_that_cannot_be_read_is_passed_on_as_it_was_and_counted() -> None:
    # Longer than any number that Python reads from text.
    bad = {f"gen_ai.prompt.{'9' * 5000}.role": "user", "gen_ai.prompt.0.role": "user"}
    processor = make(GenAI)
    consume(processor, batch(span(attributes=bad), span(attributes={"gen_ai.system": "openai"})))
    assert attributes(processor.next.spans) == [bad, {"gen_ai.provider.name": "openai"}]
    assert metric(processor, "winnow_processor_errors_total", component="test", error="ValueError")


def test_every_target_of_the_tables_is_a_name_of_the_current_vocabulary() -> None:
    dialects = built_in().dialects
    sources = {source for dialect in dialects for source in dialect.rename}
    for dialect in dialects:
        written = [
            *(dialect.rename, *dialect.rename_by_operation.values()),
            *({target: target for target in targets} for targets in dialect.content.values()),
            *(
                {target: target for targets in paths.values() for target in targets}
                for paths in dialect.counts.values()
            ),
        ]
        for table in written:
            for target in table.values():
                assert target not in sources
                assert target.startswith(("gen_ai.", "openai.", "user.", "session."))


_NAMES = sorted(
    {
        name
        for dialect in built_in().dialects
        for name in (
            *dialect.rename,
            *dialect.rename.values(),
            *dialect.operations,
            *dialect.counts,
            *(name for table in dialect.rename_by_operation.values() for name in table),
            *(
                source
                for targets in dialect.content.values()
                for sources in targets.values()
                for source in sources
            ),
        )
    }
    | set(OPENINFERENCE)
    | set(OPENLLMETRY)
)
_KINDS = sorted(
    {
        kind
        for dialect in built_in().dialects
        for kinds in dialect.operations.values()
        for kind in kinds
    }
)
_VALUES = st.one_of(
    st.text(max_size=5),
    st.integers(0, 9),
    st.floats(0, 9),
    st.booleans(),
    st.sampled_from(_KINDS),
    st.sampled_from(['{"input": 3, "total": 5}', '[{"role": "user", "content": "Hi"}]']),
)


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=12))
def test_translating_twice_changes_nothing_more(told: dict[str, Any]) -> None:
    once = translated(told)
    assert translated(once) == once


@given(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=12))
def test_nothing_is_lost_beside_what_the_current_names_tell(told: dict[str, Any]) -> None:
    kept = translated(told, {"keep_original": True})
    repaired = {"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"}
    assert {name: told[name] for name in told.keys() - repaired}.items() <= kept.items()


def test_common_names_are_read_beside_current_ones_too() -> None:
    told = {"gen_ai.operation.name": "execute_tool", "tool.name": "search"}
    assert translated(told) == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "search",
    }
