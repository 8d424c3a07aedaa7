"""What tokens cost: rates, in tiers where a long input costs more."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import NamedTuple

from collector.model_calls import Usage


class Rates(NamedTuple):
    """USD a token of each kind, and a request. Kinds exclude each other."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    reasoning: float
    request: float = 0.0

    def cost(self, usage: Usage) -> float:
        """USD for one call that used `usage`; cached and reasoning tokens at their own rates."""
        fresh = usage.input - usage.cache_read - usage.cache_write
        return (
            self.request
            + fresh * self.input
            + usage.cache_read * self.cache_read
            + usage.cache_write * self.cache_write
            + (usage.output - usage.reasoning) * self.output
            + usage.reasoning * self.reasoning
        )


class Tariff:
    """Rates by the size of the input: above a threshold, another tier prices the whole call."""

    def __init__(self, thresholds: Sequence[int], tiers: Sequence[Rates]) -> None:
        """`tiers[0]` holds up to `thresholds[0]` input tokens, the last above them all."""
        self._thresholds = thresholds
        self._tiers = tiers

    def cost(self, usage: Usage) -> float:
        """USD for one call."""
        return self._tiers[bisect_left(self._thresholds, usage.input)].cost(usage)


class Price(NamedTuple):
    """What is known of a model on a day."""

    source: str
    """`config`, `genai-prices`, or `unpriced`."""
    cost: Callable[[Usage, int], float] | None
    """USD for a usage at a time (ns); None where unpriced."""
    context_window: int | None
    """Input tokens that the model can take, where known."""


UNPRICED = Price("unpriced", None, None)


def at_any_time(tariff: Tariff) -> Callable[[Usage, int], float]:
    """A tariff that does not look at the clock, as a price's `cost`."""
    return lambda usage, _: tariff.cost(usage)
