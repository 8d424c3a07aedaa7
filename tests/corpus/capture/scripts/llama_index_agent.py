"""LlamaIndex, with openinference-instrumentation-llama-index."""

import asyncio
import contextlib
import os

import openai
from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI
from openinference.instrumentation import using_attributes
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from tracing import EMBEDDER, FAILING, HAIKU, MODEL, QUESTION, SESSION, USER, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
LlamaIndexInstrumentor().instrument(tracer_provider=provider)
double = {"api_base": os.environ["OPENAI_BASE_URL"], "max_retries": 0}
model = OpenAI(model=MODEL, **double)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def chat() -> None:
    """One question."""
    model.chat(_asked(QUESTION))


def streaming() -> None:
    """An answer in chunks, read to the end."""
    for _ in model.stream_chat(_asked(QUESTION), stream_options={"include_usage": True}):
        pass


def anthropic() -> None:
    """A question to Claude, the larger part of which was not cached."""
    Anthropic(model=HAIKU, max_retries=0).chat(_asked(QUESTION))


def agent() -> None:
    """A user's question to an agent with a tool, in a session."""
    weather_agent = FunctionAgent(
        name="weather_agent",
        tools=[FunctionTool.from_defaults(get_weather)],
        llm=model,
        streaming=False,
    )

    async def ask() -> None:
        await weather_agent.run(QUESTION)

    with using_attributes(user_id=USER, session_id=SESSION):
        asyncio.run(ask())


def query() -> None:
    """A question about two documents that are found by their vectors."""
    embedder = OpenAIEmbedding(model=EMBEDDER, **double)
    documents = [Document(text="Paris is sunny."), Document(text="London is rainy.")]
    index = VectorStoreIndex.from_documents(documents, embed_model=embedder)
    index.as_query_engine(llm=model).query(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(openai.RateLimitError):
        model.chat(_asked(FAILING))


def _asked(question: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=question)]


CASES = {
    "chat": chat,
    "streaming": streaming,
    "anthropic": anthropic,
    "agent": agent,
    "query": query,
    "error": error,
}
run(CASES, provider.shutdown)
