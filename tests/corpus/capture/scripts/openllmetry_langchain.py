"""LangChain's agent on LangGraph, with opentelemetry-instrumentation-langchain (OpenLLMetry)."""

import contextlib

import openai
from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from langchain_openai import ChatOpenAI
from opentelemetry.instrumentation.langchain import LangchainInstrumentor
from tracing import FAILING, HAIKU, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
LangchainInstrumentor().instrument()


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


weather_agent = create_agent(
    ChatOpenAI(model=MODEL, max_retries=0, stream_usage=True),
    tools=[get_weather],
    name="weather_agent",
)


def agent() -> None:
    """A user's question, in a session."""
    weather_agent.invoke(
        _asked(QUESTION), config={"metadata": {"user_id": USER, "session_id": SESSION}}
    )


def streaming() -> None:
    """The same, token by token."""
    for _ in weather_agent.stream(_asked(QUESTION), stream_mode="messages"):
        pass


def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    ChatAnthropic(model=HAIKU, max_retries=0).invoke(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        weather_agent.invoke(_asked(FAILING))


def _asked(question: str) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"role": "user", "content": question}]}


CASES = {"agent": agent, "streaming": streaming, "anthropic": anthropic, "error": error}
run(CASES, provider.shutdown)
