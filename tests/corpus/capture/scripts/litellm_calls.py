"""LiteLLM with its own `otel` callback."""

import contextlib
import os
import time
from typing import Any

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
os.environ["OTEL_EXPORTER"] = "otlp_http"
os.environ["OTEL_ENDPOINT"] = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces"

import litellm
from opentelemetry import trace
from tracing import EMBEDDER, FAILING, MODEL, QUESTION, REASONER, SESSION, USER, run

litellm.callbacks = ["otel"]


def told() -> dict[str, Any]:
    """Whose call it is; made anew each time, since LiteLLM writes into the metadata."""
    return {"metadata": {"user_id": USER, "session_id": SESSION}, "user": USER}


def chat() -> None:
    """One question to a model, and one to a model that reasons."""
    for model in (MODEL, REASONER):
        litellm.completion(model=f"openai/{model}", messages=_asked(QUESTION), **told())


def streaming() -> None:
    """An answer in chunks, read to the end."""
    for _ in litellm.completion(
        model=MODEL,
        messages=_asked(QUESTION),
        stream=True,
        stream_options={"include_usage": True},
        **told(),
    ):
        pass


def embeddings() -> None:
    """Two texts."""
    litellm.embedding(model=EMBEDDER, input=["sunny", "rainy"])


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(litellm.RateLimitError):
        litellm.completion(model=MODEL, messages=_asked(FAILING), max_retries=0, **told())


def _asked(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def flush() -> None:
    """LiteLLM traces on threads of its own, and does not say when they are through."""
    time.sleep(4)
    trace.get_tracer_provider().shutdown()


CASES = {"chat": chat, "streaming": streaming, "embeddings": embeddings, "error": error}
run(CASES, flush)
