"""Agno, with openinference-instrumentation-agno."""

import contextlib

from agno.agent import Agent
from agno.models.anthropic import Claude
from agno.models.openai import OpenAIChat
from openinference.instrumentation.agno import AgnoInstrumentor
from tracing import FAILING, HAIKU, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
AgnoInstrumentor().instrument(tracer_provider=provider)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def weather_agent() -> Agent:
    """An agent with one tool."""
    return Agent(
        name="weather_agent",
        model=OpenAIChat(id=MODEL, max_retries=0),
        tools=[get_weather],
        user_id=USER,
        session_id=SESSION,
        telemetry=False,
    )


def streaming() -> None:
    """A user's question in a session, answered in chunks."""
    for _ in weather_agent().run(QUESTION, stream=True):
        pass


def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    Agent(name="talker", model=Claude(id=HAIKU), telemetry=False).run(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        weather_agent().run(FAILING)


CASES = {
    "agent": lambda: weather_agent().run(QUESTION),
    "streaming": streaming,
    "anthropic": anthropic,
    "error": error,
}
run(CASES, provider.shutdown)
