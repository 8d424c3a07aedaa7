"""What the tail sampler tells about itself."""

from collections import Counter
from collections.abc import Sequence

from collector.telemetry.metrics import Metrics
from processors.tail_sampling.open_trace import OpenTrace

_LAGS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300)


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
        self._reasons = metrics.counter(
            "winnow_tail_sampling_decisions",
            "Decided traces, by why the decision came when it did.",
            ("reason",),
        )
        self._followed = metrics.counter(
            "winnow_tail_sampling_followed_spans",
            "Spans that followed a decision made before they came: of a trace that was decided "
            "early and is still expected to have some (streamed), or later (late).",
            ("when", "decision"),
        )
        self._remembered = metrics.gauge(
            "winnow_tail_sampling_remembered_decisions",
            "Traces whose decision late spans will follow.",
            ("decision",),
        )
        self._overflowed = metrics.counter(
            "winnow_tail_sampling_overflowed",
            "What did not fit into what policies remember, by the limit that was met.",
            ("limit",),
        )
        self._sizes = (0, 0)
        self._lag = metrics.histogram(
            "winnow_tail_sampling_decision_lag_seconds",
            "From when a trace was due to when its decision was carried out.",
            buckets=_LAGS,
        ).labels()

    def held(self, new_traces: int, spans: int) -> None:
        """Spans were committed; `new_traces` traces began with them."""
        self._open.inc(new_traces)
        self._held.inc(spans)

    def followed(self, when: str, decision: str, spans: int) -> None:
        """Spans met a decision: `when` is `streamed` or `late`."""
        self._followed.labels(when, decision).inc(spans)

    def decided(self, traces: Sequence[OpenTrace], lags: Sequence[float]) -> None:
        """Decisions were carried out, so many seconds after the traces were due."""
        self.let_go(traces)
        decisions = Counter(trace.decision[:2] for trace in traces if trace.decision)
        for (outcome, policy), number in decisions.items():
            self._traces.labels(outcome, policy).inc(number)
        for reason, number in Counter(trace.reason for trace in traces).items():
            self._reasons.labels(reason).inc(number)
        self._lag.observe(lags)

    def remembered(self, sampled: int, others: int) -> None:
        """So many decisions are remembered now."""
        self._remembered.labels("sampled").inc(sampled - self._sizes[0])
        self._remembered.labels("not_sampled").inc(others - self._sizes[1])
        self._sizes = sampled, others

    def overflowed(self, limit: str) -> None:
        """A policy met one of its limits."""
        self._overflowed.labels(limit).inc()

    def let_go(self, traces: Sequence[OpenTrace]) -> None:
        """Traces are held by this sampler no more."""
        self._open.dec(len(traces))
        self._held.dec(sum(trace.spans for trace in traces))
