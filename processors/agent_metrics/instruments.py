"""The metrics about agents, by the names that dashboards rely on."""

from collections.abc import Callable, Sequence

from prometheus_client import Counter, Gauge

from collector.telemetry.histogram import Series as HistogramSeries
from collector.telemetry.metrics import BoundedLabel, Metrics
from processors.agent_metrics.config import RATIO
from processors.agent_metrics.series import Series

SECONDS = tuple(0.01 * 2**power for power in range(17))
"""The buckets of the GenAI semantic conventions, continued from 81.92 s to 655.36 s: a model may
think for minutes."""
RUN_SECONDS = tuple(0.1 * 2**power for power in range(17))
"""0.1 s to 1.8 h; the conventions end at 409.6 s, and runs do not."""
OUTCOME_SECONDS = tuple(float(2**power) for power in range(17))
"""1 s to 18 h: a person has to read the answer first."""
TOKENS = tuple(float(4**power) for power in range(14))
"""The buckets of the GenAI semantic conventions, 1 to 67,108,864."""
GROWTH = (0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.05, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)

_CALL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Limits:
    """Counts what did not fit: two counters, told apart by the limit that was met."""

    def __init__(self, metrics: Metrics) -> None:
        self._other = metrics.counter(
            "winnow_agent_metrics_overflowed",
            "Counts that went to a series with `other`, because of max_label_values or max_series.",
            ("metric",),
        )
        self._forgotten = metrics.counter(
            "winnow_agent_metrics_forgotten",
            "Recent traces, calls and sessions that had to make room for newer ones.",
            ("memory",),
        )

    def overflowed(self, metric: str) -> Callable[[], None]:
        """To be called when a metric met its limits."""
        return self._other.labels(metric).inc

    def forgotten(self, memory: str) -> Callable[[int], None]:
        """To be told how much was forgotten for something newer."""
        return self._forgotten.labels(memory).inc


class Maker:
    """Makes series within limits; two processors on one registry share what is behind them."""

    def __init__(self, metrics: Metrics, limits: Limits, max_values: int, max_series: int) -> None:
        """`max_values` bounds the values of each label, `max_series` the series of a metric."""
        self._metrics = metrics
        self._limits = limits
        self._max_values = max_values
        self._max_series = max_series
        self._bounds: dict[str, BoundedLabel] = {}

    def counter(self, name: str, text: str, *labels: str) -> Series[Counter]:
        """A counter; its name goes without `_total`."""
        counter = self._metrics.counter(name, text, labels)
        return Series(counter.labels if labels else lambda: counter, *self._within(name, labels))

    def gauge(self, name: str, text: str, *labels: str) -> Series[Gauge]:
        """A gauge."""
        gauge = self._metrics.gauge(name, text, labels)
        return Series(gauge.labels if labels else lambda: gauge, *self._within(name, labels))

    def histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Series[HistogramSeries]:
        """A histogram."""
        histogram = self._metrics.histogram(name, text, labels, buckets=buckets)
        return Series(histogram.labels, *self._within(name, labels))

    def _within(
        self, name: str, labels: Sequence[str]
    ) -> tuple[list[BoundedLabel], int, Callable[[], None]]:
        """One bound for a label wherever it stands, so that its values agree across metrics."""
        bounds = [
            self._bounds.setdefault(label, BoundedLabel(self._max_values)) for label in labels
        ]
        return bounds, self._max_series, self._limits.overflowed(name)


class Instruments:
    """Every metric of `agent_metrics` but signals. Each stands in `names.BUILT_IN`, too."""

    def __init__(self, make: Maker) -> None:
        self.operation_duration = make.histogram(
            "gen_ai_client_operation_duration_seconds", "Duration of model calls.", _CALL, SECONDS
        )
        self.token_usage = make.histogram(
            "gen_ai_client_token_usage",
            "Tokens of a model call.",
            (*_CALL, "gen_ai_token_type"),
            TOKENS,
        )
        self.tokens = make.counter("llm_tokens", "Tokens used.", "model", "direction")
        self.cost = make.counter(
            "llm_cost_usd", "Cost of model calls.", "model", "environment", "agent", "stage"
        )
        self.finish_reasons = make.counter(
            "llm_finish_reason", "Why model calls ended.", "model", "reason"
        )
        self.context_utilization = make.histogram(
            "llm_context_utilization_ratio",
            "Input tokens of a model call over the model's context window.",
            (),
            RATIO,
        )
        self.context_growth = make.histogram(
            "llm_context_growth_ratio",
            "Input tokens of a model call over those of the session's call before.",
            ("agent",),
            GROWTH,
        )
        self.run_duration = make.histogram(
            "agent_run_duration_seconds", "Duration of agent runs.", ("agent",), RUN_SECONDS
        )
        self.retries = make.counter(
            "agent_retries", "Model, tool and agent calls made again.", "agent", "reason"
        )
        self.outcomes = make.counter(
            "agent_outcomes", "What became of agents' answers.", "agent", "outcome"
        )
        self.time_to_good_output = make.histogram(
            "agent_time_to_good_output_seconds",
            "From the root's start to an accepted outcome.",
            ("agent",),
            OUTCOME_SECONDS,
        )
        self.tool_duration = make.histogram(
            "tool_call_duration_seconds", "Duration of tool calls.", ("tool", "server"), SECONDS
        )
        self.tool_calls = make.counter("tool_calls", "Tool calls.", "tool", "server", "status")
        self.guardrails = make.counter(
            "guardrail_violations", "Guardrails that intervened.", "policy", "action"
        )
