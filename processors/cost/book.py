"""Prices by model and day: the user's own first, then genai-prices'."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from pydantic import Field

from collector import ConfigModel
from processors.cost.rates import UNPRICED, Price, Rates, Tariff, at_any_time

_DAY = 86_400 * 10**9
_CACHED_MODELS = 4096


class UserPrice(ConfigModel):
    """A price of your own, in USD per million tokens."""

    provider: str = "*"
    """Glob over `gen_ai.provider.name`, without regard to case."""
    match: str
    """Glob over the model's name, without regard to case: `gpt-4o*`, `my-llama-?b`."""
    input: float = Field(ge=0)
    """Input tokens."""
    output: float = Field(default=0.0, ge=0)
    """Output tokens, those of reasoning included."""
    cache_read: float | None = Field(default=None, ge=0)
    """Input tokens read from a cache; as `input` if not given."""
    cache_write: float | None = Field(default=None, ge=0)
    """Input tokens written to a cache; as `input` if not given."""
    multiplier: float = Field(default=1.0, ge=0)
    """For a negotiated discount: 0.8 is 20% off."""
    context_window: int | None = Field(default=None, gt=0)
    """Input tokens that the model can take."""

    def matches(self, provider: str, models: Sequence[str]) -> bool:
        """Whether this is the price of one of `models` (lower case) at `provider`."""
        return fnmatchcase(provider, self.provider.lower()) and any(
            fnmatchcase(model, self.match.lower()) for model in models
        )

    @property
    def tariff(self) -> Tariff:
        """USD a token, whatever the size of the input."""
        scale = self.multiplier / 1e6
        rates = Rates(
            input=self.input * scale,
            output=self.output * scale,
            cache_read=(self.input if self.cache_read is None else self.cache_read) * scale,
            cache_write=(self.input if self.cache_write is None else self.cache_write) * scale,
            reasoning=self.output * scale,
        )
        return Tariff((), (rates,))


class PriceBook:
    """Finds a model's price once a day and keeps it."""

    def __init__(self, own: Sequence[UserPrice]) -> None:
        """The first of `own` that matches is taken; genai-prices where none does."""
        self._own = own
        self._on_day = lru_cache(maxsize=_CACHED_MODELS)(self._look_up)

    def price(self, provider: str, models: tuple[str, ...], at: int) -> Price:
        """The price at `at` (ns) of the first of `models` that is known."""
        return self._on_day(provider, models, at // _DAY)

    def _look_up(self, provider: str, models: tuple[str, ...], day: int) -> Price:
        from processors.cost import catalogue  # loads genai-prices: 0.3 s, 11 MB

        names = [model.lower() for model in models]
        found = catalogue.find(provider, names)
        listed = catalogue.price_on_day(found, day * _DAY) if found else UNPRICED
        own = next((p for p in self._own if p.matches(provider.lower(), names)), None)
        if own is None:
            return listed
        return Price("config", at_any_time(own.tariff), own.context_window or listed.context_window)
