"""What tokens cost: rates, in tiers where a long input costs more."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from collector.model_calls import Usage

DAY = 86_400 * 10**9
"""Nanoseconds."""

PARTS_OF: Mapping[str, str] = {
    "cache_write_1h": "cache_write",
    "input_audio": "input",
    "input_image": "input",
    "input_video": "input",
    "output_audio": "output",
    "output_image": "output",
    "output_video": "output",
    "citations": "output",
    "web_searches": "",
    "file_searches": "",
}
"""The rarer kinds of usage, and the kind that each is a part of. Searches stand alone."""

Extras = Mapping[str, int]
"""How much a call used of the kinds in `PARTS_OF`. Parts are at most the whole, and no cached
token is told as audio, image or video."""

NO_EXTRAS: Extras = MappingProxyType({})


class Rates(NamedTuple):
    """USD a token of each kind, and a request. Kinds exclude each other."""

    input: float
    output: float
    cache_read: float
    cache_write: float
    reasoning: float
    request: float = 0.0
    extra: Mapping[str, float] = MappingProxyType({})
    """USD for one of a kind in `PARTS_OF`. A kind that is missing costs what its whole costs."""

    def cost(self, usage: Usage, extras: Extras = NO_EXTRAS) -> float:
        """USD for one call; cached and reasoning tokens, audio and images at their own rates."""
        fresh_rate, said_rate, read_rate, write_rate, thought_rate, request, _ = self
        read, written, thought = usage.cache_read, usage.cache_write, usage.reasoning
        total = (
            request
            + (usage.input - read - written) * fresh_rate
            + read * read_rate
            + written * write_rate
            + (usage.output - thought) * said_rate
            + thought * thought_rate
        )
        return total + self._surcharge(extras) if extras else total

    def components(self, usage: Usage, extras: Extras = NO_EXTRAS) -> dict[str, float]:
        """What `cost` adds up, in USD by kind; kinds that were not used are left out."""
        counts = {
            "request": 1,
            "input": usage.input - usage.cache_read - usage.cache_write,
            "cache_read": usage.cache_read,
            "cache_write": usage.cache_write,
            "output": usage.output - usage.reasoning,
            "reasoning": usage.reasoning,
        }
        for kind, count in extras.items():
            if kind in self.extra:
                counts[kind] = count
                if PARTS_OF[kind]:
                    counts[PARTS_OF[kind]] -= count
        prices = {**self._asdict(), **self.extra}
        used = {kind: count * prices[kind] for kind, count in counts.items() if count}
        return {kind: usd for kind, usd in used.items() if usd or kind != "request"}

    def scaled(self, factor: float) -> "Rates":
        """All rates times `factor`."""
        extra = {kind: rate * factor for kind, rate in self.extra.items()}
        return Rates(
            input=self.input * factor,
            output=self.output * factor,
            cache_read=self.cache_read * factor,
            cache_write=self.cache_write * factor,
            reasoning=self.reasoning * factor,
            request=self.request * factor,
            extra=extra,
        )

    def _surcharge(self, extras: Extras) -> float:
        """What rarer kinds cost above the kinds that they are a part of."""
        return sum(
            count * (self.extra[kind] - self._whole(kind))
            for kind, count in extras.items()
            if kind in self.extra
        )

    def _whole(self, kind: str) -> float:
        whole = PARTS_OF[kind]
        return float(getattr(self, whole)) if whole else 0.0


class Tariff(NamedTuple):
    """Rates by the size of the input: above a threshold, another tier prices the whole call."""

    thresholds: Sequence[int]
    tiers: Sequence[Rates]
    """`tiers[0]` holds up to `thresholds[0]` input tokens, the last above them all."""

    def scaled(self, factor: float) -> "Tariff":
        """All rates times `factor`."""
        return Tariff(self.thresholds, [rates.scaled(factor) for rates in self.tiers])


@dataclass(frozen=True, slots=True)
class Price:
    """What is known of a model, for as long as its price does not change."""

    source: str
    """`config`, `genai-prices`, `litellm`, or `unpriced`."""
    version: str
    """Which edition of the source; empty where unpriced."""
    rule: str
    """The entry of the source that the price comes from, for people."""
    context_window: int | None
    """Input tokens that the model can take, where known."""
    tariffs: Sequence[Tariff] = ()
    """What holds at each of `hours`; nothing where unpriced."""
    hours: Sequence[int] = ()
    """When each of `tariffs` begins to hold, in ns after midnight UTC; the first is 0. Empty
    where there is but one."""
    _flat: Rates | None = field(init=False, default=None)
    """The only rates, where neither the hour nor the size of the input counts."""

    def __post_init__(self) -> None:
        if len(self.tariffs) == 1 and len(self.tariffs[0].tiers) == 1:
            object.__setattr__(self, "_flat", self.tariffs[0].tiers[0])

    def rates(self, usage: Usage, at: int) -> Rates:
        """The rates of one call that began at `at` (ns)."""
        tariff = self.tariffs[bisect_right(self.hours, at % DAY) - 1 if self.hours else 0]
        return tariff.tiers[bisect_left(tariff.thresholds, usage.input)]

    def cost(self, usage: Usage, at: int, extras: Extras = NO_EXTRAS) -> float:
        """USD for one call that began at `at` (ns). Raises IndexError where unpriced."""
        return (self._flat or self.rates(usage, at)).cost(usage, extras)

    def scaled(self, factor: float) -> Sequence[Tariff]:
        """`tariffs`, all rates times `factor`."""
        return [tariff.scaled(factor) for tariff in self.tariffs]


def served(tier: str, apart: bool) -> str:
    """What a rule says of a service tier, that may have a price of its own or not."""
    if not tier:
        return ""
    return f", {tier}" if apart else f", standard: it has no price for {tier}"


UNPRICED = Price("unpriced", "", "", None)
