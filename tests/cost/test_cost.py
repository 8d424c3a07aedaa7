"""Every model call gets a cost in USD and says where the figure comes from."""

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from genai_prices import Usage, calc_price
from pydantic import ValidationError

from collector.model_calls import model_call
from processors.cost import Cost
from tests.cost.support import CALL, priced
from tests.helpers import attributes, batch, consume, make, metric, span

GPT_4O = 1_000 * 2.5e-6 + 100 * 10e-6


def cost_and_source(result: dict[str, Any]) -> tuple[Any, Any]:
    return result.get("gen_ai.usage.cost"), result.get("winnow.cost.source")


def test_a_call_is_priced_by_genai_prices() -> None:
    result = priced(CALL)
    assert cost_and_source(result) == (pytest.approx(GPT_4O), "genai-prices")
    theirs = calc_price(
        Usage(input_tokens=1_000, output_tokens=100), "gpt-4o", provider_id="openai"
    )
    assert result["gen_ai.usage.cost"] == pytest.approx(float(theirs.total_price), abs=1e-12)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("azure.ai.openai", "gpt-4o"),
        ("openai", "openai/gpt-4o"),
        ("", "openai/gpt-4o"),
        ("", "gpt-4o"),
        ("x_ai", "grok-3"),
        ("gcp.gen_ai", "gemini-2.5-flash"),
        ("gcp.vertex_ai", "gemini-2.5-pro"),
        ("aws.bedrock", "us.anthropic.claude-sonnet-4-20250514-v1:0"),
        ("anthropic", "anthropic/claude-sonnet-4-5"),
        ("mistral_ai", "mistral-large-latest"),
        ("OpenAI", "GPT-4o"),
    ],
)
def test_these_names_find_a_price(provider: str, model: str) -> None:
    told = CALL | {"gen_ai.provider.name": provider, "gen_ai.request.model": model}
    cost, source = cost_and_source(priced(told))
    assert source == "genai-prices"
    assert cost > 0


def test_the_model_that_answered_counts_before_the_one_that_was_asked_for() -> None:
    told = CALL | {"gen_ai.request.model": "my-deployment", "gen_ai.response.model": "gpt-4o"}
    assert cost_and_source(priced(told))[0] == pytest.approx(GPT_4O)
    told = CALL | {"gen_ai.response.model": "gpt-unheard-of"}
    assert cost_and_source(priced(told))[0] == pytest.approx(GPT_4O)


def test_a_call_is_priced_at_the_time_it_began() -> None:
    told = CALL | {"gen_ai.request.model": "o3"}
    before = priced(told, start=datetime(2025, 5, 1, tzinfo=UTC).timestamp())
    after = priced(told, start=datetime(2025, 9, 1, tzinfo=UTC).timestamp())
    assert before["gen_ai.usage.cost"] == pytest.approx(1_000 * 10e-6 + 100 * 40e-6)
    assert after["gen_ai.usage.cost"] == pytest.approx(1_000 * 2e-6 + 100 * 8e-6)


CACHED = CALL | {
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.usage.cache_read.input_tokens": 600,
    "gen_ai.usage.cache_creation.input_tokens": 100,
}


def test_cached_tokens_are_part_of_the_input() -> None:
    expected = 300 * 3e-6 + 600 * 0.3e-6 + 100 * 3.75e-6 + 100 * 15e-6
    assert priced(CACHED)["gen_ai.usage.cost"] == pytest.approx(expected)


def test_cached_tokens_that_outnumber_the_input_come_on_top_of_it() -> None:
    result = priced(CACHED | {"gen_ai.usage.input_tokens": 50})
    expected = 50 * 3e-6 + 600 * 0.3e-6 + 100 * 3.75e-6 + 100 * 15e-6
    assert result["gen_ai.usage.cost"] == pytest.approx(expected)


@pytest.mark.parametrize("operation", ["invoke_agent", "execute_tool", "fetch_response", "plan"])
def test_only_model_calls_are_priced(operation: str) -> None:
    told = CALL | {"gen_ai.operation.name": operation}
    assert priced(told) == told


def test_a_call_told_twice_is_priced_once() -> None:
    outer = span(attributes=CALL)
    inner = span(attributes=CALL, parent=outer.span_id)
    processor = make(Cost)
    consume(processor, batch(inner, outer))
    sources = [result.get("winnow.cost.source") for result in attributes(processor.next.spans)]
    assert sources == ["genai-prices", None]


