"""Costs equal genai-prices' own, for every model, date and mode that it knows."""

import random
from datetime import UTC, datetime, time, timedelta
from functools import cache

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import StartDateConstraint, TimeOfDateConstraint
from genai_prices.types import Usage as PricesUsage
from hypothesis import given
from hypothesis import strategies as st

from collector.model_calls import Usage
from processors.cost.book import History
from processors.cost.catalogue import Found, context
from processors.cost.rates import Extras, Price
from processors.cost.usage import SERVICE_TIERS

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
MODELS = [
    Found(model, provider) for provider in get_snapshot().providers for model in provider.models
]
MODES = ["", *SERVICE_TIERS]
UNITS = {
    "cache_write_1h": "cache_write_1h_tokens",
    "input_audio": "input_audio_tokens",
    "input_image": "input_image_tokens",
    "input_video": "input_video_tokens",
    "output_audio": "output_audio_tokens",
    "output_image": "output_image_tokens",
    "output_video": "output_video_tokens",
    "citations": "output_citation_tokens",
    "web_searches": "web_searches",
    "file_searches": "storage_searches",
}
OVERLAPS = dict.fromkeys(
    (
        f"{stem}_{kind}_tokens"
        for stem in ("cache_audio", "cache_image", "cache_video")
        for kind in ("read", "write", "write_1h")
    ),
    0,
)
"""What is both cached and of a modality: nobody tells it, and genai-prices wants to be told."""


