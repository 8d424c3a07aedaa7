"""Prices of one's own: which one holds, what it says, and what cannot be meant."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from collector.config.load import load_config
from collector.errors import ConfigError
from processors.cost import Cost, CostConfig
from tests.cost.support import CALL, call, cost, day, priced, usage
from tests.helpers import attributes, batch, consume, make, span

LISTED = 1_000 * 2.5e-6 + 100 * 10e-6


def with_prices(*prices: dict[str, Any]) -> dict[str, Any]:
    return {"prices": list(prices)}


def rule(provider: str, model: str, *prices: dict[str, Any]) -> str:
    used = {"input": 1, "output": 1}
    quote = make(Cost, with_prices(*prices)).quote(provider, model, used, None)
    assert quote is not None
    return quote.rule


def refused(*prices: dict[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        CostConfig.model_validate(with_prices(*prices))
    return str(caught.value)


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ({"match": "llama-?b"}, "LLAMA-7b", True),
        ({"match": "llama-?b"}, "llama-70b", False),
        ({"match": "llama-?b"}, "meta/llama-7b", True),
        ({"match": "meta/llama*"}, "meta/llama-7b", True),
        ({"match": "^llama-[0-9]+b$", "match_type": "regexp"}, "Llama-70b", True),
        ({"match": "^llama-[0-9]+b$", "match_type": "regexp"}, "llama-70b-chat", False),
        ({"match": "70b", "match_type": "regexp"}, "llama-70b-chat", True),
        ({"match": "*", "provider": "HOME*"}, "llama", True),
        ({"match": "*", "provider": "azure*"}, "llama", False),
    ],
)
def test_which_models_an_entry_matches(pattern, model, matches) -> None:
    result = priced(call(model, "home-grown"), with_prices(pattern | {"input": 1}))
    assert result["winnow.cost.source"] == ("config" if matches else "unpriced")


def test_an_entry_holds_from_its_first_day_up_to_its_last() -> None:
    prices = with_prices(
        {"match": "gpt-4o", "input": 1, "effective_until": "2025-03-01"},
        {
            "match": "gpt-4o",
            "input": 2,
            "effective_from": "2025-03-01",
            "effective_until": "2025-04-01",
        },
    )
    told = CALL | usage(output_tokens=0)
    moments = ["2025-02-28T23:59:59", "2025-03-01", "2025-03-31T23:59:59", "2025-04-01"]
    costs = [cost(told, prices, start=day(moment)) for moment in moments]
    assert costs == pytest.approx([0.001, 0.002, 0.002, 0.0025])


def test_a_book_tells_the_periods_of_one_model_apart_while_it_runs() -> None:
    entry = {"match": "gpt-4o", "input": 1, "effective_from": "2025-03-01"}
    processor = make(Cost, with_prices(entry))
    starts = ["2025-02-28", "2025-03-01", "2025-02-27", "2025-03-02"]
    consume(processor, batch(*(span(attributes=CALL, start=day(start)) for start in starts)))
    sources = [result["winnow.cost.source"] for result in attributes(processor.next.spans)]
    assert sources == ["genai-prices", "config", "genai-prices", "config"]


def test_a_tier_is_a_cliff_and_inherits_what_it_does_not_say() -> None:
    entry = {
        "match": "*",
        "input": 2,
        "output": 8,
        "cache_read": 0.5,
        "tiers": [{"above": 1_000, "input": 4}, {"above": 5_000, "input": 6, "output": 10}],
    }

    def at(size: int) -> Any:
        told = CALL | usage(input_tokens=size, cache_read__input_tokens=500)
        return cost(told, with_prices(entry))

    assert at(1_000) == pytest.approx((500 * 2 + 500 * 0.5 + 100 * 8) / 1e6)
    assert at(1_001) == pytest.approx((501 * 4 + 500 * 0.5 + 100 * 8) / 1e6)
    assert at(5_001) == pytest.approx((4_501 * 6 + 500 * 0.5 + 100 * 10) / 1e6)


def test_every_figure_of_an_entry_counts() -> None:
    entry = {
        "match": "*",
        "input": 10,
        "output": 20,
        "cache_read": 1,
        "cache_write": 12,
        "cache_write_1h": 16,
        "reasoning": 30,
        "multiplier": 0.5,
    }
    told = CALL | usage(
        cache_read__input_tokens=300,
        cache_creation__input_tokens=200,
        cache_creation__ephemeral_1h_input_tokens=50,
        reasoning__output_tokens=40,
    )
    full = 500 * 10 + 300 * 1 + 150 * 12 + 50 * 16 + 60 * 20 + 40 * 30
    assert cost(told, with_prices(entry)) == pytest.approx(full / 2e6)


def test_an_alias_costs_what_the_other_model_costs() -> None:
    entry = {"match": "prod-*", "alias_of": "gpt-4o"}
    for provider in ("openai", "home-grown"):
        result = priced(call("prod-eu", provider), with_prices(entry))
        assert result["gen_ai.usage.cost"] == pytest.approx(LISTED)
        assert result["winnow.cost.source"] == "genai-prices"
        assert result["winnow.context.utilization"] == pytest.approx(1_000 / 128_000)


def test_an_alias_may_name_a_provider_and_take_a_discount() -> None:
    entry = {"match": "prod-*", "alias_of": "anthropic/claude-sonnet-4-5", "multiplier": 0.8}
    for provider in ("home-grown", "azure.ai.openai"):
        result = priced(call("prod-eu", provider), with_prices(entry))
        assert rule(provider, "prod-eu", entry).endswith(
            "genai-prices: anthropic/claude-sonnet-4-5"
        )
    assert result["gen_ai.usage.cost"] == pytest.approx(0.8 * (1_000 * 3e-6 + 100 * 15e-6))
    assert result["winnow.cost.source"] == "config"


def test_an_alias_that_matches_its_own_target_is_taken_once() -> None:
    entry = {"match": "gpt-4o*", "alias_of": "gpt-4o", "multiplier": 0.5}
    for model in ("gpt-4o", "gpt-4o-of-ours"):
        assert cost(call(model), with_prices(entry)) == pytest.approx(LISTED / 2)


def test_an_alias_leads_to_a_price_of_ones_own() -> None:
    prices = with_prices({"match": "a", "alias_of": "b"}, {"match": "b", "input": 7})
    assert cost(call("a"), prices) == pytest.approx(0.007)


def test_an_alias_follows_the_price_of_the_other_model_through_time() -> None:
    prices = with_prices({"match": "mine", "alias_of": "o3"})
    before = cost(call("mine", "home"), prices, start=day("2025-05-01"))
    after = cost(call("mine", "home"), prices, start=day("2025-09-01"))
    assert before == pytest.approx(5 * after)


def test_an_alias_of_what_nobody_knows_is_unpriced() -> None:
    prices = with_prices({"match": "a", "alias_of": "unheard-of", "multiplier": 0.5})
    result = priced(call("a"), prices)
    assert result["winnow.cost.source"] == "unpriced"
    assert "gen_ai.usage.cost" not in result


def test_a_multiplier_alone_is_a_discount_on_the_listed_price() -> None:
    result = priced(CALL, with_prices({"provider": "openai", "match": "*", "multiplier": 0.85}))
    assert result["gen_ai.usage.cost"] == pytest.approx(0.85 * LISTED)
    assert result["winnow.cost.source"] == "config"


def test_a_discount_keeps_the_tiers_and_hours_of_the_listed_price() -> None:
    half = with_prices({"match": "*", "multiplier": 0.5})
    long = call("gemini-2.5-pro", "gcp.gemini") | usage(input_tokens=300_000)
    assert cost(long, half) == pytest.approx(cost(long) / 2)
    for hour in ("12:00", "17:00"):
        night = {"start": day(f"2025-05-01T{hour}")}
        told = call("deepseek-chat", "deepseek")
        assert cost(told, half, **night) == pytest.approx(cost(told, **night) / 2)


def test_a_window_alone_leaves_the_price_as_it_is() -> None:
    result = priced(CALL, with_prices({"match": "*", "context_window": 4_000}))
    assert result["winnow.context.utilization"] == 0.25
    assert result["winnow.cost.source"] == "genai-prices"
    assert result["gen_ai.usage.cost"] == pytest.approx(LISTED)


def test_an_entry_may_be_for_one_service_tier() -> None:
    prices = with_prices(
        {"match": "gpt-4o", "service_tier": "batch", "input": 1},
        {"match": "gpt-4o", "service_tier": "standard", "input": 3},
    )
    told = CALL | usage(output_tokens=0)
    costs = [
        cost(told | {"gen_ai.request.service_tier": tier}, prices)
        for tier in ("batch", "default", "flex")
    ]
    assert costs == pytest.approx([0.001, 0.003, 0.0025])


def test_the_version_changes_with_the_entries() -> None:
    def version(*prices: dict[str, Any]) -> str:
        return priced(CALL, with_prices(*prices))["winnow.cost.version"]

    assert version({"match": "*", "input": 1}) == version({"match": "*", "input": 1})
    assert version({"match": "*", "input": 1}) != version({"match": "*", "input": 2})


GPT = {"match": "gpt-4o", "input": 1}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"match": "a"}, "says nothing"),
        ({"match": "a", "output": 1}, "give input too"),
        ({"match": "a", "tiers": [{"above": 1}]}, "give input too"),
        ({"match": "a", "input": 1, "alias_of": "b"}, "exclude each other"),
        ({"match": "a", "input": float("inf")}, "finite"),
        ({"match": "(", "match_type": "regexp", "input": 1}, "no regular expression"),
        ({"match": "", "input": 1}, "at least 1 character"),
        (GPT | {"tiers": [{"above": 2}, {"above": 1}]}, "rising above"),
        (GPT | {"tiers": [{"above": 2}, {"above": 2}]}, "rising above"),
        (
            GPT | {"effective_from": "2025-01-02", "effective_until": "2025-01-02"},
            "must be later",
        ),
        (GPT | {"service_tier": "cheap"}, "standard"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(entry, told) -> None:
    assert told in refused(entry)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (GPT, GPT),
        (GPT, {"match": "GPT-4o", "input": 2, "effective_from": "2025-01-01"}),
        ({"match": "gpt-*", "input": 1}, {"match": "gpt-4*", "input": 2}),
        ({"match": "*", "input": 1}, {"match": "gpt-4?", "provider": "openai", "input": 2}),
        ({"match": "*", "input": 1}, GPT | {"service_tier": "batch"}),
        (
            {"match": "^a", "match_type": "regexp", "input": 1},
            {"match": "^a", "match_type": "regexp", "provider": "x", "input": 1},
        ),
    ],
)
def test_an_entry_that_is_never_taken_is_named(earlier, later) -> None:
    other = {"match": "other", "input": 1}
    assert "prices[2] is never taken: prices[0]" in refused(earlier, other, later)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (
            GPT | {"effective_until": "2025-06-01"},
            GPT | {"effective_from": "2025-05-31"},
        ),
        (GPT | {"effective_from": "2025-06-01"}, GPT | {"multiplier": 0.5}),
    ],
)
def test_entries_that_overlap_in_time_are_named(earlier, later) -> None:
    assert "prices[1] overlaps prices[0]" in refused(earlier, later)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (GPT, {"match": "gpt-*", "input": 2}),
        (GPT | {"effective_until": "2025-06-01"}, GPT | {"effective_from": "2025-06-01"}),
        ({"match": "gpt-?", "input": 1}, {"match": "gpt-*", "input": 2}),
        ({"match": "gpt-[45]", "input": 1}, {"match": "gpt-4", "input": 2}),
        (GPT | {"provider": "azure*"}, GPT | {"provider": "openai"}),
        (GPT | {"service_tier": "batch"}, GPT),
        ({"match": "gpt-4o*", "alias_of": "gpt-4o"}, {"match": "mine", "alias_of": "gpt-4o"}),
    ],
)
def test_a_narrower_entry_before_a_wider_one_is_meant(earlier, later) -> None:
    assert len(CostConfig.model_validate(with_prices(earlier, later)).prices) == 2


def test_an_alias_of_an_alias_is_named() -> None:
    told = refused({"match": "a", "alias_of": "b"}, {"match": "b", "alias_of": "gpt-4o"})
    assert "prices[0] is an alias of 'b', which prices[1] makes an alias" in told
    assert "write alias_of: gpt-4o" in told


def pipeline(tmp_path: Path, settings: dict[str, Any]) -> Path:
    """A configuration file whose only processor is `cost` with these settings."""
    path = tmp_path / "pipeline.yaml"
    document = {
        "receivers": {"otlp": {}},
        "processors": {"cost": settings},
        "exporters": {"debug": {}},
        "service": {
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": ["cost"], "exporters": ["debug"]}
            }
        },
    }
    path.write_text(yaml.safe_dump(document, sort_keys=False))
    return path


def test_a_contradiction_is_told_with_its_place_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(pipeline(tmp_path, with_prices(GPT, GPT)))
    (problem,) = caught.value.problems
    assert problem.startswith(f"{tmp_path}/pipeline.yaml:")
    assert "processors.cost.prices: prices[1] is never taken" in problem


def test_dates_may_stand_in_yaml_without_quotes(tmp_path: Path) -> None:
    path = pipeline(tmp_path, with_prices(GPT | {"effective_from": "2025-01-02"}))
    path.write_text(path.read_text().replace("'2025-01-02'", "2025-01-02"))
    (spec,) = load_config(path).processors.values()
    assert str(spec.config.prices[0].effective_from) == "2025-01-02"