@pytest.mark.parametrize("name", ["gen_ai.usage.cost", "llm.cost.total"])
def test_a_cost_that_the_span_brings_is_believed(name: str) -> None:
    assert cost_and_source(priced(CALL | {name: 0.5})) == (0.5, "reported")


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf"), "free"])
def test_a_cost_that_is_none_is_not(value: Any) -> None:
    result = priced(CALL | {"gen_ai.usage.cost": value})
    assert cost_and_source(result) == (pytest.approx(GPT_4O), "genai-prices")


def test_reported_costs_can_be_ignored() -> None:
    result = priced(CALL | {"gen_ai.usage.cost": 0.5}, {"reported": []})
    assert cost_and_source(result) == (pytest.approx(GPT_4O), "genai-prices")


def test_a_second_winnow_leaves_the_source_as_it_is() -> None:
    once = priced(CALL)
    assert priced(once) == once


def test_prices_of_ones_own_come_before_genai_prices() -> None:
    mine = {"provider": "open*", "match": "GPT-4o*", "input": 2, "output": 4, "multiplier": 0.5}
    assert cost_and_source(priced(CALL, {"prices": [mine]})) == (
        pytest.approx((1_000 * 2e-6 + 100 * 4e-6) / 2),
        "config",
    )


def test_prices_of_ones_own_know_the_cache() -> None:
    mine = {"match": "*", "input": 10, "cache_read": 1, "cache_write": 12, "output": 20}
    expected = (300 * 10 + 600 * 1 + 100 * 12 + 100 * 20) / 1e6
    assert priced(CACHED, {"prices": [mine]})["gen_ai.usage.cost"] == pytest.approx(expected)
    plain = {"match": "*", "input": 10}
    assert priced(CACHED, {"prices": [plain]})["gen_ai.usage.cost"] == pytest.approx(0.01)


def test_what_nobody_knows_is_unpriced_and_never_free() -> None:
    processor = make(Cost)
    told = CALL | {"gen_ai.provider.name": "home", "gen_ai.request.model": "llama-at-home"}
    consume(processor, batch(span(attributes=told), span(attributes=told)))
    for result in attributes(processor.next.spans):
        assert cost_and_source(result) == (None, "unpriced")
    labels = {"provider": "home", "model": "llama-at-home"}
    assert metric(processor, "llm_unpriced_calls_total", **labels) == 2


def test_a_batch_that_is_refused_counts_no_unpriced_calls() -> None:
    processor = make(Cost)
    item = batch(span(attributes=CALL | {"gen_ai.request.model": "unheard"}))
    processor.consume(item)
    item.transaction.rolled_back()
    labels = {"provider": "openai", "model": "unheard"}
    assert metric(processor, "llm_unpriced_calls_total", **labels) == 0


def test_a_failed_call_without_usage_costs_nothing_and_is_no_mystery() -> None:
    told = {name: value for name, value in CALL.items() if "usage" not in name}
    assert priced(told, error=True) == told
    assert cost_and_source(priced(told)) == (None, "unpriced")


def test_models_that_are_not_sold_by_the_token_are_unpriced() -> None:
    told = CALL | {"gen_ai.provider.name": "groq", "gen_ai.request.model": "whisper-large-v3"}
    assert cost_and_source(priced(told)) == (None, "unpriced")


def test_the_use_of_the_context_window_is_told() -> None:
    assert priced(CALL)["winnow.context.utilization"] == pytest.approx(1_000 / 128_000)
    mine = {"match": "*", "input": 1, "context_window": 500}
    assert priced(CALL, {"prices": [mine]})["winnow.context.utilization"] == 1.0


@pytest.mark.parametrize("count", [-5, 0, 2**62, "many", 3.0])
def test_senseless_counts_harm_nobody(count: Any) -> None:
    result = priced(CALL | {"gen_ai.usage.cache_read.input_tokens": count})
    assert result["gen_ai.usage.cost"] > 0


def test_a_span_that_cannot_be_priced_is_passed_on_and_counted() -> None:
    processor = make(Cost)
    item = batch(span(attributes=CALL), span(attributes=CALL))
    model_call(item.spans[0].attributes).usage = "no usage"  # type: ignore[assignment]
    consume(processor, item)
    assert cost_and_source(dict(item.spans[1].attributes.items()))[1] == "genai-prices"
    labels = {"component": "test", "error": "AttributeError"}
    assert metric(processor, "winnow_processor_errors_total", **labels) == 1


def test_a_negative_price_is_refused() -> None:
    with pytest.raises(ValidationError, match="greater than or equal to 0"):
        make(Cost, {"prices": [{"match": "*", "input": -1}]})


def test_genai_prices_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, processors.cost; sys.exit('genai_prices' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
