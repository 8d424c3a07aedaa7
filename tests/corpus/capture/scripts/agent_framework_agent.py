"""Microsoft's Agent Framework, with the spans of its own."""

import asyncio
import contextlib

from agent_framework import Agent
from agent_framework.exceptions import AgentFrameworkException
from agent_framework.observability import enable_instrumentation
from agent_framework.openai import OpenAIChatClient, OpenAIChatCompletionClient
from openai import AsyncOpenAI
from tracing import FAILING, MODEL, QUESTION, REASONER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
enable_instrumentation()


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def client(model: str = MODEL) -> OpenAIChatCompletionClient:
    """A client of the chat completions."""
    return OpenAIChatCompletionClient(model=model, async_client=AsyncOpenAI(max_retries=0))


def agent() -> None:
    """A user's question."""
    asyncio.run(_agent(client()).run(QUESTION))


def responses() -> None:
    """The same through the responses API."""
    responding = OpenAIChatClient(model=MODEL, async_client=AsyncOpenAI(max_retries=0))
    asyncio.run(_agent(responding).run(QUESTION))


def chat() -> None:
    """A model that reasons, without tools."""
    asyncio.run(Agent(client(REASONER), name="thinker").run(QUESTION))


def streaming() -> None:
    """The answer in chunks, read to the end."""

    async def read() -> None:
        async for _ in Agent(client(), name="weather_agent").run(QUESTION, stream=True):
            pass

    asyncio.run(read())


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(AgentFrameworkException):
        asyncio.run(_agent(client()).run(FAILING))


def _agent(chatting: object) -> Agent:
    return Agent(chatting, name="weather_agent", tools=[get_weather])


CASES = {
    "agent": agent,
    "responses": responses,
    "chat": chat,
    "streaming": streaming,
    "error": error,
}
run(CASES, provider.shutdown)
