"""Messages as agents' frameworks write them: every part is searched."""

import base64
import json

import pytest

MAIL = "jane@example.com"
SAFE = "<EMAIL_ADDRESS>"


def coded(text):
    return base64.b64encode(text.encode()).decode()


PARTS = [
    {"type": "text", "content": "{}"},
    {"type": "reasoning", "content": "{}"},
    {"type": "thinking", "thinking": "{}", "signature": "c2lnbmF0dXJlIG9mIHRoaXM="},
    {"type": "tool_call", "id": "call_1", "name": "find", "arguments": {"to": ["{}"], "n": 3}},
    {"type": "tool_call", "id": "call_1", "name": "find", "arguments": '{"to": "{}"}'},
    {"type": "tool_call_response", "id": "call_1", "response": {"rows": [{"mail": "{}"}]}},
    {"type": "tool_call_response", "id": "call_1", "response": '[{"mail": "{}"}]'},
    {"type": "uri", "modality": "image", "uri": "https://x.io/a.png?owner={}"},
    {"type": "something new", "deeply": {"nested": [{"text": "{}"}]}},
]


def filled(value, text):
    return json.loads(json.dumps(value).replace("{}", text))


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part["type"])
@pytest.mark.parametrize("key", ["gen_ai.input.messages", "gen_ai.output.messages"])
def test_every_part_of_a_message_is_redacted_and_the_rest_stays(clean, part, key):
    message = [{"role": "user", "parts": [part], "finish_reason": "stop"}]
    redacted = clean(json.dumps(filled(message, MAIL)), key)
    assert json.loads(redacted) == filled(message, SAFE)


def test_a_blob_of_text_is_redacted_and_still_base64(clean):
    part = {"type": "blob", "mime_type": "text/plain", "content": coded(f"to {MAIL} today")}
    redacted = json.loads(clean(json.dumps([{"role": "user", "parts": [part]}])))
    assert redacted[0]["parts"][0]["content"] == coded(f"to {SAFE} today")


def test_instructions_and_tool_definitions_are_redacted(clean):
    instructions = [{"type": "text", "content": "Escalate to {}."}]
    tools = [
        {
            "type": "function",
            "name": "mail",
            "description": "Writes to {}",
            "parameters": {
                "type": "object",
                "properties": {"to": {"default": "{}", "maxLength": 99}},
            },
        }
    ]
    for key, value in (("system_instructions", instructions), ("tool.definitions", tools)):
        redacted = clean(json.dumps(filled(value, MAIL)), f"gen_ai.{key}")
        assert json.loads(redacted) == filled(value, SAFE)


ADK = {
    "gcp.vertex.agent.llm_request": {
        "model": "gemini-2.0-flash",
        "config": {"system_instruction": "You help {}", "temperature": 0.2},
        "contents": [
            {"role": "user", "parts": [{"text": "I am {}"}]},
            {"role": "model", "parts": [{"function_call": {"name": "f", "args": {"to": "{}"}}}]},
            {"role": "user", "parts": [{"function_response": {"response": {"result": "{}"}}}]},
        ],
    },
    "gcp.vertex.agent.llm_response": {
        "content": {"role": "model", "parts": [{"text": "Hello {}", "thought": True}]},
        "usage_metadata": {"total_token_count": 4155550132},
    },
    "gcp.vertex.agent.tool_call_args": {"to": "{}", "limit": 10},
    "gcp.vertex.agent.tool_response": {"rows": [["{}", 7]]},
}


@pytest.mark.parametrize("key", ADK)
def test_what_google_adk_writes_is_redacted(clean, key):
    assert json.loads(clean(json.dumps(filled(ADK[key], MAIL)), key)) == filled(ADK[key], SAFE)


def test_inline_data_of_google_adk_is_redacted_where_it_is_text(clean):
    data = {"mime_type": "text/csv", "data": coded(f"name,mail\nJane,{MAIL}\n")}
    redacted = json.loads(clean(json.dumps({"parts": [{"inline_data": data}]})))
    assert redacted["parts"][0]["inline_data"]["data"] == coded(f"name,mail\nJane,{SAFE}\n")


@pytest.mark.parametrize("text", ['{"pan": 4111111111111111, "x": NaN}', '{"x": -Infinity}'])
def test_numbers_that_only_python_writes_stay(clean, text):
    assert clean(text) == text.replace("4111111111111111", '"<CREDIT_CARD>"')


def test_lines_of_json_are_json_each(clean):
    lines = '{"ssn": 212345678}\n{"pan": "4111111111111111", "a": "\\u0040"}\n\n'
    after = '{"ssn": "<US_SSN>"}\n{"pan": "<CREDIT_CARD>", "a": "\\u0040"}\n\n'
    assert clean(lines) == after
