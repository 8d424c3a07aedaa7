"""What every script shares: a tracer that exports to the catcher, and the running of one case."""

import sys
from collections.abc import Callable, Mapping

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

QUESTION = "What is the weather in Paris?"
FAILING = "Please fail."
USER, SESSION = "user-7", "session-42"
MODEL, EMBEDDER, CLAUDE = "gpt-4o-mini", "text-embedding-3-small", "claude-sonnet-4-5"
REASONER, HAIKU = "o4-mini", "claude-haiku-4-5"


def tracer_provider() -> TracerProvider:
    """The global provider; where it exports to is in the environment."""
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    return provider


def run(cases: Mapping[str, Callable[[], object]], flush: Callable[[], object]) -> None:
    """Run the case that the command line names, then send what it left."""
    try:
        cases[sys.argv[1]]()
    finally:
        flush()


def weather(city: str) -> str:
    """The weather in a city."""
    return f"Sunny in {city}, 21 degrees."
