"""Pushing one payload to its end: delivered, failed with a reason, or interrupted."""

import threading
from collections.abc import Callable
from typing import TypeAlias

from collector.batch import Batch
from collector.component import Context, Exporter
from collector.delivery.retry import Retry
from collector.delivery.settings import ExporterConfig
from collector.errors import DeliveryError, PermanentError, RetryableError, SplitError
from collector.packing import pack

When: TypeAlias = Callable[[Callable[[], None]], None]
"""Calls back later, or never."""

_REJECTED = PermanentError("rejected", "the backend refused some of the spans")


class Sender:
    """Retries what may succeed, halves what is too large or has a bad span, counts the rest."""

    def __init__(
        self, exporter: Exporter[ExporterConfig], context: Context, stop: threading.Event
    ) -> None:
        """`stop` interrupts waits between retries."""
        self._exporter = exporter
        self._log = context.logger
        self._retry = Retry(exporter.config.retry_on_failure, stop)
        metrics, exporter_id = context.counts.metrics, context.component_id
        self._sent = metrics.counter(
            "winnow_exporter_sent_spans", "Spans that the backend took.", ("exporter",)
        ).labels(exporter_id)
        self._failed = metrics.counter(
            "winnow_exporter_failed_spans",
            "Spans given up, by reason.",
            ("exporter", "reason"),
        )
        self._retries = metrics.counter(
            "winnow_exporter_retries", "Pushes to be tried again.", ("exporter", "reason")
        )
        self._exporter_id = exporter_id

    def send(self, payload: bytes, spans: int, count: When) -> None:
        """Deliver the payload, or find out why not; `count` takes what is to be counted then.

        Raises InterruptedRetryError.
        """
        try:
            rejected = self._retry.run(lambda: self._push(payload, spans), self._note_retry)
        except SplitError as error:
            self._split(payload, spans, error, count)
        except PermanentError as error:
            self._give_up(spans, error, count)
        else:
            count(lambda: self._sent.inc(spans - rejected))
            if rejected:
                self._give_up(rejected, _REJECTED, count)

    def _push(self, payload: bytes, spans: int) -> int:
        try:
            return self._exporter.push(Batch(payload=payload, span_count=spans))
        except (RetryableError, SplitError, PermanentError):
            raise
        except BaseException as error:  # a panic of a library in Rust is no Exception
            self._log.exception("push failed unexpectedly")
            raise PermanentError("internal", f"{type(error).__name__} in the exporter") from error

    def _split(self, payload: bytes, spans: int, error: SplitError, count: When) -> None:
        if spans <= 1:
            self._give_up(spans, error, count)
            return
        records = Batch(payload=payload).spans
        middle = len(records) // 2
        for half in (records[:middle], records[middle:]):
            self.send(pack(half), len(half), count)

    def _note_retry(self, error: RetryableError, delay: float) -> None:
        self._retries.labels(self._exporter_id, error.reason).inc()
        self._log.warning(
            "push failed, trying again",
            reason=error.reason,
            error=str(error),
            delay=round(delay, 1),
        )

    def _give_up(self, spans: int, error: DeliveryError, count: When) -> None:
        count(lambda: self._failed.labels(self._exporter_id, error.reason).inc(spans))
        self._log.error("spans not delivered", spans=spans, reason=error.reason, error=str(error))
