"""OpenAI's chat completions."""

from collections.abc import Iterator
from typing import Any

from tests.corpus.capture.answers import ARGUMENTS, TEXT, full_name, new_id, openai_tokens

Json = dict[str, Any]
CALL_ID = "call_1"


def answer(request: Json) -> Json:
    """The whole completion."""
    turn = turn_of(request)
    message: Json = {"role": "assistant", "content": TEXT, "refusal": None}
    if turn == "tool_call":
        message |= {"content": None, "tool_calls": [_tool_call(request)]}
    choice = {"index": 0, "message": message, "finish_reason": _reason(turn), "logprobs": None}
    head = _head(request, "chat.completion")
    return {**head, "choices": [choice], "usage": _usage(request, turn)}


def stream(request: Json) -> Iterator[tuple[str, Json | str]]:
    """The chunks; usage comes in one of its own, where it was asked for."""
    turn = turn_of(request)
    head = _head(request, "chat.completion.chunk")
    for delta, reason in [*_deltas(request, turn), ({}, _reason(turn))]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason, "logprobs": None}
        yield "", {**head, "choices": [choice]}
    if (request.get("stream_options") or {}).get("include_usage"):
        yield "", {**head, "choices": [], "usage": _usage(request, turn)}
    yield "", "[DONE]"


def turn_of(request: Json) -> str:
    """Which of the known answers the request gets."""
    if any(message.get("role") == "tool" for message in request["messages"]):
        return "tool_result"
    return "tool_call" if request.get("tools") else "plain"


def _head(request: Json, kind: str) -> Json:
    return {
        "id": new_id("chatcmpl-"),
        "object": kind,
        "created": 1_750_000_000,
        "model": full_name(request["model"]),
        "service_tier": "default",
        "system_fingerprint": "fp_corpus",
    }


def _deltas(request: Json, turn: str) -> Iterator[tuple[Json, None]]:
    if turn == "tool_call":
        yield {"role": "assistant", "tool_calls": [{"index": 0, **_tool_call(request)}]}, None
        return
    half = len(TEXT) // 2
    yield {"role": "assistant", "content": TEXT[:half]}, None
    yield {"content": TEXT[half:]}, None


def _tool_call(request: Json) -> Json:
    name = request["tools"][0]["function"]["name"]
    return {"id": CALL_ID, "type": "function", "function": {"name": name, "arguments": ARGUMENTS}}


def _reason(turn: str) -> str:
    return "tool_calls" if turn == "tool_call" else "stop"


def _usage(request: Json, turn: str) -> Json:
    tokens = openai_tokens(request["model"], turn)
    return {
        "prompt_tokens": tokens.input,
        "completion_tokens": tokens.output,
        "total_tokens": tokens.input + tokens.output,
        "prompt_tokens_details": {"cached_tokens": tokens.cache_read, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": tokens.reasoning,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
