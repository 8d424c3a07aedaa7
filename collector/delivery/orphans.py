"""Queued spans whose exporter has no queue any more: they wait in the storage until it has one."""

from collections.abc import Container

from collector.delivery.queue import QUEUE_SPANS, stored_spans
from collector.storage import Storage
from collector.telemetry.logs import get_logger
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts


class Orphans:
    """Shows them in the metrics, warns of them, and counts what ends with the process."""

    def __init__(self, metrics: Metrics, storage: Storage) -> None:
        """Both outlive the pipelines."""
        self._metrics = metrics
        self._storage = storage
        self._waiting: dict[str, int] = {}

    def look(self, queued: Container[str], *, reloaded: bool) -> None:
        """Find the spans of every exporter that is not among `queued`.

        `reloaded`: this process accepted them, or has counted them before.
        """
        found = stored_spans(self._storage)
        self._waiting = {name: spans for name, spans in found.items() if name not in queued}
        for exporter_id, spans in self._waiting.items():
            self._metrics.gauge(*QUEUE_SPANS).labels(exporter_id).set(spans)
            self._counts(exporter_id, reloaded=reloaded).restored(spans)
            get_logger().warning(
                "the storage holds spans for an exporter that is not configured, or has no "
                "sending_queue: they go out once it has one again",
                exporter=exporter_id,
                spans=spans,
            )

    def write_off(self) -> None:
        """After the last shutdown of a process: count what is lost with it."""
        if not self._storage.durable:
            for exporter_id, spans in self._waiting.items():
                self._metrics.gauge(*QUEUE_SPANS).remove(exporter_id)
                self._counts(exporter_id).dropped_now(spans, "shutdown")
        self._waiting = {}

    def _counts(self, exporter_id: str, *, reloaded: bool = True) -> SpanCounts:
        return SpanCounts(self._metrics, exporter_id, f"exporter:{exporter_id}", reloaded=reloaded)
