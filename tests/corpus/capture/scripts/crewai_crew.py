"""A crew of CrewAI's, the same for each instrumentation of it."""

import os

os.environ["CREWAI_DISABLE_TELEMETRY"] = "true"
os.environ["CREWAI_TRACING_ENABLED"] = "false"
os.environ["CREWAI_TESTING"] = "true"  # asks nothing of whoever sits at the terminal

import contextlib

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool
from tracing import FAILING, MODEL, QUESTION
from tracing import weather as weather_in


@tool("get_weather")
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def ask(question: str) -> None:
    """One task for one agent with a tool."""
    teller = Agent(
        role="weather_agent",
        goal="Tell the weather",
        backstory="You are a helpful weather service.",
        llm=LLM(model=f"openai/{MODEL}", max_retries=0),
        tools=[get_weather],
        max_retry_limit=0,
    )
    task = Task(description=question, expected_output="A sentence", agent=teller, name="tell")
    Crew(name="weather_crew", agents=[teller], tasks=[task]).kickoff()


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        ask(FAILING)


def agent() -> None:
    """A question to the crew."""
    ask(QUESTION)
