"""Messages in JSON of other shapes become message JSON where that loses nothing."""

import json
from typing import Any

import pytest

from tests.genai.through import translated

TOLD = {"langfuse.observation.type": "generation"}


def moved(value: str, way: str = "input") -> Any:
    """The messages that a generation's input or output becomes; None where it stays."""
    told = {**TOLD, f"langfuse.observation.{way}": value}
    result = translated(told)
    found = result.get(f"gen_ai.{way}.messages")
    assert (found is None) == (f"langfuse.observation.{way}" in result)
    return None if found is None else json.loads(found)


def test_plain_text_is_one_message() -> None:
    said = {"type": "text", "content": "Warm."}
    assert moved("Warm.", "output") == [{"role": "assistant", "parts": [said]}]
    assert moved('"Warm."', "input") == [{"role": "user", "parts": [said]}]


def test_anthropic_blocks() -> None:
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
        {"type": "tool_use", "id": "t", "name": "weather", "input": {"city": "Paris"}},
    ]
    answer = [{"type": "tool_result", "tool_use_id": "t", "content": "21 degrees"}]
    messages = [{"role": "assistant", "content": blocks}, {"role": "user", "content": answer}]
    call = {"type": "tool_call", "id": "t", "name": "weather", "arguments": {"city": "Paris"}}
    assert moved(json.dumps(messages)) == [
        {
            "role": "assistant",
            "parts": [{"type": "reasoning", "content": "Hm.", "signature": "sig"}, call],
        },
        {
            "role": "user",
            "parts": [{"type": "tool_call_response", "id": "t", "response": "21 degrees"}],
        },
    ]


def test_parts_of_an_unknown_kind_and_unknown_fields_come_along() -> None:
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    message = {"role": "user", "content": [image], "name": "jane", "cache": True}
    assert moved(json.dumps([message])) == [
        {"role": "user", "parts": [image], "name": "jane", "cache": True}
    ]


def test_messages_in_the_current_form_move_as_they_are() -> None:
    current = [{"role": "user", "parts": [{"type": "text", "content": "Hi"}]}]
    assert moved(json.dumps(current)) == current


def test_a_prompt_with_its_messages() -> None:
    prompt = {"system": "Be brief.", "messages": [{"role": "user", "content": "Hi"}]}
    assert [message["role"] for message in moved(json.dumps(prompt))] == ["system", "user"]


@pytest.mark.parametrize(
    "value",
    [
        {"question": "Weather?"},
        [],
        {},
        [{"content": "nobody says this"}],
        [{"role": "user", "content": {"of": "a kind"}}],
        [{"role": "user", "content": [{"text": "no type"}]}],
        [{"role": "user", "content": [{"type": "text", "text": "a", "content": "b"}]}],
        [{"role": "user", "content": [{"type": "text", "text": 5}]}],
        [{"role": "model", "parts": [{"text": "Gemini"}]}],
        [{"role": "assistant", "tool_calls": "all"}],
        [{"role": "assistant", "tool_calls": [{"function": "f"}]}],
        {"messages": [{"role": "user", "content": "Hi"}], "model": "gpt-4o"},
        {"system": {"of": "a kind"}, "prompt": "Hi"},
        [1, 2],
    ],
    ids=str,
)
def test_what_would_lose_something_stays(value: object) -> None:
    assert moved(json.dumps(value)) is None


def test_tool_calls_that_are_no_list_stay() -> None:
    told = {"ai.operationId": "ai.generateText.doGenerate", "ai.response.toolCalls": "{}"}
    assert translated(told)["ai.response.toolCalls"] == "{}"


def test_messages_under_the_current_name_stand() -> None:
    told = {**TOLD, "langfuse.observation.input": "Hi", "gen_ai.input.messages": "[]"}
    result = translated(told)
    assert result["gen_ai.input.messages"] == "[]"
    assert result["langfuse.observation.input"] == "Hi"


def test_content_and_counts_of_ones_own() -> None:
    own = {
        "operations": {"acme.kind": {"*": "chat"}},
        "counts": {"acme.usage": {"in.fresh": ["gen_ai.usage.input_tokens"]}},
        "content": {"chat": {"gen_ai.output.messages": {"acme.parts": "acme"}}},
        "parts": {"acme": {"part": "text", "fields": {"says": "content"}}},
    }
    told = {
        "acme.kind": "think",
        "acme.usage": '{"in": {"fresh": 7, "stale": true}}',
        "acme.parts": '[{"says": "Warm."}]',
    }
    result = translated(told, {"dialects": [own]})
    assert json.loads(result.pop("gen_ai.output.messages")) == [
        {"role": "assistant", "parts": [{"type": "text", "content": "Warm."}]}
    ]
    assert result == {
        "acme.kind": "think",
        "acme.usage": told["acme.usage"],
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 7,
        "winnow.usage.rule": "buckets",
    }


@pytest.mark.parametrize("broken", ["{", "[]", "7", '{"input": "many"}', '{"input": -1}'])
def test_counts_that_cannot_be_read_are_left(broken: str) -> None:
    told = {"langfuse.observation.usage_details": broken}
    assert translated(told) == told


def test_counts_do_not_mix_with_what_the_span_says_itself() -> None:
    told = {
        "gen_ai.usage.input_tokens": 50,
        "langfuse.observation.usage_details": '{"input": 30, "output": 10}',
    }
    assert translated(told) == told
