"""smolagents, with openinference-instrumentation-smolagents."""

import contextlib

from openinference.instrumentation import using_attributes
from openinference.instrumentation.smolagents import SmolagentsInstrumentor
from smolagents import OpenAIServerModel, ToolCallingAgent, tool
from tracing import FAILING, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
SmolagentsInstrumentor().instrument(tracer_provider=provider)


@tool
def get_weather(city: str) -> str:
    """The weather in a city.

    Args:
        city: The city's name.
    """
    return weather_in(city)


def ask(question: str, *, stream: bool = False) -> None:
    """A question to an agent with a tool, which has two steps."""
    agent = ToolCallingAgent(
        tools=[get_weather],
        model=OpenAIServerModel(MODEL, client_kwargs={"max_retries": 0}, retry=False),
        name="weather_agent",
        description="Tells the weather.",
        max_steps=2,
        stream_outputs=stream,
    )
    agent.run(question)


def agent() -> None:
    """A user's question, in a session."""
    with using_attributes(user_id=USER, session_id=SESSION):
        ask(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        ask(FAILING)


CASES = {"agent": agent, "streaming": lambda: ask(QUESTION, stream=True), "error": error}
run(CASES, provider.shutdown)
