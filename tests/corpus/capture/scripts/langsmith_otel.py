"""LangSmith's SDK, which sends OpenTelemetry spans: its OpenAI wrapper and `traceable`."""

import contextlib
import json
import os
from typing import Any

os.environ |= {"LANGSMITH_OTEL_ENABLED": "true", "LANGSMITH_TRACING": "true"}
os.environ |= {"LANGSMITH_OTEL_ONLY": "true", "LANGSMITH_API_KEY": "key-of-the-double"}
os.environ["LANGCHAIN_REVISION_ID"] = "1"  # it would ask git

import openai
from langsmith import Client, traceable
from langsmith.wrappers import wrap_openai
from tracing import FAILING, MODEL, QUESTION, REASONER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
langsmith = Client()
client = wrap_openai(openai.OpenAI(max_retries=0), tracing_extra={"client": langsmith})


@traceable(run_type="tool", client=langsmith)
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


@traceable(run_type="chain", client=langsmith)
def weather_agent(question: str) -> None:
    """The model asks for a tool, and answers from what the tool said."""
    messages: list[Any] = [{"role": "user", "content": question}]
    offered: Any = [{"type": "function", "function": {"name": "get_weather", "parameters": {}}}]
    first = client.chat.completions.create(model=MODEL, messages=messages, tools=offered)
    message = first.choices[0].message
    call: Any = message.tool_calls[0]
    said = get_weather(**json.loads(call.function.arguments))
    messages += [message, {"role": "tool", "tool_call_id": call.id, "content": said}]
    client.chat.completions.create(model=MODEL, messages=messages, tools=offered)


def chat() -> None:
    """One question to a model, and one to a model that reasons."""
    for model in (MODEL, REASONER):
        client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": QUESTION}]
        )


def agent() -> None:
    """A user's question."""
    weather_agent(QUESTION, langsmith_extra={"metadata": {"session_id": "session-42"}})


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        weather_agent(FAILING)


def flush() -> None:
    """LangSmith's queue first, then the exporter's."""
    langsmith.flush()
    provider.shutdown()


run({"chat": chat, "agent": agent, "error": error}, flush)
