"""genai-prices as a source of tariffs: found once a model and day, then plain arithmetic."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import (
    ModelInfo,
    PriceCalculation,
    Provider,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Usage as PricesUsage

from collector.model_calls import Usage
from processors.cost.rates import UNPRICED, Price, Rates, Tariff, at_any_time

PROVIDERS: Mapping[str, str] = {
    "azure.ai.inference": "azure",
    # Without this, genai-prices would take Azure's name for OpenAI's.
    "azure.ai.openai": "azure",
    "gcp.gen_ai": "google",
    "gcp.gemini": "google",
    "gcp.vertex_ai": "google",
    "mistral_ai": "mistral",
    "moonshot_ai": "moonshotai",
    "x_ai": "x-ai",
}
"""Well-known values of gen_ai.provider.name that genai-prices has another id for."""


class Found(NamedTuple):
    """A model in the catalogue."""

    model: ModelInfo
    provider: Provider

    def price(self, usage: Usage, at: datetime) -> Decimal:
        """genai-prices' own figure, in USD. Raises ValueError for a usage that cannot be."""
        return self._calculate(usage, at).total_price

    def tariff(self, at: datetime) -> Tariff | None:
        """What is charged on the day of `at`; None where tokens have no price.

        A price is linear in each kind of tokens between two thresholds, so that a few questions
        to genai-prices give all its rates without knowing how it stores them.
        """
        prices = self._calculate(Usage(0, 0), at).model_price
        if prices.input_mtok is None and prices.output_mtok is None:
            return None
        thresholds = sorted(
            {
                tier.start
                for price in vars(prices).values()
                if isinstance(price, TieredPrices)
                for tier in price.tiers
            }
        )
        return Tariff(thresholds, [self._rates(start + 1, at) for start in [0, *thresholds]])

    @property
    def changes_within_a_day(self) -> bool:
        """Whether the price depends on the time of day."""
        prices = self.model.prices
        return isinstance(prices, list) and any(
            isinstance(price.constraint, TimeOfDateConstraint) for price in prices
        )

    def _rates(self, size: int, at: datetime) -> Rates:
        """The rates for inputs of `size` tokens: what each kind adds to the price, by the token."""
        request = self.price(Usage(0, 0), at)
        silent = self.price(Usage(size, 0), at)
        return Rates(
            input=float((silent - request) / size),
            output=float((self.price(Usage(size, size), at) - silent) / size),
            cache_read=float((self.price(Usage(size, 0, cache_read=size), at) - request) / size),
            cache_write=float((self.price(Usage(size, 0, cache_write=size), at) - request) / size),
            reasoning=float((self.price(Usage(size, size, reasoning=size), at) - silent) / size),
            request=float(request),
        )

    def _calculate(self, usage: Usage, at: datetime) -> PriceCalculation:
        return self.model.calc_price(
            PricesUsage(
                input_tokens=usage.input,
                output_tokens=usage.output,
                cache_read_tokens=usage.cache_read,
                cache_write_tokens=usage.cache_write,
                output_reasoning_tokens=usage.reasoning,
            ),
            self.provider,
            genai_request_timestamp=at,
        )


def find(provider: str, models: Iterable[str]) -> Found | None:
    """The first of `models` that the catalogue knows; None where it knows none of them.

    Asks the providers themselves, since the snapshot's own lookup keeps every name it was ever
    asked for.
    """
    for name, model in _spellings(provider, models):
        found = _find(name, model)
        if found is not None:
            return found
    return None


def _spellings(provider: str, models: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Ways to read the names: as they are, then with a prefix such as `openai/` taken apart."""
    for model in models:
        yield provider, model
        prefix, slash, rest = model.partition("/")
        if slash:
            yield provider, rest
            yield prefix, rest


def _find(name: str, model: str) -> Found | None:
    providers = get_snapshot().providers
    provider = (
        find_provider_by_id(providers, PROVIDERS.get(name.lower(), name))
        if name
        else next((p for p in providers if p.model_match and p.model_match.is_match(model)), None)
    )
    info = provider.find_model(model, all_providers=providers) if provider else None
    return None if info is None or provider is None else Found(info, provider)


def moment(nanoseconds: int) -> datetime:
    """A span's timestamp as genai-prices takes it."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def price_on_day(found: Found, start: int) -> Price:
    """The price of a model on the day (UTC) that begins at `start` (ns)."""
    window = found.model.context_window
    if found.changes_within_a_day:
        return Price(
            "genai-prices",
            lambda usage, at: float(found.price(usage, moment(at))),
            window,
        )
    tariff = found.tariff(moment(start))
    if tariff is None:
        return UNPRICED._replace(context_window=window)
    return Price("genai-prices", at_any_time(tariff), window)
