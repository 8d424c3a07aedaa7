"""AutoGen's agents, as they trace themselves, above OpenTelemetry's spans of the OpenAI SDK."""

import asyncio
import contextlib

from autogen_agentchat.agents import AssistantAgent
from autogen_ext.models.openai import OpenAIChatCompletionClient
from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from tracing import FAILING, MODEL, QUESTION, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)


async def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


async def ask(question: str) -> None:
    """A question to an agent with a tool."""
    agent = AssistantAgent(
        "weather_agent",
        model_client=OpenAIChatCompletionClient(model=MODEL, max_retries=0),
        tools=[get_weather],
        reflect_on_tool_use=True,
    )
    await agent.run(task=question)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        asyncio.run(ask(FAILING))


run({"agent": lambda: asyncio.run(ask(QUESTION)), "error": error}, provider.shutdown)
