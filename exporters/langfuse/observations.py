"""What a span is to Langfuse: its type, its tokens in buckets, its cost, its first token."""

import math
from datetime import UTC, datetime
from typing import TypeGuard

import orjson

from collector import Attributes, Batch, SpanRecord, Value

TYPE = "langfuse.observation.type"
USAGE = "langfuse.observation.usage_details"
COST = "langfuse.observation.cost_details"
COMPLETION_START = "langfuse.observation.completion_start_time"
OPERATION = "gen_ai.operation.name"

OPERATION_TYPES = {
    "chat": "generation",
    "completion": "generation",
    "text_completion": "generation",
    "generate_content": "generation",
    "fetch_response": "span",
    "embeddings": "embedding",
    "retrieval": "retriever",
    "create_agent": "agent",
    "invoke_agent": "agent",
    "invoke_workflow": "chain",
    "plan": "chain",
    "agent_step": "agent",
    "execute_tool": "tool",
    "run_guardrail": "guardrail",
    "guardrail.run": "guardrail",
}
OPENINFERENCE_TYPES = {
    "LLM": "generation",
    "EMBEDDING": "embedding",
    "RETRIEVER": "retriever",
    "RERANKER": "retriever",
    "AGENT": "agent",
    "TOOL": "tool",
    "CHAIN": "chain",
    "GUARDRAIL": "guardrail",
    "EVALUATOR": "evaluator",
}
MODEL_KEYS = ("gen_ai.response.model", "gen_ai.request.model")
MODEL_CALLS = frozenset({"generation", "embedding"})
ROLL_UPS = frozenset({"invoke_agent", "agent_step"})
"""Operations whose usage and cost Langfuse takes for the sum of their children's, and drops."""
MAX_TOKENS = 2**53
"""The largest integer that JavaScript, and so Langfuse, reads exactly."""
LATEST = 1e11
"""Seconds since the Unix epoch, beyond which a time is nonsense."""
PRICED = frozenset({"reported", "config", "genai-prices", "litellm"})

# Semantic conventions first, then the names that they had before.
INPUT = ("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens")
OUTPUT = ("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens")
INPUT_PARTS = {
    "input_cached_tokens": (
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_read_input_tokens",
    ),
    "input_cache_creation": (
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
    ),
    "input_audio_tokens": ("gen_ai.usage.audio.input_tokens",),
}
OUTPUT_PARTS = {
    "output_reasoning_tokens": (
        "gen_ai.usage.reasoning.output_tokens",
        "gen_ai.usage.reasoning_tokens",
    ),
    "output_audio_tokens": ("gen_ai.usage.audio.output_tokens",),
}


def describe(record: SpanRecord) -> None:
    """Say outright what Langfuse would otherwise guess from the attributes.

    Whatever the span says itself in Langfuse's own keys stays.
    """
    attributes = record.attributes
    if TYPE not in attributes and (kind := observation_type(attributes)):
        attributes.set(TYPE, kind)
    if _counts_by_itself(attributes):
        _set_json(attributes, USAGE, usage_details(attributes))
        _set_json(attributes, COST, cost_details(attributes))
        _set_completion_start(record)


def observation_type(attributes: Attributes) -> str | None:
    """Langfuse's type for a span with these attributes; None for an ordinary span."""
    kind = OPENINFERENCE_TYPES.get(attributes.text("openinference.span.kind"))
    kind = kind or OPERATION_TYPES.get(attributes.text(OPERATION))
    if kind or not any(key in attributes for key in MODEL_KEYS):
        return kind
    return "generation"


def usage_details(attributes: Attributes) -> dict[str, int]:
    """Tokens by bucket, each token in one of them; empty where the span counts none."""
    return {
        **_buckets(attributes, "input", INPUT, INPUT_PARTS),
        **_buckets(attributes, "output", OUTPUT, OUTPUT_PARTS),
    }


def cost_details(attributes: Attributes) -> dict[str, float]:
    """The cost in USD; empty where none is known, so that Langfuse's own prices apply."""
    cost = attributes.get("gen_ai.usage.cost")
    return {"total": float(cost)} if _is_number(cost) and math.isfinite(cost) else {}


def set_defaults(batch: Batch, environment: str | None, release: str | None) -> None:
    """Name environment and release on resources that name none."""
    if environment is None and release is None:
        return
    for resource_spans in batch.request.resource_spans:
        attributes = Attributes(resource_spans.resource.attributes)
        named = ("langfuse.environment", "deployment.environment.name", "deployment.environment")
        if environment and not any(key in attributes for key in named):
            attributes.set("langfuse.environment", environment)
        if release and "langfuse.release" not in attributes:
            attributes.set("langfuse.release", release)


def _counts_by_itself(attributes: Attributes) -> bool:
    """Whether the span's usage is its own. Undoes Langfuse's trap where an agent's is."""
    if attributes.text(OPERATION) not in ROLL_UPS:
        return attributes.text(TYPE) in MODEL_CALLS
    if attributes.text("winnow.cost.source") not in PRICED:
        return False
    # Langfuse drops model, usage and cost by this name alone; the type says the same.
    attributes.delete(OPERATION)
    return True


def _buckets(
    attributes: Attributes,
    name: str,
    keys: tuple[str, ...],
    parts: dict[str, tuple[str, ...]],
) -> dict[str, int]:
    total = _tokens(attributes, keys)
    found = {bucket: _tokens(attributes, sources) for bucket, sources in parts.items()}
    buckets = {bucket: tokens for bucket, tokens in found.items() if tokens}
    if total is not None:
        rest = total - sum(buckets.values())
        # Parts that exceed the whole were never in it: this emitter counts them beside it.
        buckets[name] = rest if rest >= 0 else total
    return buckets


def _tokens(attributes: Attributes, keys: tuple[str, ...]) -> int | None:
    for key in keys:
        if key in attributes:
            value = attributes.get(key)
            if _is_number(value) and 0 <= value <= MAX_TOKENS:
                return int(value)
    return None


def _is_number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _set_json(attributes: Attributes, key: str, details: dict[str, int] | dict[str, float]) -> None:
    if details and key not in attributes:
        attributes.set(key, orjson.dumps(details).decode())


def _set_completion_start(record: SpanRecord) -> None:
    seconds = record.attributes.get("gen_ai.response.time_to_first_chunk")
    if COMPLETION_START in record.attributes or not _is_number(seconds):
        return
    start = record.span.start_time_unix_nano / 1e9 + seconds
    if 0 < start < LATEST:
        moment = datetime.fromtimestamp(start, UTC)
        record.attributes.set(COMPLETION_START, moment.isoformat(timespec="milliseconds"))
