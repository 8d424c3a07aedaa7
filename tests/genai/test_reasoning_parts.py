"""Answers of models that think and call tools, as OpenInference flattens them."""

import json
from typing import Any

import pytest

from tests.genai.through import translated

ANSWER = "llm.output_messages.0.message"


def flattened(*contents: dict[str, str], **calls: str) -> dict[str, str]:
    """An answer with `contents`; `calls` are ids with the tools' names."""
    told = {f"{ANSWER}.role": "assistant"}
    for number, content in enumerate(contents):
        for name, value in content.items():
            told[f"{ANSWER}.contents.{number}.{name}"] = value
    for number, (call, tool) in enumerate(calls.items()):
        prefix = f"{ANSWER}.tool_calls.{number}.tool_call"
        told |= {f"{prefix}.id": call, f"{prefix}.function.name": tool}
        told[f"{prefix}.function.arguments"] = '{"city": "Paris"}'
    return told


def parts(told: dict[str, str]) -> list[dict[str, Any]]:
    result = translated(told)
    assert not any(name.startswith("llm.output_messages") for name in result)
    (message,) = json.loads(result["gen_ai.output.messages"])
    assert message["role"] == "assistant"
    found: list[dict[str, Any]] = message["parts"]
    return found


def content(kind: str, text: str | None = None, **more: str) -> dict[str, str]:
    told = {"message_content.type": kind} | {f"message_content.{k}": v for k, v in more.items()}
    return told if text is None else told | {"message_content.text": text}


IN_PLACE = {
    "message_content.type": "tool_use",
    "tool_call.id": "call_1",
    "tool_call.function.name": "weather",
    "tool_call.function.arguments": '{"city": "Paris"}',
}
CALL = {"type": "tool_call", "id": "call_1", "name": "weather", "arguments": {"city": "Paris"}}


def test_reasoning_is_a_part_with_its_signature() -> None:
    told = flattened(content("reasoning", "Hm.", signature="c2ln"), content("text", "Warm."))
    assert parts(told) == [
        {"type": "reasoning", "content": "Hm.", "signature": "c2ln"},
        {"type": "text", "content": "Warm."},
    ]


def test_reasoning_that_the_provider_keeps_to_itself_stays_with_what_stands_for_it() -> None:
    told = flattened(
        content("reasoning", data="b3BhcXVl"),
        content("reasoning", id="rs_1", encrypted_content="ZW5j"),
        content("text", "Warm."),
    )
    assert parts(told)[:2] == [
        {"type": "reasoning", "content": "", "data": "b3BhcXVl"},
        {"type": "reasoning", "content": "", "id": "rs_1", "encrypted_content": "ZW5j"},
    ]


def test_a_call_among_the_texts_is_told_once_and_in_its_place() -> None:
    told = flattened(
        content("text", "Let me see."), IN_PLACE, content("text", "And then."), call_1="weather"
    )
    assert parts(told) == [
        {"type": "text", "content": "Let me see."},
        CALL,
        {"type": "text", "content": "And then."},
    ]


def test_calls_that_stand_in_no_place_follow() -> None:
    told = flattened(IN_PLACE, call_1="weather", call_2="news")
    assert parts(told) == [CALL, {**CALL, "id": "call_2", "name": "news"}]


def test_geminis_signature_of_a_call_comes_along() -> None:
    signed = {f"{ANSWER}.tool_calls.0.tool_call.reasoning_signature": "c2ln"}
    assert parts(flattened(call_1="weather") | signed) == [CALL | {"reasoning_signature": "c2ln"}]


@pytest.mark.parametrize("extra", [IN_PLACE, content("reasoning", "Hm.")])
def test_what_a_tool_answers_is_text_alone(extra: dict[str, str]) -> None:
    told = flattened(extra) | {f"{ANSWER}.tool_call_id": "call_0"}
    assert translated(told) == told
