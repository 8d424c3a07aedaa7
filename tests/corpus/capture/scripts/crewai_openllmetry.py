"""CrewAI with OpenLLMetry's instrumentations of it and of the OpenAI SDK."""

from opentelemetry.instrumentation.crewai import CrewAIInstrumentor
from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from tracing import run, tracer_provider

provider = tracer_provider()
CrewAIInstrumentor().instrument()
OpenAIInstrumentor().instrument()

import crewai_crew  # noqa: E402 - after the instrumentation

run({"agent": crewai_crew.agent, "error": crewai_crew.error}, provider.shutdown)
