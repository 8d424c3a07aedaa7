"""The `cost` processor."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from pydantic import field_validator

from collector import (
    Attributes,
    Batch,
    ComponentConfig,
    Context,
    Processor,
    SpanRecord,
    StartError,
)
from collector.model_calls import (
    COST,
    UTILIZATION,
    ModelCall,
    Usage,
    model_call,
    model_calls,
    remember,
)
from collector.telemetry.metrics import BoundedLabel
from processors.cost.book import PriceBook
from processors.cost.litellm import LiteLLMPrices, read_litellm
from processors.cost.own import UserPrice, contradictions
from processors.cost.quote import Quote, quote
from processors.cost.rates import NO_EXTRAS
from processors.cost.usage import (
    EXTRA_ATTRIBUTES,
    SERVICE_TIER_ATTRIBUTES,
    SERVICE_TIERS,
    extras,
    service_tier,
    within,
)

SOURCE = "winnow.cost.source"
VERSION = "winnow.cost.version"
_LONGEST = 256
"""Characters of a name that count."""
_PRICED = ("reported", "config", "genai-prices", "litellm")


class CostConfig(ComponentConfig):
    """Settings of `cost`."""

    reported: list[str] = [COST, "llm.cost.total", "llm.usage.total_cost"]
    """Attributes that bring a cost in USD with the span; the first with a number above 0 is
    believed. (Instrumentations write 0 for models whose price they do not know.) An empty list
    prices every call afresh."""
    service_tier: list[str] = list(SERVICE_TIER_ATTRIBUTES)
    """Attributes that say how a call was served; the first with a text counts. Known are `batch`,
    `flex`, `priority` and `fast`; everything else is the standard tier."""
    prices: list[UserPrice] = []
    """Prices of your own; the first that matches is taken, before genai-prices is asked."""
    litellm_prices: Path | None = None
    """A copy of LiteLLM's `model_prices_and_context_window.json`, for models that genai-prices
    does not know. It is read when the pipelines are built."""

    @field_validator("prices")
    @classmethod
    def _not_contradictory(cls, prices: list[UserPrice]) -> list[UserPrice]:
        told = contradictions(prices)
        if told:
            raise ValueError("; ".join(told))
        return prices

    @field_validator("litellm_prices")
    @classmethod
    def _readable(cls, path: Path | None) -> Path | None:
        if path is not None:
            read_litellm(path)
        return path

    @property
    def litellm(self) -> LiteLLMPrices | None:
        """What stands in `litellm_prices` now. Raises ValueError where it cannot be read."""
        return None if self.litellm_prices is None else read_litellm(self.litellm_prices)


class Cost(Processor[CostConfig]):
    """Prices every model call at the time it began.

    Resolution order: a cost that the span brings, `prices`, genai-prices, `litellm_prices`. What
    none of them knows is counted as unpriced and gets no cost, never $0. Agent spans that repeat
    the usage of the calls below them are not priced.
    """

    Config = CostConfig

    def __init__(self, config: CostConfig, context: Context) -> None:
        super().__init__(config, context)
        self._open(PriceBook(config.prices))
        self._reporters = frozenset(config.reported)
        self._telling = EXTRA_ATTRIBUTES | self._reporters | set(config.service_tier)
        self._unpriced = context.counts.metrics.counter(
            "llm_unpriced_calls", "Model calls that no price is known for.", ("provider", "model")
        )
        self._provider_label = BoundedLabel(100)
        self._model_label = BoundedLabel(200)

    def start(self) -> None:
        """Read the prices now, rather than while the first agent waits. Raises StartError."""
        try:
            self._open(PriceBook(self.config.prices, self.config.litellm))
        except ValueError as error:
            raise StartError(f"litellm_prices: {error}") from error
        self._book.price("openai", "gpt-4o", self._now())

    def process(self, batch: Batch) -> None:
        """Write cost, its source and the use of the context window on each model call."""
        unpriced: Counter[tuple[str, str]] = Counter()
        for record in model_calls(batch.spans):
            try:
                if self._write(record) == "unpriced":
                    call = model_call(record.attributes)
                    model = call.asked or call.answered
                    unpriced[call.provider[:_LONGEST], model[:_LONGEST]] += 1
            except Exception as error:
                self.context.counts.failed(error)
        if unpriced:
            batch.transaction.on_commit(lambda: self._count(unpriced))

    def quote(
        self, provider: str, model: str, used: Mapping[str, int], at: int | None, tier: str = ""
    ) -> Quote | None:
        """What a call at `at` (ns; now if None) costs; None where no price is known.

        `used` has counts by the names of `Usage` and of the rarer kinds; input contains what is
        cached, output the reasoning.
        """
        usage = Usage(
            **{"input": 0, "output": 0} | {k: used[k] for k in Usage._fields if k in used}
        )
        rare = {kind: count for kind, count in used.items() if kind not in Usage._fields}
        moment = self._now() if at is None else at
        served = tier if tier in SERVICE_TIERS else ""
        price = self._book.price(provider, model, moment, served)
        return quote(price, usage, within(rare, usage), moment) if price.tariffs else None

    def near(self, provider: str, model: str) -> list[str]:
        """Names of models that are much like one that is not known, the likest first."""
        return self._book.near(provider, model)

    def _open(self, book: PriceBook) -> None:
        self._book, self._history = book, book.history

    def _now(self) -> int:
        return int(self.context.clock.now() * 1e9)

    def _write(self, record: SpanRecord) -> str:
        """Returns the source, or an empty string for a call that there is nothing to pay for."""
        attributes = record.attributes
        call = model_call(attributes)
        at = record.span.start_time_unix_nano or self._now()
        reported, tier, rare = None, "", NO_EXTRAS
        if not self._telling.isdisjoint(attributes.values):
            reported = self._reported(attributes)
            tier = service_tier(attributes.values, self.config.service_tier)
            rare = extras(attributes.values, call.usage) if call.usage else NO_EXTRAS
        price = self._history(
            call.provider[:_LONGEST], call.answered[:_LONGEST], call.asked[:_LONGEST], tier
        ).at(at)
        if call.usage is not None and price.context_window:
            call.utilization = min(call.usage.input / price.context_window, 1.0)
            attributes.set(UTILIZATION, call.utilization)
        if reported is not None:
            return _stamp(attributes, call, reported, _earlier_source(attributes) or "reported")
        if call.usage is not None and price.tariffs:
            attributes.set(VERSION, price.version)
            return _stamp(attributes, call, price.cost(call.usage, at, rare), price.source)
        return "" if call.usage is None and record.failed else _unpriced(attributes)

    def _reported(self, attributes: Attributes) -> float | None:
        for key in self.config.reported:
            cost = attributes.get(key)
            if isinstance(cost, (int, float)) and cost > 0 and math.isfinite(cost):
                return float(cost)
        return None

    def _count(self, unpriced: Counter[tuple[str, str]]) -> None:
        for (provider, model), calls in unpriced.items():
            labels = self._provider_label(provider), self._model_label(model)
            self._unpriced.labels(*labels).inc(calls)


def _stamp(attributes: Attributes, call: ModelCall, cost: float, source: str) -> str:
    attributes.set(COST, cost)
    attributes.set(SOURCE, source)
    call.cost = cost
    remember(attributes, call)
    return source


def _unpriced(attributes: Attributes) -> str:
    # A cost that was not believed must not be taken for one.
    attributes.delete(COST, VERSION)
    attributes.set(SOURCE, "unpriced")
    return "unpriced"


def _earlier_source(attributes: Attributes) -> str:
    """What another Winnow on the way wrote."""
    source = attributes.text(SOURCE)
    return source if source in _PRICED else ""
