"""Prices by model and time: the user's own first, then genai-prices', then LiteLLM's."""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache

from processors.cost.litellm import LiteLLMPrices
from processors.cost.own import UserPrice
from processors.cost.rates import UNPRICED, Price

_CACHED_MODELS = 4096


class History:
    """The price of one model through time: each period's is looked up once, when it is needed."""

    def __init__(self, changes: Iterable[int], look_up: Callable[[int], Price]) -> None:
        """`changes` are the times (ns) at which `look_up` may begin to answer differently."""
        self._changes = sorted(changes)
        self._look_up = look_up
        self._known: dict[int, Price] = {}

    def at(self, at: int) -> Price:
        """The price that holds at `at` (ns)."""
        period = bisect_right(self._changes, at) if self._changes else 0
        price = self._known.get(period)
        if price is None:
            price = self._known[period] = self._look_up(at)
        return price


class PriceBook:
    """Finds a model's prices once and keeps them, for the latest 4,096 models."""

    def __init__(self, own: Sequence[UserPrice], litellm: LiteLLMPrices | None = None) -> None:
        """The first of `own` that matches is taken; `litellm` is asked last."""
        self._own = own
        self._litellm = litellm
        self._version = _fingerprint(own)
        self._changes = {limit for price in own for limit in price.limits}
        self.history: Callable[[str, str, str, str], History]
        self.history = lru_cache(maxsize=_CACHED_MODELS)(self._history)
        """The prices of the model that answered, or else of the one that was asked for, at a
        provider, served by a tier: `history(provider, answered, asked, tier)`."""

    def price(self, provider: str, model: str, at: int, tier: str = "") -> Price:
        """The price of one model at `at` (ns)."""
        return self.history(provider, model, model, tier).at(at)

    def near(self, provider: str, model: str) -> list[str]:
        """Names of models that are much like one that is not known."""
        from processors.cost import catalogue

        own = [price.match for price in self._own if price.match_type == "glob"]
        listed = [*own, *catalogue.names(provider), *(self._litellm.names if self._litellm else ())]
        by_end = {name.lower().rpartition("/")[2]: name for name in reversed(listed)}
        close = get_close_matches(model.lower().rpartition("/")[2], by_end, n=5, cutoff=0.6)
        return [end if catalogue.find(provider, [end]) else by_end[end] for end in close]

    def _history(self, provider: str, answered: str, asked: str, tier: str) -> History:
        names = [model.lower() for model in dict.fromkeys((answered or asked, asked or answered))]
        ends = _with_ends(names)
        changes = self._changes | self._listed_changes(provider, names)
        for price in self._own:
            if price.alias_of and price.matches(provider.lower(), ends, tier):
                for seller in (provider, ""):
                    changes |= self._listed_changes(seller, [price.alias_of.lower()])
        return History(changes, lambda at: self._look_up(provider, names, tier, at))

    def _listed_changes(self, provider: str, names: Sequence[str]) -> set[int]:
        from processors.cost import catalogue  # loads genai-prices: 0.3 s, 11 MB

        found = catalogue.find(provider, names)
        return found.changes() if found else set()

    def _look_up(
        self, provider: str, names: Sequence[str], tier: str, at: int, alias: bool = False
    ) -> Price:
        listed = self._listed(provider, names, tier, at)
        place, own = self._first_own(provider, names, tier, at, alias)
        if own is None:
            return listed
        rule = f"prices[{place}]: {own.match}"
        window = own.context_window or listed.context_window
        if own.input is not None:
            return Price("config", self._version, rule, window, [own.tariff()])
        if own.alias_of:
            listed = self._aliased(provider, own.alias_of.lower(), tier, at)
            window = own.context_window or listed.context_window
        return self._changed(listed, own, f"{rule}, {listed.rule}", window)

    def _aliased(self, provider: str, name: str, tier: str, at: int) -> Price:
        """As the provider sells it, or else whoever does; the other way round for a prefix."""
        sellers = ("", provider) if "/" in name else (provider, "")
        prices = [self._look_up(seller, [name], tier, at, alias=True) for seller in sellers]
        return prices[0] if prices[0].tariffs else prices[1]

    def _changed(self, listed: Price, own: UserPrice, rule: str, window: int | None) -> Price:
        """A listed price, times the multiplier; nothing is made of one that is not known."""
        changed = replace(listed, context_window=window)
        if not listed.tariffs:
            return changed
        if own.multiplier == 1:
            return replace(changed, rule=rule)
        tariffs = listed.scaled(own.multiplier)
        return replace(changed, source="config", version=self._version, rule=rule, tariffs=tariffs)

    def _first_own(
        self, provider: str, names: Sequence[str], tier: str, at: int, alias: bool
    ) -> tuple[int, UserPrice | None]:
        ends = _with_ends(names)
        for place, price in enumerate(self._own):
            # An alias leads to prices, not to other aliases: it cannot go in circles.
            if (
                not (alias and price.alias_of)
                and price.holds(at)
                and price.matches(provider.lower(), ends, tier)
            ):
                return place, price
        return 0, None

    def _listed(self, provider: str, names: Sequence[str], tier: str, at: int) -> Price:
        from processors.cost import catalogue

        found = catalogue.find(provider, names)
        first = found.price(tier, at) if found else UNPRICED
        if (first.tariffs and first.context_window) or self._litellm is None:
            return first
        second = self._litellm.price(provider, names, tier)
        window = first.context_window or second.context_window
        return replace(first if first.tariffs else second, context_window=window)


def _with_ends(names: Sequence[str]) -> list[str]:
    """The names, then what stands behind the last slash of each."""
    return [*names, *(name.rpartition("/")[2] for name in names if "/" in name)]


def _fingerprint(own: Sequence[UserPrice]) -> str:
    """Tells one set of prices from another."""
    told = "\n".join(price.model_dump_json() for price in own)
    return hashlib.sha256(told.encode()).hexdigest()[:8]
