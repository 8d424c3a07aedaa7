"""How a call was served, when, and what else it used."""

import pytest

from tests.cost.support import CALL, call, cost, day, priced, usage

TIERS_KNOWN = day("2026-11-20")
"""genai-prices has most tiers since October 2026."""
BASE = 1_000 * 2.5e-6 + 100 * 10e-6
SONNET = {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"openai.response.service_tier": "default"}, BASE),
        ({"openai.response.service_tier": "scale"}, BASE),
        ({"gen_ai.request.service_tier": "auto"}, BASE),
        ({"gen_ai.request.service_tier": "batch"}, BASE / 2),
        ({"gen_ai.request.service_tier": "BATCH"}, BASE / 2),
        ({"openai.response.service_tier": "priority"}, 1_000 * 4.25e-6 + 100 * 17e-6),
        (
            {"openai.request.service_tier": "priority", "openai.response.service_tier": "default"},
            BASE,
        ),
        ({"openai.response.service_tier": 7, "gen_ai.service_tier": "batch"}, BASE / 2),
    ],
)
def test_the_service_tier_has_its_price(told, expected) -> None:
    assert cost(CALL | told, start=TIERS_KNOWN) == pytest.approx(expected)


def test_a_tier_that_a_model_has_no_price_for_costs_the_standard_price() -> None:
    told = call("grok-3", "x_ai")
    flexible = told | {"gen_ai.request.service_tier": "flex"}
    assert cost(flexible, start=TIERS_KNOWN) == cost(told, start=TIERS_KNOWN)


def test_the_attributes_of_the_tier_can_be_named() -> None:
    told = CALL | {"my.mode": "batch", "gen_ai.request.service_tier": "priority"}
    half = cost(told, {"service_tier": ["my.mode"]}, start=TIERS_KNOWN)
    assert half == pytest.approx(BASE / 2)


def test_anthropics_fast_mode_is_dearer() -> None:
    told = call("claude-opus-4-8", "anthropic")
    fast = cost(told | {"gen_ai.response.service_tier": "fast"})
    assert fast == pytest.approx(2 * cost(told))


def test_a_cache_that_stays_for_an_hour_costs_more_to_write() -> None:
    told = CALL | SONNET | usage(cache_creation__input_tokens=600)
    short = 400 * 3e-6 + 600 * 3.75e-6 + 100 * 15e-6
    assert cost(told) == pytest.approx(short)
    long = told | usage(cache_creation__ephemeral_1h_input_tokens=200)
    assert cost(long) == pytest.approx(short + 200 * (6e-6 - 3.75e-6))


def test_an_hours_cache_is_no_larger_than_the_cache() -> None:
    told = CALL | SONNET | usage(cache_creation__input_tokens=600)
    most = told | usage(cache_creation__ephemeral_1h_input_tokens=5_000)
    assert cost(most) == pytest.approx(400 * 3e-6 + 600 * 6e-6 + 100 * 15e-6)


def test_audio_has_its_own_price() -> None:
    told = call("gpt-4o-realtime-preview")
    text = cost(told)
    heard = cost(told | usage(audio__input_tokens=300, audio__output_tokens=50))
    assert heard == pytest.approx(text + 300 * (40e-6 - 5e-6) + 50 * (80e-6 - 20e-6))


def test_audio_costs_as_text_where_it_has_no_price_of_its_own() -> None:
    assert cost(CALL | usage(audio__input_tokens=300)) == pytest.approx(BASE)


def test_audio_that_does_not_fit_beside_the_cache_is_the_caches() -> None:
    told = call("gpt-4o-realtime-preview") | usage(cache_read__input_tokens=900)
    some = cost(told | usage(audio__input_tokens=100))
    assert cost(told | usage(audio__input_tokens=1_000)) == pytest.approx(some)


@pytest.mark.parametrize("name", ["web_search_requests", "server_tool_use.web_search_requests"])
def test_web_searches_cost_a_cent_each(name: str) -> None:
    told = CALL | SONNET
    assert cost(told | {f"gen_ai.usage.{name}": 3}) == pytest.approx(cost(told) + 0.03)


@pytest.mark.parametrize("count", [-3, 0, 2.0**60, "3", None, True])
def test_senseless_searches_harm_nobody(count) -> None:
    assert 0 < cost(CALL | SONNET | {"gen_ai.usage.web_search_requests": count}) < 1


def test_a_long_input_reprices_the_whole_call() -> None:
    told = call("gemini-2.5-pro", "gcp.gemini") | usage(output_tokens=1_000)
    below = cost(told | usage(input_tokens=200_000))
    above = cost(told | usage(input_tokens=200_001))
    assert below == pytest.approx(200_000 * 1.25e-6 + 1_000 * 10e-6)
    assert above == pytest.approx(200_001 * 2.5e-6 + 1_000 * 15e-6)


def test_the_hour_counts_where_nights_are_cheaper() -> None:
    told = call("deepseek-chat", "deepseek")
    noon = cost(told, start=day("2025-05-01T12:00"))
    night = cost(told, start=day("2025-05-01T17:00"))
    assert night == pytest.approx(noon / 2)
    assert cost(told, start=day("2025-05-02T12:00")) == noon


def test_the_edition_of_the_prices_is_told() -> None:
    assert priced(CALL)["winnow.cost.version"].count(".") == 2
    unknown = priced(call("unheard-of") | {"winnow.cost.version": "9.9"})
    assert "winnow.cost.version" not in unknown
