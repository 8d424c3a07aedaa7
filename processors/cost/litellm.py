"""LiteLLM's `model_prices_and_context_window.json`, as a file that the user supplies.

The format is that of https://github.com/BerriAI/litellm: one entry a model, with USD a token and
the limits of the model. It has no history: what it says holds at any time.
"""

import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from collector.files import read_file
from processors.cost.names import spellings
from processors.cost.rates import UNPRICED, Price, Rates, Tariff, served

MAX_BYTES = 64 << 20
"""A file may not be larger: it is held in memory. LiteLLM's own has some 2 MB."""

_PREFIXES: Mapping[str, Sequence[str]] = {
    "aws.bedrock": ("bedrock",),
    "azure.ai.inference": ("azure_ai", "azure"),
    "azure.ai.openai": ("azure",),
    "gcp.gemini": ("gemini",),
    "gcp.gen_ai": ("gemini", "vertex_ai"),
    "gcp.vertex_ai": ("vertex_ai",),
    "ibm.watsonx.ai": ("watsonx",),
    "mistral_ai": ("mistral",),
    "moonshot_ai": ("moonshot",),
    "x_ai": ("xai",),
}
"""What LiteLLM calls the providers of the semantic conventions, where it has another name."""

_KINDS: Mapping[str, str] = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
    "reasoning": "output_cost_per_reasoning_token",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "input_audio": "input_cost_per_audio_token",
    "input_image": "input_cost_per_image_token",
    "output_audio": "output_cost_per_audio_token",
    "output_image": "output_cost_per_image_token",
}
_EXTRA = ("cache_write_1h", "input_audio", "input_image", "output_audio", "output_image")
_TIERS = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
_ABOVE = re.compile(r"_above_(\d+)k_tokens")


class LiteLLMPrices:
    """The prices of one file."""

    def __init__(self, entries: Mapping[str, Mapping[str, Any]], version: str) -> None:
        """`entries` as in the file; `version` tells this file from others."""
        self._entries = {key.lower(): (key, entry) for key, entry in entries.items()}
        self._version = version

    @property
    def names(self) -> list[str]:
        """Every key of the file."""
        return [key for key, _ in self._entries.values()]

    def price(self, provider: str, models: Iterable[str], tier: str) -> Price:
        """The price of the first of `models` (lower case) that the file has; else unpriced."""
        for key in self._keys(provider.lower(), models):
            name, entry = self._entries[key]
            return self._price(name, entry, tier)
        return UNPRICED

    def _keys(self, provider: str, models: Iterable[str]) -> Iterator[str]:
        for told, model in spellings(provider, models):
            prefixes = _PREFIXES.get(told, (told,))
            yield from (key for p in prefixes if p and (key := f"{p}/{model}") in self._entries)
            entry = self._entries.get(model)
            if entry and ("/" in model or _sold_by(entry[1], prefixes)):
                yield model

    def _price(self, name: str, entry: Mapping[str, Any], tier: str) -> Price:
        window = entry.get("max_input_tokens")
        known = window if isinstance(window, int) and window > 0 else None
        tariff = _tariff(entry, _TIERS.get(tier, ""))
        # LiteLLM writes 0 for what it has no price of.
        if not any(rates.input or rates.output for rates in tariff.tiers):
            return replace(UNPRICED, context_window=known)
        rule = f"litellm: {name}" + served(tier, tariff != _tariff(entry, ""))
        return Price("litellm", self._version, rule, known, [tariff])


def read_litellm(path: Path) -> LiteLLMPrices:
    """Raises ValueError, with path and remedy, for a file that is none of LiteLLM's."""
    content = read_file(path, MAX_BYTES)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: line {error.lineno} cannot be read") from None
    entries = _entries(document) if isinstance(document, dict) else {}
    if not entries:
        raise ValueError(f"{path} has no prices: name LiteLLM's model_prices_and_context_window")
    return LiteLLMPrices(entries, hashlib.sha256(content).hexdigest()[:8])


def _entries(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What is needed of each model: numbers, and whose model it is."""
    entries = {}
    for name, told in document.items():
        if name != "sample_spec" and isinstance(told, dict):
            kept = {key: value for key, value in told.items() if _is_number(value)}
            searches = told.get("search_context_cost_per_query")
            if isinstance(searches, dict):
                kept["searches"] = searches.get("search_context_size_medium")
            if kept:
                entries[name] = kept | {"litellm_provider": str(told.get("litellm_provider", ""))}
    return entries


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value) and value >= 0


def _sold_by(entry: Mapping[str, Any], prefixes: Sequence[str]) -> bool:
    """Whether an entry without a prefix is this provider's; whoever tells none means any."""
    return any(entry["litellm_provider"].startswith(prefix) for prefix in prefixes)


def _tariff(entry: Mapping[str, Any], tier: str) -> Tariff:
    long = sorted({int(found[1]) for key in entry if (found := _ABOVE.search(key))})
    steps = ["", *(f"_above_{size}k_tokens" for size in long)]
    return Tariff([size * 1000 for size in long], [_rates(entry, step, tier) for step in steps])


def _rates(entry: Mapping[str, Any], step: str, tier: str) -> Rates:
    told = {}
    for kind, key in _KINDS.items():
        ways = (key + step + tier, key + step, key + tier, key)
        told[kind] = next((entry[way] for way in ways if way in entry), None)
    fresh, said = told["input"] or 0.0, told["output"] or 0.0
    extra = {kind: price for kind in _EXTRA if (price := told[kind]) is not None}
    if _is_number(entry.get("searches")):
        extra["web_searches"] = entry["searches"]
    return Rates(
        input=fresh,
        output=said,
        cache_read=fresh if told["cache_read"] is None else told["cache_read"],
        cache_write=fresh if told["cache_write"] is None else told["cache_write"],
        reasoning=said if told["reasoning"] is None else told["reasoning"],
        extra=extra,
    )
