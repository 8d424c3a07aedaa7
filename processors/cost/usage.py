"""What a span tells of a call beyond its tokens: rarer kinds of usage, and how it was served."""

from collections.abc import Mapping, Sequence

from collector import Value
from collector.model_calls import Usage
from processors.cost.rates import NO_EXTRAS, PARTS_OF, Extras

_NAMES: Mapping[str, Sequence[str]] = {
    "cache_write_1h": (
        "gen_ai.usage.cache_creation.ephemeral_1h.input_tokens",
        "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens",
    ),
    "input_audio": ("gen_ai.usage.audio.input_tokens", "gen_ai.usage.input_tokens.audio"),
    "input_image": ("gen_ai.usage.image.input_tokens", "gen_ai.usage.input_tokens.image"),
    "input_video": ("gen_ai.usage.video.input_tokens",),
    "output_audio": ("gen_ai.usage.audio.output_tokens", "gen_ai.usage.output_tokens.audio"),
    "output_image": ("gen_ai.usage.image.output_tokens", "gen_ai.usage.output_tokens.image"),
    "output_video": ("gen_ai.usage.video.output_tokens",),
    "citations": ("gen_ai.usage.details.citation_tokens",),
    "web_searches": (
        "gen_ai.usage.web_search_requests",
        "gen_ai.usage.server_tool_use.web_search_requests",
        "gen_ai.usage.details.web_search_requests",
    ),
    "file_searches": ("gen_ai.usage.file_search_requests",),
}
"""Attributes of the conventions and of instrumentations for each kind; the first told counts."""

EXTRA_ATTRIBUTES = frozenset(name for names in _NAMES.values() for name in names)

SERVICE_TIER_ATTRIBUTES = (
    "openai.response.service_tier",
    "gen_ai.openai.response.service_tier",
    "gen_ai.response.service_tier",
    "gen_ai.service_tier",
    "gen_ai.anthropic.service_tier",
    "openai.request.service_tier",
    "gen_ai.openai.request.service_tier",
    "gen_ai.request.service_tier",
)
"""Where the service tier stands: what the provider answered comes before what was asked for."""

SERVICE_TIERS = ("batch", "flex", "priority", "fast")
"""Ways to be served that providers have prices of their own for, beside the standard one."""


def extras(values: Mapping[str, Value], usage: Usage) -> Extras:
    """The rarer kinds of usage among a span's attributes, cut to what `usage` leaves room for."""
    told = {
        kind: count
        for kind, names in _NAMES.items()
        if (count := next((n for n in map(_count, map(values.get, names)) if n), 0))
    }
    return within(told, usage) if told else NO_EXTRAS


def within(told: Mapping[str, int], usage: Usage) -> Extras:
    """`told` without what cannot be: parts that are larger than the rest of their whole."""
    room = {
        "input": usage.input - usage.cache_read - usage.cache_write,
        "cache_write": usage.cache_write,
        "output": usage.output - usage.reasoning,
    }
    kept = {}
    for kind, count in told.items():
        whole = PARTS_OF[kind]
        kept[kind] = min(count, room[whole]) if whole else count
        if whole:
            room[whole] -= kept[kind]
    return kept


def service_tier(values: Mapping[str, Value], names: Sequence[str]) -> str:
    """The one of `SERVICE_TIERS` that the first text among `names` tells; empty for any other."""
    for name in names:
        told = values.get(name)
        if isinstance(told, str) and told:
            tier = told.lower()
            return tier if tier in SERVICE_TIERS else ""
    return ""


def _count(value: Value) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 2**53 else 0
