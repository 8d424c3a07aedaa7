"""A model call, and what the `cost` processor writes on it."""

from datetime import UTC, datetime
from typing import Any

from processors.cost import Cost
from tests.helpers import attributes, batch, consume, make, span

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1_000,
    "gen_ai.usage.output_tokens": 100,
}


def priced(told: dict[str, Any], settings: dict[str, Any] | None = None, **fields: Any) -> Any:
    """The attributes of a span with these attributes, behind a processor with these settings."""
    processor = make(Cost, settings)
    processor.start()
    consume(processor, batch(span(attributes=told, **fields)))
    (result,) = attributes(processor.next.spans)
    return result


def cost(told: dict[str, Any], settings: dict[str, Any] | None = None, **fields: Any) -> Any:
    return priced(told, settings, **fields).get("gen_ai.usage.cost")


def call(model: str, provider: str = "openai", **more: Any) -> dict[str, Any]:
    return CALL | {"gen_ai.request.model": model, "gen_ai.provider.name": provider} | more


def usage(**counts: int) -> dict[str, int]:
    """`usage(audio__input_tokens=5)`: attributes below gen_ai.usage."""
    return {f"gen_ai.usage.{name.replace('__', '.')}": n for name, n in counts.items()}


def day(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()
