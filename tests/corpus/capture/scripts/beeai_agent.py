"""BeeAI, with openinference-instrumentation-beeai."""

import asyncio
import contextlib

from beeai_framework.agents.requirement import RequirementAgent
from beeai_framework.backend import ChatModel, UserMessage
from beeai_framework.tools import tool
from openinference.instrumentation.beeai import BeeAIInstrumentor
from tracing import FAILING, MODEL, QUESTION, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
BeeAIInstrumentor().instrument(tracer_provider=provider)


@tool
def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def chat() -> None:
    """One question to the model itself."""

    async def ask() -> None:
        await ChatModel.from_name(f"openai:{MODEL}").run([UserMessage(QUESTION)])

    asyncio.run(ask())


def agent() -> None:
    """A user's question."""
    _ask(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        _ask(FAILING)


def _ask(question: str) -> None:
    async def ask() -> None:
        model = ChatModel.from_name(f"openai:{MODEL}", stream=False)
        weather_agent = RequirementAgent(llm=model, tools=[get_weather], name="weather_agent")
        await weather_agent.run(question, max_iterations=3, total_max_retries=0)

    asyncio.run(ask())


run({"chat": chat, "agent": agent, "error": error}, provider.shutdown)
