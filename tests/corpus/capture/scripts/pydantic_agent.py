"""pydantic-ai, as it instruments itself."""

import asyncio
import contextlib

from pydantic_ai import Agent, Embedder
from pydantic_ai.exceptions import ModelHTTPError
from tracing import (
    CLAUDE,
    EMBEDDER,
    FAILING,
    MODEL,
    QUESTION,
    REASONER,
    SESSION,
    run,
    tracer_provider,
)
from tracing import weather as weather_in

provider = tracer_provider()
Agent.instrument_all()


def weather_agent(model: str) -> Agent:
    """An agent with one tool."""
    agent = Agent(model, name="weather_agent", instructions="You are a helpful weather service.")

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """The weather in a city."""
        return weather_in(city)

    return agent


def chat() -> None:
    """Agents without tools: one call each."""
    for model in (f"openai-chat:{MODEL}", f"openai-chat:{REASONER}", f"anthropic:{CLAUDE}"):
        Agent(model, name="talker").run_sync(QUESTION, conversation_id=SESSION)


def streaming() -> None:
    """The same, streamed."""

    async def stream() -> None:
        async with Agent(f"openai-chat:{MODEL}", name="talker").run_stream(
            QUESTION, conversation_id=SESSION
        ) as result:
            await result.get_output()

    asyncio.run(stream())


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(ModelHTTPError):
        Agent(f"openai-chat:{MODEL}", name="talker").run_sync(FAILING, conversation_id=SESSION)


def embeddings() -> None:
    """Two texts."""
    embedder = Embedder(f"openai:{EMBEDDER}", instrument=True)
    embedder.embed_documents_sync(["sunny", "rainy"])


def run_agent(model: str) -> None:
    """A question that the agent needs its tool for, in a conversation."""
    weather_agent(model).run_sync(QUESTION, conversation_id=SESSION)


CASES = {
    "chat": chat,
    "streaming": streaming,
    "error": error,
    "embeddings": embeddings,
    "agent": lambda: run_agent(f"openai-chat:{MODEL}"),
    "agent-responses": lambda: run_agent(f"openai-responses:{MODEL}"),
    "agent-anthropic": lambda: run_agent(f"anthropic:{CLAUDE}"),
}
run(CASES, provider.shutdown)