def used(count) -> tuple[Usage, Extras]:
    """A usage of every kind; `count(most)` draws a number up to `most`."""
    read, write, fresh = (count(600_000) for _ in range(3))
    reasoning, said = (count(100_000) for _ in range(2))
    usage = Usage(read + write + fresh, reasoning + said, read, write, reasoning)
    extras = {
        "cache_write_1h": count(write),
        **{kind: count(fresh // 3) for kind in ("input_audio", "input_image", "input_video")},
        **{kind: count(said // 4) for kind in ("output_audio", "output_image", "output_video")},
        "citations": count(said // 4),
        "web_searches": count(20),
        "file_searches": count(20),
    }
    return usage, extras


@st.composite
def usages(draw: st.DrawFn) -> tuple[Usage, Extras]:
    return used(lambda most: draw(st.integers(0, most)))


def nanoseconds(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


def own_figure(
    found: Found, usage: Usage, at: datetime, tier: str = "", extras: Extras | None = None
) -> float:
    """The same question put to genai-prices in its own words."""
    asked = PricesUsage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_reasoning_tokens=usage.reasoning,
        **OVERLAPS,
        **{UNITS[kind]: count for kind, count in (extras or {}).items()},
    )
    price = found.model.calc_price(
        asked, found.provider, genai_request_timestamp=at, price_context=context(tier)
    )
    return float(price.total_price)


@cache
def history(place: int, tier: str) -> History:
    found = MODELS[place]
    return History(found.changes(), lambda at: found.price(tier, at))


def our_figure(
    place: int, usage: Usage, at: datetime, tier: str = "", extras: Extras | None = None
) -> float | None:
    price = history(place, tier).at(nanoseconds(at))
    return price.cost(usage, nanoseconds(at), extras or {}) if price.tariffs else None


@given(
    place=st.integers(0, len(MODELS) - 1),
    told=usages(),
    tier=st.sampled_from(MODES),
    at=st.datetimes(datetime(2023, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
)
def test_any_usage_of_any_model_at_any_time(place, told, tier, at) -> None:
    usage, extras = told
    ours = our_figure(place, usage, at.replace(microsecond=0), tier, extras)
    if ours is not None:
        theirs = own_figure(MODELS[place], usage, at.replace(microsecond=0), tier, extras)
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


@pytest.mark.slow
def test_ten_thousand_usages_over_every_model_and_mode() -> None:
    draws = random.Random(20_251_120)
    different, compared = [], 0
    for number in range(10_000):
        place, tier = number % len(MODELS), draws.choice(MODES)
        at = NOON + timedelta(seconds=draws.randint(-86_400 * 900, 86_400 * 700))
        usage, extras = used(lambda most: draws.randint(0, most))
        ours = our_figure(place, usage, at, tier, extras)
        if ours is not None:
            compared += 1
            theirs = own_figure(MODELS[place], usage, at, tier, extras)
            if abs(ours - theirs) > 1e-9:
                different.append((MODELS[place].name, tier, at, ours, theirs))
    assert different == []
    assert compared > 8_000


@pytest.mark.parametrize(
    "usage",
    [
        Usage(1, 1),
        Usage(0, 7),
        Usage(250_000, 1_000, cache_read=100_000, cache_write=20_000, reasoning=400),
        Usage(1_100_000, 10),
    ],
    ids=str,
)
def test_every_model(usage: Usage) -> None:
    different = []
    for place, found in enumerate(MODELS):
        ours = our_figure(place, usage, NOON)
        if ours is not None and abs(ours - own_figure(found, usage, NOON)) > 1e-9:
            different.append(found.name)
    assert different == []


def thresholds(price: Price) -> set[int]:
    return {limit for tariff in price.tariffs for limit in tariff.thresholds}


@pytest.mark.parametrize("tier", MODES)
def test_every_threshold_is_a_cliff_at_the_same_token(tier: str) -> None:
    different, cliffs = [], 0
    for place, found in enumerate(MODELS):
        for limit in thresholds(history(place, tier).at(nanoseconds(NOON))):
            cliffs += 1
            for size in (limit, limit + 1):
                usage = Usage(size, 1_000, cache_read=size // 2)
                ours = our_figure(place, usage, NOON, tier)
                if ours != pytest.approx(own_figure(found, usage, NOON, tier), abs=1e-9):
                    different.append((found.name, size))
    assert different == []
    assert cliffs > 100


def limits(found: Found) -> set[datetime]:
    """When the price of a model changes: days, and hours of one day."""
    prices = found.model.prices if isinstance(found.model.prices, list) else []
    told = [price.constraint for price in (*prices, *(found.model.price_variants or ()))]
    days = {c.start_date for c in told if isinstance(c, StartDateConstraint)}
    hours = [c for c in told if isinstance(c, TimeOfDateConstraint)]
    return {datetime.combine(day, time(), UTC) for day in days} | {
        datetime.combine(NOON.date(), limit.replace(tzinfo=UTC))
        for c in hours
        for limit in (c.start_time, c.end_time)
    }


@pytest.mark.parametrize("tier", MODES)
def test_every_price_changes_at_the_same_second(tier: str) -> None:
    usage = Usage(50_000, 1_000, cache_read=10_000)
    different, changes = [], 0
    for place, found in enumerate(MODELS):
        for limit in limits(found):
            for at in (limit - timedelta(seconds=1), limit):
                ours = our_figure(place, usage, at, tier)
                changes += 1
                if ours is not None and abs(ours - own_figure(found, usage, at, tier)) > 1e-9:
                    different.append((found.name, at))
    assert different == []
    assert changes > 400


def test_only_what_genai_prices_has_no_token_price_for_is_unpriced() -> None:
    unpriced = [
        found
        for place, found in enumerate(MODELS)
        if not history(place, "").at(nanoseconds(NOON)).tariffs
    ]
    assert 0 < len(unpriced) < len(MODELS) / 10
    assert {own_figure(found, Usage(10**6, 10**6), NOON) for found in unpriced} == {0.0}


def test_components_add_up_to_the_cost() -> None:
    draws = random.Random(7)
    for place in range(0, len(MODELS), 7):
        price = history(place, "").at(nanoseconds(NOON))
        if price.tariffs:
            usage, extras = used(lambda most: draws.randint(0, most))
            rates = price.rates(usage, nanoseconds(NOON))
            parts = rates.components(usage, extras)
            assert sum(parts.values()) == pytest.approx(rates.cost(usage, extras), abs=1e-9)
