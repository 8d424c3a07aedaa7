"""The metrics about agents, by the names that dashboards rely on."""

from collections.abc import Sequence

from prometheus_client import Counter

from collector.telemetry.histogram import Series as HistogramSeries
from collector.telemetry.metrics import BoundedLabel, Metrics
from processors.agent_metrics.series import Series

SECONDS = tuple(0.01 * 2**power for power in range(17))
"""The buckets of the GenAI semantic conventions, continued from 81.92 s to 655.36 s: a model may
think for minutes."""
RUN_SECONDS = tuple(0.1 * 2**power for power in range(17))
"""0.1 s to 1.8 h; the conventions end at 409.6 s, and runs do not."""
TOKENS = tuple(float(4**power) for power in range(14))
"""The buckets of the GenAI semantic conventions, 1 to 67,108,864."""
RATIO = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)

_CALL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Instruments:
    """Every metric of `agent_metrics`; two processors on one registry share them."""

    def __init__(self, metrics: Metrics, max_values: int, max_series: int) -> None:
        """`max_values` bounds the values of each label, `max_series` the series of a metric."""
        self._metrics = metrics
        self._max_values = max_values
        self._max_series = max_series
        self._bounds: dict[str, BoundedLabel] = {}
        self.operation_duration = self._histogram(
            "gen_ai_client_operation_duration_seconds", "Duration of model calls.", _CALL, SECONDS
        )
        self.token_usage = self._histogram(
            "gen_ai_client_token_usage",
            "Tokens of a model call.",
            (*_CALL, "gen_ai_token_type"),
            TOKENS,
        )
        self.tokens = self._counter("llm_tokens", "Tokens used.", "model", "direction")
        self.cost = self._counter(
            "llm_cost_usd", "Cost of model calls.", "model", "environment", "agent", "stage"
        )
        self.finish_reasons = self._counter(
            "llm_finish_reason", "Why model calls ended.", "model", "reason"
        )
        self.context_utilization = self._histogram(
            "llm_context_utilization_ratio",
            "Input tokens of a model call over the model's context window.",
            (),
            RATIO,
        )
        self.run_duration = self._histogram(
            "agent_run_duration_seconds", "Duration of agent runs.", ("agent",), RUN_SECONDS
        )
        self.retries = self._counter(
            "agent_retries", "Model, tool and agent calls made again.", "agent", "reason"
        )
        self.tool_duration = self._histogram(
            "tool_call_duration_seconds", "Duration of tool calls.", ("tool", "server"), SECONDS
        )
        self.tool_calls = self._counter("tool_calls", "Tool calls.", "tool", "server", "status")
        self.guardrails = self._counter(
            "guardrail_violations", "Guardrails that intervened.", "policy", "action"
        )

    def _counter(self, name: str, text: str, *labels: str) -> Series[Counter]:
        counter = self._metrics.counter(name, text, labels)
        return Series(counter, self._bounded(labels), self._max_series)

    def _histogram(
        self, name: str, text: str, labels: Sequence[str], buckets: Sequence[float]
    ) -> Series[HistogramSeries]:
        histogram = self._metrics.histogram(name, text, labels, buckets=buckets)
        return Series(histogram, self._bounded(labels), self._max_series)

    def _bounded(self, labels: Sequence[str]) -> list[BoundedLabel]:
        """One bound for a label wherever it stands, so that its values agree across metrics."""
        return [self._bounds.setdefault(label, BoundedLabel(self._max_values)) for label in labels]
