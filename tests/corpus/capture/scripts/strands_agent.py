"""Strands Agents, as they instrument themselves."""

import contextlib

from strands import Agent, tool
from strands.models.openai import OpenAIModel
from tracing import FAILING, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def ask(question: str) -> None:
    """A question to an agent with a tool, of a user in a session."""
    agent = Agent(
        name="weather_agent",
        model=OpenAIModel(client_args={"max_retries": 0}, model_id=MODEL),
        tools=[get_weather],
        callback_handler=None,
        trace_attributes={"user.id": USER, "session.id": SESSION},
        retry_strategy=None,
    )
    agent(question)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        ask(FAILING)


run({"agent": lambda: ask(QUESTION), "error": error}, provider.shutdown)
