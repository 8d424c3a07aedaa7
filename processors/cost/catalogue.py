"""genai-prices as a source of tariffs: found once a model and period, then plain arithmetic."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import (
    ModelInfo,
    PriceCalculation,
    Provider,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)
from genai_prices.types import Usage as PricesUsage

from processors.cost.names import PROVIDERS, UNCLAIMED, spellings
from processors.cost.rates import DAY, PARTS_OF, UNPRICED, Price, Rates, Tariff, served

_HOUR = 3_600 * 10**9

_UNITS: Mapping[str, tuple[str, str]] = {
    "cache_write_1h": ("cache_write_1h_tokens", "cache_write_1h_mtok"),
    "input_audio": ("input_audio_tokens", "input_audio_mtok"),
    "input_image": ("input_image_tokens", "input_image_mtok"),
    "input_video": ("input_video_tokens", "input_video_mtok"),
    "output_audio": ("output_audio_tokens", "output_audio_mtok"),
    "output_image": ("output_image_tokens", "output_image_mtok"),
    "output_video": ("output_video_tokens", "output_video_mtok"),
    "citations": ("output_citation_tokens", "output_citation_mtok"),
    "web_searches": ("web_searches", "web_searches_kcount"),
    "file_searches": ("storage_searches", "storage_searches_kcount"),
}
"""genai-prices' keys, of usage and of price, for each kind in `PARTS_OF`."""
_WHOLES = {"input": "input_tokens", "output": "output_tokens", "cache_write": "cache_write_tokens"}
_CONTEXTS: Mapping[str, Mapping[str, str]] = {
    "batch": {"processing": "batch"},
    # The second is how Anthropic's fast mode is told.
    "fast": {"service_tier": "fast", "speed": "fast"},
}


class Found(NamedTuple):
    """A model in the catalogue."""

    model: ModelInfo
    provider: Provider

    def calculate(self, tier: str, at: datetime, **used: int) -> PriceCalculation:
        """genai-prices' own answer. Raises ValueError for a usage that cannot be."""
        return self.model.calc_price(
            PricesUsage(**used),
            self.provider,
            genai_request_timestamp=at,
            price_context=context(tier),
        )

    @property
    def name(self) -> str:
        """Provider and model as the catalogue calls them."""
        return f"{self.provider.id}/{self.model.id}"

    def changes(self) -> set[int]:
        """The days (UTC) that another price begins on, in ns."""
        starts = {c.start_date for c in self._constraints() if isinstance(c, StartDateConstraint)}
        return {int(datetime.combine(day, time(), UTC).timestamp()) * 10**9 for day in starts}

    def price(self, tier: str, at: int) -> Price:
        """What holds at `at` (ns), and until the next of `changes`."""
        window = self.model.context_window
        midnight, hours = at // DAY * DAY, self._hours()
        tariffs = [self._tariff(tier, moment(midnight + hour)) for hour in hours]
        known = [tariff for tariff in tariffs if tariff is not None]
        if len(known) < len(hours):
            return replace(UNPRICED, context_window=window)
        standard = self.price("", at).tariffs if tier else known
        rule = f"genai-prices: {self.name}" + served(tier, known != standard)
        return Price("genai-prices", edition(), rule, window, known, hours if hours[1:] else ())

    def _constraints(self) -> Iterator[Any]:
        prices = self.model.prices if isinstance(self.model.prices, list) else []
        for price in (*prices, *(self.model.price_variants or ())):
            yield price.constraint

    def _hours(self) -> Sequence[int]:
        """When the price may change within a day, in ns after midnight UTC; the first is 0."""
        limits = [c for c in self._constraints() if isinstance(c, TimeOfDateConstraint)]
        times = (limit for c in limits for limit in (c.start_time, c.end_time))
        return sorted({0, *map(_after_midnight, times)})

    def _tariff(self, tier: str, at: datetime) -> Tariff | None:
        """What is charged at `at`; None where tokens have no price.

        A price is linear in each kind of tokens between two thresholds, so that a few questions
        to genai-prices give all its rates without knowing how it reckons.
        """
        prices = vars(self.calculate(tier, at).model_price)
        if prices.get("input_mtok") is None and prices.get("output_mtok") is None:
            return None
        thresholds = sorted(
            {
                step.start
                for price in prices.values()
                if isinstance(price, TieredPrices)
                for step in price.tiers
            }
        )
        extra = [kind for kind, (_, key) in _UNITS.items() if prices.get(key) is not None]
        tiers = [self._rates(start + 1, tier, at, extra) for start in [0, *thresholds]]
        return Tariff(thresholds, tiers)

    def _rates(self, size: int, tier: str, at: datetime, extra: Iterable[str]) -> Rates:
        """The rates for inputs of `size` tokens: what each kind adds to the price, by the token."""

        def total(**used: int) -> Decimal:
            return self.calculate(tier, at, **{"input_tokens": size, **used}).total_price

        def said(**used: int) -> float:
            return float((total(output_tokens=size, **used) - silent) / size)

        def read(**used: int) -> float:
            return float((total(**used) - request) / size)

        request = self.calculate(tier, at, input_tokens=0).total_price
        silent = total()
        extras = {}
        for kind in extra:
            unit, whole = _UNITS[kind][0], PARTS_OF[kind]
            if whole == "output" or not whole:
                extras[kind] = said(**{unit: size}) - (0.0 if whole else said())
            else:
                extras[kind] = read(**{_WHOLES[whole]: size, unit: size})
        return Rates(
            input=read(),
            output=said(),
            cache_read=read(cache_read_tokens=size),
            cache_write=read(cache_write_tokens=size),
            reasoning=said(output_reasoning_tokens=size),
            request=float(request),
            extra=extras,
        )


