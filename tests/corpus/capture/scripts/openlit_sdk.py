"""OpenLIT on the OpenAI and the Anthropic SDK, with its own price list on disk."""

import json
import tempfile
from pathlib import Path

import openlit
from opentelemetry import trace
from tracing import run

with tempfile.TemporaryDirectory() as directory:
    prices = Path(directory) / "prices.json"
    prices.write_text(json.dumps({"chat": {}, "embeddings": {}}))
    openlit.init(disable_metrics=True, pricing_json=str(prices))

import anthropic_calls
import openai_calls

CASES = {
    **openai_calls.CASES,
    **{f"anthropic-{name}": case for name, case in anthropic_calls.CASES.items()},
}
run(CASES, lambda: trace.get_tracer_provider().shutdown())
