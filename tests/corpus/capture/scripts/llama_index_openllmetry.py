"""LlamaIndex, with OpenLLMetry's instrumentation of it."""

import asyncio
import os

from llama_index.core import Document, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.tools import FunctionTool
from llama_index.embeddings.openai import OpenAIEmbedding
from llama_index.llms.openai import OpenAI
from opentelemetry.instrumentation.llamaindex import LlamaIndexInstrumentor
from tracing import EMBEDDER, MODEL, QUESTION, run, tracer_provider
from tracing import weather as weather_in

provider = tracer_provider()
LlamaIndexInstrumentor().instrument(tracer_provider=provider)
double = {"api_base": os.environ["OPENAI_BASE_URL"], "max_retries": 0}
model = OpenAI(model=MODEL, **double)


def get_weather(city: str) -> str:
    """The weather in a city."""
    return weather_in(city)


def agent() -> None:
    """A user's question to an agent with a tool."""
    weather_agent = FunctionAgent(
        name="weather_agent",
        tools=[FunctionTool.from_defaults(get_weather)],
        llm=model,
        streaming=False,
    )

    async def ask() -> None:
        await weather_agent.run(QUESTION)

    asyncio.run(ask())


def query() -> None:
    """A question about two documents that are found by their vectors."""
    embedder = OpenAIEmbedding(model=EMBEDDER, **double)
    documents = [Document(text="Paris is sunny."), Document(text="London is rainy.")]
    index = VectorStoreIndex.from_documents(documents, embed_model=embedder)
    index.as_query_engine(llm=model).query(QUESTION)


run({"agent": agent, "query": query}, provider.shutdown)
