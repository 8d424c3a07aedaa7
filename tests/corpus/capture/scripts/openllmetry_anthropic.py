"""opentelemetry-instrumentation-anthropic (OpenLLMetry)."""

from opentelemetry.instrumentation.anthropic import AnthropicInstrumentor
from tracing import run, tracer_provider

provider = tracer_provider()
AnthropicInstrumentor().instrument()

import anthropic_calls  # noqa: E402 - after the instrumentation

run(anthropic_calls.CASES, provider.shutdown)
