"""CrewAI with OpenInference's instrumentations of it and of the OpenAI SDK."""

from openinference.instrumentation import using_attributes
from openinference.instrumentation.crewai import CrewAIInstrumentor
from openinference.instrumentation.openai import OpenAIInstrumentor
from tracing import SESSION, USER, run, tracer_provider

provider = tracer_provider()

import crewai_crew  # noqa: E402 - before the instrumentation, which looks for the crew's classes

CrewAIInstrumentor().instrument(tracer_provider=provider)
OpenAIInstrumentor().instrument(tracer_provider=provider)


def agent() -> None:
    """A user's question, in a session."""
    with using_attributes(user_id=USER, session_id=SESSION):
        crewai_crew.agent()


run({"agent": agent, "error": crewai_crew.error}, provider.shutdown)
