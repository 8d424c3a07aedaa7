"""Costs equal genai-prices' own, for every model that it knows."""

from datetime import UTC, datetime

import pytest
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import Usage as PricesUsage
from hypothesis import given
from hypothesis import strategies as st

from collector.model_calls import Usage
from processors.cost.catalogue import Found, price_on_day
from processors.cost.rates import Price

NOON = datetime(2025, 11, 20, 12, tzinfo=UTC)
DAY = 86_400 * 10**9
MODELS = [
    Found(model, provider) for provider in get_snapshot().providers for model in provider.models
]


@pytest.fixture(scope="module")
def prices() -> list[Price]:
    return [price_on_day(found, nanoseconds(NOON)) for found in MODELS]


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    read, write, fresh = (draw(st.integers(0, 600_000)) for _ in range(3))
    reasoning, said = (draw(st.integers(0, 100_000)) for _ in range(2))
    return Usage(read + write + fresh, reasoning + said, read, write, reasoning)


def nanoseconds(at: datetime) -> int:
    return int(at.timestamp()) * 10**9


def own_figure(found: Found, usage: Usage, at: datetime) -> float:
    """The same question put to genai-prices in its own words."""
    asked = PricesUsage(
        input_tokens=usage.input,
        output_tokens=usage.output,
        cache_read_tokens=usage.cache_read,
        cache_write_tokens=usage.cache_write,
        output_reasoning_tokens=usage.reasoning,
    )
    price = found.model.calc_price(asked, found.provider, genai_request_timestamp=at)
    return float(price.total_price)


def our_figure(found: Found, usage: Usage, at: datetime) -> float | None:
    price = price_on_day(found, nanoseconds(at) // DAY * DAY)
    return None if price.cost is None else price.cost(usage, nanoseconds(at))


@given(
    found=st.sampled_from(MODELS),
    usage=usages(),
    at=st.datetimes(datetime(2023, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
)
def test_any_usage_of_any_model_at_any_time(found: Found, usage: Usage, at: datetime) -> None:
    ours = our_figure(found, usage, at.replace(microsecond=0))
    theirs = own_figure(found, usage, at.replace(microsecond=0))
    if ours is not None:
        assert ours == pytest.approx(theirs, rel=1e-12, abs=1e-12)


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
def test_every_model(usage: Usage, prices: list[Price]) -> None:
    different = []
    for found, price in zip(MODELS, prices, strict=True):
        if price.cost is not None:
            ours = price.cost(usage, nanoseconds(NOON))
            if abs(ours - own_figure(found, usage, NOON)) > 1e-9:
                different.append(found.model.id)
    assert different == []


def test_only_what_genai_prices_has_no_token_price_for_is_unpriced(prices: list[Price]) -> None:
    unpriced = [found for found, price in zip(MODELS, prices, strict=True) if price.cost is None]
    assert 0 < len(unpriced) < len(prices) / 10
    assert {own_figure(found, Usage(10**6, 10**6), NOON) for found in unpriced} == {0.0}
