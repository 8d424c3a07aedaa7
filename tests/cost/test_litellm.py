"""LiteLLM's price file: asked last, and believed where it has figures."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from collector.errors import StartError
from processors.cost import Cost, CostConfig
from tests.cost.support import CALL, call, cost, priced, usage
from tests.helpers import make

ENTRIES: dict[str, Any] = {
    "sample_spec": {"input_cost_per_token": 0.5, "max_input_tokens": "as the provider says"},
    "watsonx/ibm/granite-13b": {
        "litellm_provider": "watsonx",
        "input_cost_per_token": 6e-7,
        "output_cost_per_token": 1e-6,
        "max_input_tokens": 8_000,
    },
    "My-Model": {
        "litellm_provider": "openai",
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 4e-6,
        "cache_read_input_token_cost": 1e-7,
        "cache_creation_input_token_cost": 2e-6,
        "cache_creation_input_token_cost_above_1hr": 3e-6,
        "output_cost_per_reasoning_token": 5e-6,
        "input_cost_per_audio_token": 8e-6,
        "input_cost_per_token_batches": 5e-7,
        "output_cost_per_token_batches": 2e-6,
        "input_cost_per_token_priority": 2e-6,
        "input_cost_per_token_above_200k_tokens": 3e-6,
        "input_cost_per_token_above_200k_tokens_priority": 6e-6,
        "search_context_cost_per_query": {"search_context_size_medium": 0.01},
    },
    "gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 1.0},
    "bedrock/eu-west-1/house.model-v1": {
        "litellm_provider": "bedrock",
        "input_cost_per_token": 1e-6,
    },
    "free": {"litellm_provider": "openai", "input_cost_per_token": 0, "output_cost_per_token": 0},
    "odd": {"litellm_provider": "openai", "input_cost_per_token": "0.1", "max_input_tokens": 50},
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "prices.json"
    path.write_text(json.dumps(ENTRIES))
    return {"litellm_prices": str(path)}


def test_what_genai_prices_does_not_know_is_priced_by_the_file(settings) -> None:
    result = priced(call("ibm/granite-13b", "ibm.watsonx.ai"), settings)
    assert result["gen_ai.usage.cost"] == pytest.approx(1_000 * 6e-7 + 100 * 1e-6)
    assert result["winnow.cost.source"] == "litellm"
    assert len(result["winnow.cost.version"]) == 8
    assert result["winnow.context.utilization"] == 0.125


def test_genai_prices_comes_before_the_file_and_ones_own_prices_before_both(settings) -> None:
    assert priced(CALL, settings)["winnow.cost.source"] == "genai-prices"
    own = {"prices": [{"match": "my-model", "input": 9}]}
    assert priced(call("my-model"), settings | own)["winnow.cost.source"] == "config"


def test_ones_own_discount_holds_for_the_file_too(settings) -> None:
    half = settings | {"prices": [{"match": "my-model", "multiplier": 0.5}]}
    assert cost(call("my-model"), half) == pytest.approx(cost(call("my-model"), settings) / 2)


@pytest.mark.parametrize(
    ("provider", "model", "source"),
    [
        ("openai", "my-model", "litellm"),
        ("openai", "openai/MY-MODEL", "litellm"),
        ("", "my-model", "litellm"),
        ("azure.ai.openai", "my-model", "unpriced"),
        ("aws.bedrock", "eu-west-1/house.model-v1", "litellm"),
        ("", "bedrock/eu-west-1/house.model-v1", "litellm"),
        ("openai", "sample_spec", "unpriced"),
        ("openai", "free", "unpriced"),
        ("openai", "odd", "unpriced"),
    ],
)
def test_whose_model_an_entry_is(settings, provider, model, source) -> None:
    result = priced(call(model, provider), settings)
    assert result["winnow.cost.source"] == source
    assert ("gen_ai.usage.cost" in result) == (source == "litellm")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (usage(cache_read__input_tokens=400), 600e-6 + 400e-7 + 400e-6),
        (usage(cache_creation__input_tokens=400), 600e-6 + 800e-6 + 400e-6),
        (
            usage(
                cache_creation__input_tokens=400,
                cache_creation__ephemeral_1h_input_tokens=400,
            ),
            600e-6 + 1_200e-6 + 400e-6,
        ),
        (usage(reasoning__output_tokens=50), 1_000e-6 + 200e-6 + 250e-6),
        (usage(audio__input_tokens=100), 900e-6 + 800e-6 + 400e-6),
        (usage(web_search_requests=2), 1_000e-6 + 400e-6 + 0.02),
        ({"gen_ai.request.service_tier": "batch"}, 500e-6 + 200e-6),
        ({"gen_ai.request.service_tier": "priority"}, 2_000e-6 + 400e-6),
        ({"gen_ai.request.service_tier": "flex"}, 1_000e-6 + 400e-6),
        (usage(input_tokens=200_000), 0.2 + 400e-6),
        (usage(input_tokens=200_001), 0.600003 + 400e-6),
        (
            usage(input_tokens=200_001) | {"gen_ai.request.service_tier": "priority"},
            1.200006 + 400e-6,
        ),
    ],
)
def test_every_figure_of_an_entry_counts(settings, told, expected) -> None:
    assert cost(call("my-model") | told, settings) == pytest.approx(expected)


def test_the_files_window_serves_a_model_that_has_only_a_price_elsewhere(settings) -> None:
    own = {"prices": [{"match": "odd", "input": 1}]}
    result = priced(call("odd") | usage(input_tokens=25), settings | own)
    assert result["winnow.context.utilization"] == 0.5


@pytest.mark.parametrize(
    ("content", "told"),
    [("[]", "has no prices"), ("{}", "has no prices"), ("{", "is not JSON: line 1")],
)
def test_a_file_that_is_not_litellms_is_refused(tmp_path, content, told) -> None:
    path = tmp_path / "prices.json"
    path.write_text(content)
    with pytest.raises(ValidationError, match=told):
        CostConfig(litellm_prices=path)


def test_a_missing_file_is_refused_with_its_path(tmp_path) -> None:
    with pytest.raises(ValidationError, match=r"none\.json cannot be read \(No such file"):
        CostConfig(litellm_prices=tmp_path / "none.json")


def test_a_file_that_vanished_keeps_the_processor_from_starting(settings) -> None:
    processor = make(Cost, settings)
    Path(settings["litellm_prices"]).unlink()
    with pytest.raises(StartError, match=r"litellm_prices: .* cannot be read"):
        processor.start()
