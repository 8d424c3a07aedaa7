"""Anthropic's messages."""

import json
from collections.abc import Iterator
from typing import Any

from tests.corpus.capture.answers import ARGUMENTS, TEXT, anthropic_tokens, full_name, new_id

Json = dict[str, Any]


def answer(request: Json) -> Json:
    """The whole message."""
    turn = _turn(request)
    return {
        **_head(request),
        "content": [_block(request, turn)],
        "stop_reason": _reason(turn),
        "stop_sequence": None,
        "usage": _usage(request, turn),
    }


def stream(request: Json) -> Iterator[tuple[str, Json]]:
    """The events of a message with one block."""
    for event in _events(request):
        yield event["type"], event


def _events(request: Json) -> Iterator[Json]:
    turn = _turn(request)
    block, usage = _block(request, turn), _usage(request, turn)
    message = {**_head(request), "content": [], "stop_reason": None, "stop_sequence": None}
    yield {"type": "message_start", "message": {**message, "usage": {**usage, "output_tokens": 1}}}
    empty = {"input": {}} if turn == "tool_call" else {"text": ""}
    yield {"type": "content_block_start", "index": 0, "content_block": {**block, **empty}}
    delta = {"type": "text_delta", "text": TEXT}
    if turn == "tool_call":
        delta = {"type": "input_json_delta", "partial_json": ARGUMENTS}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    end = {"stop_reason": _reason(turn), "stop_sequence": None}
    yield {"type": "message_delta", "delta": end, "usage": usage}
    yield {"type": "message_stop"}


def _turn(request: Json) -> str:
    blocks = (
        block
        for message in request["messages"]
        if isinstance(message["content"], list)
        for block in message["content"]
    )
    if any(block.get("type") == "tool_result" for block in blocks):
        return "tool_result"
    return "tool_call" if request.get("tools") else "plain"


def _head(request: Json) -> Json:
    return {
        "id": new_id("msg_"),
        "type": "message",
        "role": "assistant",
        "model": full_name(request["model"]),
    }


def _block(request: Json, turn: str) -> Json:
    if turn == "tool_call":
        name = request["tools"][0]["name"]
        return {"type": "tool_use", "id": "toolu_1", "name": name, "input": json.loads(ARGUMENTS)}
    return {"type": "text", "text": TEXT}


def _reason(turn: str) -> str:
    return "tool_use" if turn == "tool_call" else "end_turn"


def _usage(request: Json, turn: str) -> Json:
    """Anthropic counts cached tokens beside `input_tokens`, not in them."""
    tokens = anthropic_tokens(request["model"], turn)
    return {
        "input_tokens": tokens.input - tokens.cache_read - tokens.cache_write,
        "cache_read_input_tokens": tokens.cache_read,
        "cache_creation_input_tokens": tokens.cache_write,
        "cache_creation": {
            "ephemeral_5m_input_tokens": tokens.cache_write,
            "ephemeral_1h_input_tokens": 0,
        },
        "output_tokens": tokens.output,
        "service_tier": "standard",
    }
