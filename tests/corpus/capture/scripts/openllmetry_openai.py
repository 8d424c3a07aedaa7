"""opentelemetry-instrumentation-openai (OpenLLMetry)."""

from opentelemetry.instrumentation.openai import OpenAIInstrumentor
from tracing import run, tracer_provider

provider = tracer_provider()
OpenAIInstrumentor().instrument()

import openai_calls  # noqa: E402 - after the instrumentation

run(openai_calls.CASES, provider.shutdown)
