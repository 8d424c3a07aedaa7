"""Calls of the OpenAI SDK, the same for each instrumentation of it."""

import contextlib
import json
from typing import Any

import openai
from tracing import EMBEDDER, FAILING, MODEL, QUESTION, REASONER, weather

TOOL = {
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
}
client = openai.OpenAI(max_retries=0)


def chat() -> None:
    """One question to a model, and one to a model that reasons."""
    client.chat.completions.create(model=MODEL, messages=_asked(QUESTION))
    client.chat.completions.create(model=REASONER, messages=_asked(QUESTION))


def streaming() -> None:
    """An answer in chunks, read to the end."""
    for _ in client.chat.completions.create(
        model=MODEL,
        messages=_asked(QUESTION),
        stream=True,
        stream_options={"include_usage": True},
    ):
        pass


def tools() -> None:
    """The model asks for a tool, and answers from what the tool said."""
    messages: list[Any] = _asked(QUESTION)
    offered: Any = [{"type": "function", "function": TOOL}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=offered)
    message = first.choices[0].message
    call = message.tool_calls[0]
    said = weather(**json.loads(call.function.arguments))
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": said}]
    client.chat.completions.create(model=MODEL, messages=messages, tools=offered)


def responses() -> None:
    """The responses API: a plain question, then one in a stream."""
    client.responses.create(model=MODEL, input=QUESTION)
    for _ in client.responses.create(model=REASONER, input=QUESTION, stream=True):
        pass


def embeddings() -> None:
    """Two texts."""
    client.embeddings.create(model=EMBEDDER, input=["sunny", "rainy"])


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        client.chat.completions.create(model=MODEL, messages=_asked(FAILING))


def _asked(question: str) -> list[Any]:
    system = "You are a helpful weather service."
    return [{"role": "system", "content": system}, {"role": "user", "content": question}]


CASES = {
    "chat": chat,
    "streaming": streaming,
    "tools": tools,
    "responses": responses,
    "embeddings": embeddings,
    "error": error,
}
