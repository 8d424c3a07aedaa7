"""Haystack, with openinference-instrumentation-haystack."""

import os

os.environ["HAYSTACK_TELEMETRY_ENABLED"] = "False"

import contextlib
from typing import Annotated

from haystack import Pipeline
from haystack.components.agents import Agent
from haystack.components.embedders import OpenAITextEmbedder
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.dataclasses import ChatMessage
from haystack.tools import tool
from haystack_integrations.components.generators.anthropic import AnthropicChatGenerator
from openinference.instrumentation import using_attributes
from openinference.instrumentation.haystack import HaystackInstrumentor
from tracing import EMBEDDER, FAILING, HAIKU, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
HaystackInstrumentor().instrument(tracer_provider=provider)
base = os.environ["OPENAI_BASE_URL"]


@tool
def get_weather(city: Annotated[str, "its name"]) -> str:
    """The weather in a city."""
    return weather_in(city)


def model() -> OpenAIChatGenerator:
    """The chat model."""
    return OpenAIChatGenerator(model=MODEL, api_base_url=base, max_retries=0)


def chat() -> None:
    """A user's question in a session, to a pipeline of one model."""
    pipeline = Pipeline()
    pipeline.add_component("llm", model())
    with using_attributes(user_id=USER, session_id=SESSION):
        pipeline.run({"llm": {"messages": _asked(QUESTION)}})


def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    pipeline = Pipeline()
    pipeline.add_component("llm", AnthropicChatGenerator(model=HAIKU))
    pipeline.run({"llm": {"messages": _asked(QUESTION)}})


def embeddings() -> None:
    """A text."""
    pipeline = Pipeline()
    pipeline.add_component("embedder", OpenAITextEmbedder(model=EMBEDDER, api_base_url=base))
    pipeline.run({"embedder": {"text": "sunny"}})


def agent() -> None:
    """A question to an agent with a tool."""
    pipeline = Pipeline()
    pipeline.add_component("weather_agent", Agent(chat_generator=model(), tools=[get_weather]))
    pipeline.run({"weather_agent": {"messages": _asked(QUESTION)}})


def error() -> None:
    """The provider says that the limit is reached."""
    pipeline = Pipeline()
    pipeline.add_component("llm", model())
    with contextlib.suppress(Exception):
        pipeline.run({"llm": {"messages": _asked(FAILING)}})


def _asked(question: str) -> list[ChatMessage]:
    return [ChatMessage.from_user(question)]


CASES = {
    "chat": chat,
    "anthropic": anthropic,
    "embeddings": embeddings,
    "agent": agent,
    "error": error,
}
run(CASES, provider.shutdown)
