"""openinference-instrumentation-openai."""

from openinference.instrumentation import using_attributes
from openinference.instrumentation.openai import OpenAIInstrumentor
from tracing import SESSION, USER, run, tracer_provider

provider = tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)

import openai_calls  # noqa: E402 - after the instrumentation


def user() -> None:
    """A user's question, in a session."""
    with using_attributes(user_id=USER, session_id=SESSION):
        openai_calls.chat()


run({**openai_calls.CASES, "user": user}, provider.shutdown)
