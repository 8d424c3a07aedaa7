"""OpenAI's responses."""

from collections.abc import Iterator
from typing import Any

from tests.corpus.capture.answers import ARGUMENTS, TEXT, full_name, new_id, openai_tokens

Json = dict[str, Any]


def answer(request: Json) -> Json:
    """The whole response."""
    turn = _turn(request)
    return _completed(request, turn, _item(request, turn), _head(request))


def _completed(request: Json, turn: str, item: Json, head: Json) -> Json:
    return {**head, "status": "completed", "output": [item], "usage": _usage(request, turn)}


def stream(request: Json) -> Iterator[tuple[str, Json]]:
    """The events of a response with one item."""
    for number, event in enumerate(_events(request)):
        yield event["type"], {**event, "sequence_number": number}


def _events(request: Json) -> Iterator[Json]:
    turn = _turn(request)
    item, head = _item(request, turn), _head(request)
    started = {**head, "status": "in_progress", "output": [], "usage": None}
    yield {"type": "response.created", "response": started}
    yield {"type": "response.in_progress", "response": started}
    empty = {"arguments": ""} if turn == "tool_call" else {"content": []}
    opened = {**item, "status": "in_progress", **empty}
    yield {"type": "response.output_item.added", "output_index": 0, "item": opened}
    place = {"item_id": item["id"], "output_index": 0}
    yield from _call_events(place, item) if turn == "tool_call" else _text_events(place, item)
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}
    yield {"type": "response.completed", "response": _completed(request, turn, item, head)}


def _call_events(place: Json, item: Json) -> Iterator[Json]:
    kind = "response.function_call_arguments"
    yield {"type": f"{kind}.delta", **place, "delta": ARGUMENTS}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": ARGUMENTS}


def _text_events(place: Json, item: Json) -> Iterator[Json]:
    place = {**place, "content_index": 0}
    part = item["content"][0]
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    yield {"type": "response.output_text.delta", **place, "delta": TEXT, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": TEXT, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}


def _turn(request: Json) -> str:
    items = request["input"] if isinstance(request["input"], list) else []
    if any(item.get("type") == "function_call_output" for item in items):
        return "tool_result"
    return "tool_call" if request.get("tools") else "plain"


def _head(request: Json) -> Json:
    return {
        "id": new_id("resp_"),
        "object": "response",
        "created_at": 1_750_000_000,
        "model": full_name(request["model"]),
        "error": None,
        "incomplete_details": None,
        "instructions": request.get("instructions"),
        "metadata": {},
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "service_tier": "default",
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": request.get("tools") or [],
        "top_p": 1.0,
        "truncation": "disabled",
    }


def _item(request: Json, turn: str) -> Json:
    if turn == "tool_call":
        return {
            "type": "function_call",
            "id": new_id("fc_"),
            "call_id": "call_1",
            "name": request["tools"][0]["name"],
            "arguments": ARGUMENTS,
            "status": "completed",
        }
    text = {"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}
    return {
        "type": "message",
        "id": new_id("msg_"),
        "role": "assistant",
        "status": "completed",
        "content": [text],
    }


def _usage(request: Json, turn: str) -> Json:
    tokens = openai_tokens(request["model"], turn)
    return {
        "input_tokens": tokens.input,
        "input_tokens_details": {"cached_tokens": tokens.cache_read},
        "output_tokens": tokens.output,
        "output_tokens_details": {"reasoning_tokens": tokens.reasoning},
        "total_tokens": tokens.input + tokens.output,
    }
