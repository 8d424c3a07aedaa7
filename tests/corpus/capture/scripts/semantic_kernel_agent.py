"""Semantic Kernel, as it traces itself."""

import asyncio
import contextlib
import os

os.environ["SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE"] = "true"

import openai
from semantic_kernel.agents import ChatCompletionAgent
from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion
from semantic_kernel.functions import kernel_function
from tracing import FAILING, MODEL, QUESTION, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()


class Weather:
    """A plugin."""

    @kernel_function(name="get_weather")
    def get_weather(self, city: str) -> str:
        """The weather in a city."""
        return weather_in(city)


def service() -> OpenAIChatCompletion:
    """The model, which is asked once."""
    return OpenAIChatCompletion(MODEL, async_client=openai.AsyncOpenAI(max_retries=0))


async def ask(question: str) -> None:
    """A question to an agent with a tool."""
    agent = ChatCompletionAgent(service=service(), name="weather_agent", plugins=[Weather()])
    await agent.get_response(question)


async def stream() -> None:
    """The same, in chunks."""
    agent = ChatCompletionAgent(service=service(), name="weather_agent", plugins=[Weather()])
    async for _ in agent.invoke_stream(QUESTION):
        pass


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        asyncio.run(ask(FAILING))


CASES = {
    "agent": lambda: asyncio.run(ask(QUESTION)),
    "streaming": lambda: asyncio.run(stream()),
    "error": error,
}
run(CASES, provider.shutdown)
