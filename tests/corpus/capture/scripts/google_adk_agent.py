"""Google's ADK with OpenAI's model through LiteLLM, as ADK traces itself."""

import asyncio
import contextlib
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

from google.adk.agents import Agent, RunConfig
from google.adk.agents.run_config import StreamingMode
from google.adk.models.lite_llm import LiteLlm
from google.adk.runners import InMemoryRunner
from google.genai import types
from tracing import FAILING, HAIKU, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


async def ask(question: str, mode: StreamingMode = StreamingMode.NONE) -> None:
    """A user's question in a session, to an agent with a tool."""
    model = LiteLlm(model=f"openai/{MODEL}", max_retries=0)
    runner = InMemoryRunner(
        Agent(name="weather_agent", model=model, tools=[get_weather]), app_name="weather"
    )
    await runner.session_service.create_session(
        app_name="weather", user_id=USER, session_id=SESSION
    )
    content = types.Content(role="user", parts=[types.Part(text=question)])
    async for _ in runner.run_async(
        user_id=USER,
        session_id=SESSION,
        new_message=content,
        run_config=RunConfig(streaming_mode=mode),
    ):
        pass


async def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    talker = Agent(name="talker", model=LiteLlm(model=f"anthropic/{HAIKU}"))
    await InMemoryRunner(talker, app_name="weather").run_debug(
        QUESTION, user_id=USER, session_id=SESSION, quiet=True
    )


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        asyncio.run(ask(FAILING))


CASES = {
    "agent": lambda: asyncio.run(ask(QUESTION)),
    "streaming": lambda: asyncio.run(ask(QUESTION, StreamingMode.SSE)),
    "anthropic": lambda: asyncio.run(anthropic()),
    "error": error,
}
run(CASES, provider.shutdown)
