"""AG2, with its telemetry middleware."""

import asyncio
import contextlib

import openai
from ag2 import Agent
from ag2.config import AnthropicConfig, OpenAIConfig
from ag2.middleware import TelemetryMiddleware
from tracing import FAILING, HAIKU, MODEL, QUESTION, REASONER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
telemetry = TelemetryMiddleware(tracer_provider=provider, agent_name="weather_agent")


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def agent() -> None:
    """A user's question."""
    _ask(OpenAIConfig(MODEL, max_retries=0), QUESTION)


def chat() -> None:
    """A model that reasons."""
    asked = Agent("weather_agent", config=OpenAIConfig(REASONER), middleware=[telemetry])
    asyncio.run(asked.ask(QUESTION))


def streaming() -> None:
    """The answers in chunks."""
    _ask(OpenAIConfig(MODEL, streaming=True, max_retries=0), QUESTION)


def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    asked = Agent("weather_agent", config=AnthropicConfig(HAIKU), middleware=[telemetry])
    asyncio.run(asked.ask(QUESTION))


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        _ask(OpenAIConfig(MODEL, max_retries=0), FAILING)


def _ask(config: OpenAIConfig, question: str) -> None:
    asked = Agent("weather_agent", config=config, tools=[get_weather], middleware=[telemetry])
    asyncio.run(asked.ask(question))


CASES = {
    "agent": agent,
    "chat": chat,
    "streaming": streaming,
    "anthropic": anthropic,
    "error": error,
}
run(CASES, provider.shutdown)
