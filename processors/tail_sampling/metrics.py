"""What the tail sampler tells about itself."""

from collections import Counter
from collections.abc import Sequence

from collector.telemetry.metrics import Metrics
from processors.tail_sampling.open_traces import OpenTrace


class TailSamplingMetrics:
    """Open traces, held spans, decisions. Policy names come from the configuration: bounded."""

    def __init__(self, metrics: Metrics, pipeline: str, component: str) -> None:
        self._open = metrics.gauge(
            "winnow_tail_sampling_open_traces", "Traces that wait for a decision."
        )
        self._held = metrics.gauge(
            "winnow_pipeline_held_spans",
            "Spans that a component holds for later.",
            ("pipeline", "component"),
        ).labels(pipeline, component)
        self._traces = metrics.counter(
            "winnow_tail_sampling_traces", "Decided traces.", ("decision", "policy")
        )
        self._early = metrics.counter(
            "winnow_tail_sampling_early_decisions",
            "Traces decided before their time, by the limit that was reached.",
            ("reason",),
        )

    def held(self, new_traces: int, spans: int) -> None:
        """Spans were committed; `new_traces` traces began with them."""
        self._open.inc(new_traces)
        self._held.inc(spans)

    def decided(self, traces: Sequence[OpenTrace]) -> None:
        """Decisions were carried out."""
        self.let_go(traces)
        decisions = Counter(trace.decision[:2] for trace in traces if trace.decision)
        for (outcome, policy), number in decisions.items():
            self._traces.labels(outcome, policy).inc(number)
        for reason, number in Counter(trace.reason for trace in traces if trace.reason).items():
            self._early.labels(reason).inc(number)

    def let_go(self, traces: Sequence[OpenTrace]) -> None:
        """Traces are held by this sampler no more."""
        self._open.dec(len(traces))
        self._held.dec(sum(trace.spans for trace in traces))
