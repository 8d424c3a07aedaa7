"""LangChain's agent on LangGraph, with openinference-instrumentation-langchain."""

import contextlib

import openai
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor
from tracing import FAILING, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)


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
    with using_attributes(user_id=USER, session_id=SESSION):
        weather_agent.invoke(_asked(QUESTION))


def streaming() -> None:
    """The same, token by token."""
    for _ in weather_agent.stream(_asked(QUESTION), stream_mode="messages"):
        pass


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        weather_agent.invoke(_asked(FAILING))


def _asked(question: str) -> dict[str, list[dict[str, str]]]:
    return {"messages": [{"role": "user", "content": question}]}


run({"agent": agent, "streaming": streaming, "error": error}, provider.shutdown)
