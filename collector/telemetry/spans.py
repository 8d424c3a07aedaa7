"""Span accounting: every span that came in was sent, is held, or was dropped with a reason."""

from collector.batch import Batch
from collector.telemetry.metrics import Metrics


class SpanCounts:
    """Counts what happens to spans at one component of one pipeline."""

    def __init__(
        self, metrics: Metrics, component: str, pipeline: str = "", *, reloaded: bool = False
    ) -> None:
        """`reloaded`: what is in the storage was accepted by this very process."""
        self.metrics = metrics
        self._component = component
        self.pipeline = pipeline
        self._dropped = metrics.counter(
            "winnow_dropped_spans", "Spans dropped on purpose.", ("component", "reason")
        )
        self._pipeline_dropped = metrics.counter(
            "winnow_pipeline_dropped_spans",
            "Spans dropped on purpose, by pipeline.",
            ("pipeline", "component", "reason"),
        )
        self._failures = metrics.counter(
            "winnow_processor_errors",
            "Spans that a processor could not work on and passed on as they were (redaction: "
            "masked).",
            ("component", "error"),
        )

        self._restored = metrics.counter(
            "winnow_restored_spans",
            "Spans that an earlier process had accepted and this one took up from the storage.",
            ("pipeline", "component"),
        )
        self._reloaded = reloaded

    def restored(self, spans: int) -> None:
        """`spans` were found in the storage at the start."""
        if not self._reloaded:
            self._restored.labels(self.pipeline, self._component).inc(spans)

    def dropped(self, batch: Batch, spans: int, reason: str) -> None:
        """`spans` of the batch are dropped for `reason`, once its transaction is committed."""
        if spans:
            batch.transaction.on_commit(lambda: self.dropped_now(spans, reason))

    def dropped_now(self, spans: int, reason: str) -> None:
        """`spans` owned before are dropped for `reason`."""
        self._dropped.labels(self._component, reason).inc(spans)
        if self.pipeline:
            self._pipeline_dropped.labels(self.pipeline, self._component, reason).inc(spans)

    def failed(self, error: BaseException | str) -> None:
        """A span went through unprocessed because of `error`, or of one of the class so named."""
        name = error if isinstance(error, str) else type(error).__name__
        self._failures.labels(self._component, name).inc()
