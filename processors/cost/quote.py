"""The answer to `winnow price`: a cost, and everything that it follows from."""

from typing import NamedTuple

from collector.model_calls import Usage
from processors.cost.rates import Extras, Price


class Quote(NamedTuple):
    """What one call would cost."""

    usd: float
    """USD in all."""
    components: dict[str, float]
    """USD by kind of usage."""
    source: str
    """As in `winnow.cost.source`."""
    version: str
    """As in `winnow.cost.version`."""
    rule: str
    """The entry of the source that was taken."""
    context_window: int | None
    """Input tokens that the model can take, where known."""
    input_tokens: int
    """All input tokens of the call."""

    def numbers(self) -> dict[str, object]:
        """For JSON."""
        window = self.context_window
        return {
            "usd": self.usd,
            "components": self.components,
            "source": self.source,
            "version": self.version,
            "rule": self.rule,
            "context_window": window,
            "context_utilization": min(self.input_tokens / window, 1.0) if window else None,
        }

    def lines(self) -> list[str]:
        """For people."""
        parts = [f"  {kind:<16} {usd:>14.8f}" for kind, usd in self.components.items()]
        told = [f"{'USD':<18} {self.usd:>14.8f}", *parts]
        told.append(f"source: {self.source} {self.version}")
        told.append(f"rule:   {self.rule}")
        if self.context_window:
            share = min(self.input_tokens / self.context_window, 1.0)
            told.append(f"window: {self.context_window:,} tokens, {share:.1%} used")
        return told


def quote(price: Price, usage: Usage, extras: Extras, at: int) -> Quote:
    """What a call that began at `at` (ns) costs at `price`, which is not unpriced."""
    rates = price.rates(usage, at)
    return Quote(
        usd=rates.cost(usage, extras),
        components=rates.components(usage, extras),
        source=price.source,
        version=price.version,
        rule=price.rule,
        context_window=price.context_window,
        input_tokens=usage.input,
    )