def find(provider: str, models: Iterable[str]) -> Found | None:
    """The first of `models` that the catalogue knows; None where it knows none of them.

    Asks the providers themselves, since the snapshot's own lookup keeps every name it was ever
    asked for.
    """
    for name, model in spellings(provider, models):
        found = _find(name, model)
        if found is not None:
            return found
    return None


def names(provider: str) -> list[str]:
    """Every `provider/model` that one provider sells, or all where it is empty or unknown."""
    providers = get_snapshot().providers
    one = find_provider_by_id(providers, PROVIDERS.get(provider.lower(), provider))
    chosen = providers
    if provider and one:
        others = one.fallback_model_providers or ()
        chosen = [one, *(other for other in providers if other.id in others)]
    return [f"{found.id}/{model.id}" for found in chosen for model in found.models]


@cache
def edition() -> str:
    """The version of genai-prices."""
    return version("genai-prices")


def context(tier: str) -> Mapping[str, str] | None:
    """A service tier as genai-prices wants to be told of it."""
    return _CONTEXTS.get(tier, {"service_tier": tier}) if tier else None


def moment(nanoseconds: int) -> datetime:
    """A span's timestamp as genai-prices takes it."""
    return datetime.fromtimestamp(nanoseconds / 1e9, UTC)


def _find(name: str, model: str) -> Found | None:
    providers = get_snapshot().providers
    seller = PROVIDERS.get(name.lower(), name)
    if not seller:
        seller = next((UNCLAIMED[start] for start in UNCLAIMED if model.startswith(start)), "")
    provider = (
        find_provider_by_id(providers, seller)
        if seller
        else next((p for p in providers if p.model_match and p.model_match.is_match(model)), None)
    )
    info = provider.find_model(model, all_providers=providers) if provider else None
    return None if info is None or provider is None else Found(info, provider)


def _after_midnight(limit: time) -> int:
    """Nanoseconds after midnight UTC; a time without a zone is UTC."""
    zoned = limit if limit.tzinfo else limit.replace(tzinfo=UTC)
    utc = datetime.combine(date(2000, 1, 1), zoned).astimezone(UTC).time()
    return utc.hour * _HOUR + (utc.minute * 60 + utc.second) * 10**9 + utc.microsecond * 1000
