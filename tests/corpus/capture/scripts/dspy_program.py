"""DSPy, with openinference-instrumentation-dspy."""

import contextlib
import os

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import dspy
from openinference.instrumentation import using_attributes
from openinference.instrumentation.dspy import DSPyInstrumentor
from tracing import FAILING, MODEL, QUESTION, SESSION, USER, run, tracer_provider

provider = tracer_provider()
DSPyInstrumentor().instrument(tracer_provider=provider)
model = dspy.LM(f"openai/{MODEL}", cache=False, num_retries=0)


def chat() -> None:
    """A user's question, in a session."""
    with using_attributes(user_id=USER, session_id=SESSION):
        model(QUESTION)


def error() -> None:
    """The provider says that the limit is reached."""
    with contextlib.suppress(Exception):
        model(FAILING)


run({"chat": chat, "error": error}, provider.shutdown)
