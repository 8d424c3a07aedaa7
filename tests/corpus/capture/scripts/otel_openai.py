"""opentelemetry-instrumentation-openai-v2, OpenTelemetry's own, as it is by default."""

from opentelemetry.instrumentation.openai_v2 import OpenAIInstrumentor
from tracing import run, tracer_provider

provider = tracer_provider()
OpenAIInstrumentor().instrument(tracer_provider=provider)

import openai_calls  # noqa: E402 - after the instrumentation

run(openai_calls.CASES, provider.shutdown)
