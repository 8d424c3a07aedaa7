"""LangChain's agent on LangGraph, with Langfuse's callback handler."""

import contextlib

import openai
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI
from langfuse import get_client
from langfuse.langchain import CallbackHandler
from tracing import FAILING, MODEL, QUESTION, SESSION, USER, run
from tracing import weather as weather_in


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
    ask(QUESTION, langfuse_user_id=USER, langfuse_session_id=SESSION)


def streaming() -> None:
    """The same, token by token."""
    asked = {"messages": [{"role": "user", "content": QUESTION}]}
    config = {"callbacks": [CallbackHandler()]}
    for _ in weather_agent.stream(asked, config=config, stream_mode="messages"):
        pass


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        ask(FAILING)


def ask(question: str, **metadata: str) -> None:
    """One run."""
    asked = {"messages": [{"role": "user", "content": question}]}
    weather_agent.invoke(asked, config={"callbacks": [CallbackHandler()], "metadata": metadata})


run({"agent": agent, "streaming": streaming, "error": error}, get_client().shutdown)
