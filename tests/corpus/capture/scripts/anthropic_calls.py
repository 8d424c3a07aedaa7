"""Calls of the Anthropic SDK, the same for each instrumentation of it."""

import contextlib
from typing import Any

import anthropic
from tracing import CLAUDE, FAILING, HAIKU, QUESTION, weather

TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}
client = anthropic.Anthropic(max_retries=0)


def chat() -> None:
    """One question, part of which is read from the cache and part written to it."""
    client.messages.create(**_asked(QUESTION))


def fresh() -> None:
    """One question, the larger part of which was not cached."""
    client.messages.create(**{**_asked(QUESTION), "model": HAIKU})


def streaming() -> None:
    """The same as a stream of events, read to the end."""
    for _ in client.messages.create(**_asked(QUESTION), stream=True):
        pass


def tools() -> None:
    """The model asks for a tool, and answers from what the tool said."""
    asked = _asked(QUESTION)
    first = client.messages.create(**asked, tools=[TOOL])
    call: Any = first.content[0]
    result = {"type": "tool_result", "tool_use_id": call.id, "content": weather(**call.input)}
    asked["messages"] += [
        {"role": "assistant", "content": [call.model_dump()]},
        {"role": "user", "content": [result]},
    ]
    client.messages.create(**asked, tools=[TOOL])


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(anthropic.RateLimitError):
        client.messages.create(**_asked(FAILING))


def _asked(question: str) -> dict[str, Any]:
    return {
        "model": CLAUDE,
        "max_tokens": 512,
        "system": "You are a helpful weather service.",
        "messages": [{"role": "user", "content": question}],
    }


CASES = {"chat": chat, "fresh": fresh, "streaming": streaming, "tools": tools, "error": error}
