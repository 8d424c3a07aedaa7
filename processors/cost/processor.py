"""The `cost` processor."""

import math
from collections import Counter

from collector import Attributes, Batch, ComponentConfig, Context, Processor, SpanRecord
from collector.model_calls import (
    COST,
    UTILIZATION,
    ModelCall,
    model_call,
    model_calls,
    remember,
)
from collector.telemetry.metrics import BoundedLabel
from processors.cost.book import PriceBook, UserPrice
from processors.cost.rates import Price

SOURCE = "winnow.cost.source"
_LONGEST_NAME = 256
_PRICED = ("reported", "config", "genai-prices")


class CostConfig(ComponentConfig):
    """Settings of `cost`."""

    reported: list[str] = [COST, "llm.cost.total", "llm.usage.total_cost"]
    """Attributes that bring a cost in USD with the span; the first with a number above 0 is
    believed. (Instrumentations write 0 for models whose price they do not know.) An empty list
    prices every call afresh."""
    prices: list[UserPrice] = []
    """Prices of your own; the first that matches is taken, before genai-prices is asked."""


class Cost(Processor[CostConfig]):
    """Prices every model call at the time it began.

    Resolution order: a cost that the span brings, `prices`, genai-prices. What none of them
    knows is counted as unpriced and gets no cost, never $0. Agent spans that repeat the usage of
    the calls below them are not priced.
    """

    Config = CostConfig

    def __init__(self, config: CostConfig, context: Context) -> None:
        super().__init__(config, context)
        self._book = PriceBook(config.prices)
        self._reporters = frozenset(config.reported)
        self._unpriced = context.counts.metrics.counter(
            "llm_unpriced_calls", "Model calls that no price is known for.", ("provider", "model")
        )
        self._provider_label = BoundedLabel(100)
        self._model_label = BoundedLabel(200)

    def start(self) -> None:
        """Read genai-prices' data now, rather than while the first agent waits."""
        self._book.price("openai", ("gpt-4o",), int(self.context.clock.now() * 1e9))

    def process(self, batch: Batch) -> None:
        """Write cost, its source and the use of the context window on each model call."""
        unpriced: Counter[tuple[str, str]] = Counter()
        for record in model_calls(batch.spans):
            try:
                if self._write(record) == "unpriced":
                    call = model_call(record.attributes)
                    unpriced[call.provider[:_LONGEST_NAME], _models(call)[-1]] += 1
            except Exception as error:
                self.context.counts.failed(error)
        if unpriced:
            batch.transaction.on_commit(lambda: self._count(unpriced))

    def _write(self, record: SpanRecord) -> str:
        """Returns the source, or an empty string for a call that there is nothing to pay for."""
        attributes = record.attributes
        call = model_call(attributes)
        at = record.span.start_time_unix_nano or int(self.context.clock.now() * 1e9)
        price = self._book.price(call.provider[:_LONGEST_NAME], _models(call), at)
        if call.usage is not None and price.context_window:
            call.utilization = min(call.usage.input / price.context_window, 1.0)
            attributes.set(UTILIZATION, call.utilization)
        reported = self._reported(attributes)
        if reported is not None:
            return _stamp(attributes, call, reported, _earlier_source(attributes) or "reported")
        if call.usage is None and record.failed:
            return ""
        return _charge(attributes, call, price, at)

    def _reported(self, attributes: Attributes) -> float | None:
        if self._reporters.isdisjoint(attributes.values):
            return None
        for key in self.config.reported:
            cost = attributes.get(key) if key in attributes else None
            if isinstance(cost, (int, float)) and cost > 0 and math.isfinite(cost):
                return float(cost)
        return None

    def _count(self, unpriced: Counter[tuple[str, str]]) -> None:
        for (provider, model), calls in unpriced.items():
            labels = self._provider_label(provider), self._model_label(model)
            self._unpriced.labels(*labels).inc(calls)


def _charge(attributes: Attributes, call: ModelCall, price: Price, at: int) -> str:
    if price.cost is None or call.usage is None:
        # A cost that was not believed must not be taken for one.
        attributes.delete(COST)
        attributes.set(SOURCE, "unpriced")
        return "unpriced"
    return _stamp(attributes, call, price.cost(call.usage, at), price.source)


def _stamp(attributes: Attributes, call: ModelCall, cost: float, source: str) -> str:
    attributes.set(COST, cost)
    attributes.set(SOURCE, source)
    call.cost = cost
    remember(attributes, call)
    return source


def _earlier_source(attributes: Attributes) -> str:
    """What another Winnow on the way wrote."""
    source = attributes.text(SOURCE)
    return source if source in _PRICED else ""


def _models(call: ModelCall) -> tuple[str, str]:
    """Names of the model, the most telling first: what answered, then what was asked for."""
    asked, answered = call.asked[:_LONGEST_NAME], call.answered[:_LONGEST_NAME]
    return answered or asked, asked or answered
