"""LangChain's agent with Anthropic's models, with openinference-instrumentation-langchain."""

from langchain.agents import create_agent
from langchain_anthropic import ChatAnthropic
from openinference.instrumentation import using_attributes
from openinference.instrumentation.langchain import LangChainInstrumentor
from tracing import CLAUDE, HAIKU, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
LangChainInstrumentor().instrument(tracer_provider=provider)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def fresh() -> None:
    """A question, the larger part of which was not cached."""
    ChatAnthropic(model=HAIKU, max_retries=0).invoke(QUESTION)


def streaming() -> None:
    """The same in chunks, read to the end."""
    for _ in ChatAnthropic(model=HAIKU, max_retries=0).stream(QUESTION):
        pass


def agent() -> None:
    """A user's question, in a session."""
    model = ChatAnthropic(model=CLAUDE, max_retries=0)
    weather_agent = create_agent(model, tools=[get_weather], name="weather_agent")
    with using_attributes(user_id=USER, session_id=SESSION):
        weather_agent.invoke({"messages": [{"role": "user", "content": QUESTION}]})


run({"agent": agent, "fresh": fresh, "streaming": streaming}, provider.shutdown)
