"""The delivery chain of one exporter: the end of its pipelines."""

import sqlite3
import threading
import time
from collections.abc import Callable
from typing import Protocol

from collector.batch import Batch
from collector.component import Context, Exporter
from collector.delivery.queue import QUEUE_SPANS, Item, Queue
from collector.delivery.retry import InterruptedRetryError
from collector.delivery.sender import Sender
from collector.delivery.settings import ExporterConfig
from collector.errors import RefusedError, StartError
from collector.turns import TURNS


class Delivery(Protocol):
    """The end of a pipeline, with the exporter's life in its hands."""

    def start(self) -> None:
        """Start the exporter, then take batches. Raises StartError."""
        ...

    def consume(self, batch: Batch) -> None:
        """Take the batch over. Raises RefusedError."""
        ...

    def interrupt(self) -> None:
        """Before the sources stop: let none of them wait for a backend that fails."""
        ...

    def shutdown(self) -> None:
        """Deliver what can be delivered in time, then shut the exporter down."""
        ...

    def write_off(self) -> None:
        """After the last shutdown of a process: count what is lost with it."""
        ...


def make_delivery(
    exporter: Exporter[ExporterConfig], context: Context, drain_timeout: float
) -> Delivery:
    """The chain that the exporter's settings ask for.

    `drain_timeout` is how many seconds `shutdown` may spend on what still waits.
    """
    if exporter.config.sending_queue.enabled:
        return QueuedDelivery(exporter, context, drain_timeout)
    return DirectDelivery(exporter, context)


class QueuedDelivery:
    """queue → batch → retry → push, in threads of its own."""

    def __init__(
        self, exporter: Exporter[ExporterConfig], context: Context, drain_timeout: float
    ) -> None:
        """Acquires nothing before `start`."""
        config = exporter.config
        self._exporter = exporter
        self._context = context
        self._drain_timeout = drain_timeout
        self._stop = threading.Event()
        self._queue = Queue(
            context.component_id, config.sending_queue, context.storage, config.timeout
        )
        self._sender = Sender(exporter, context, self._stop)
        self._depth = context.counts.metrics.gauge(*QUEUE_SPANS)
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the exporter, take up what an earlier process left, begin to push."""
        _start(self._exporter)
        restored = self._queue.open()
        self._depth.labels(self._context.component_id).set_function(lambda: self._queue.spans)
        if restored:
            self._context.counts.restored(restored)
            self._context.logger.info("queue restored", spans=restored)
        for number in range(self._exporter.config.sending_queue.num_consumers):
            name = f"{self._context.component_id}-{number}"
            thread = threading.Thread(target=self._run, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def consume(self, batch: Batch) -> None:
        """Queue the batch with its transaction. Raises RefusedError when the queue is full."""
        self._queue.put(batch)

    def interrupt(self) -> None:
        """Nobody waits for the backend here."""

    def shutdown(self) -> None:
        """Push what is left for at most the drain time; the rest stays in the storage."""
        self._queue.close()
        if self._context.storage.durable:
            self._stop.set()  # a failing backend need not be waited for: the rest is kept
        self._join(self._drain_timeout)
        self._stop.set()
        self._queue.abandon()
        self._join(self._exporter.config.timeout)
        self._threads.clear()
        self._forget([])
        self._depth.remove(self._context.component_id)  # a reload may be the end of this exporter
        self._exporter.shutdown()

    def write_off(self) -> None:
        """Count what is left in a memory that nobody will read again as dropped."""
        left = self._queue.spans
        if left and not self._context.storage.durable:
            self._context.counts.dropped_now(left, "shutdown")
            self._context.logger.error("spans lost at shutdown", spans=left)

    def _join(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        while items := self._queue.take():
            try:
                self._deliver(items)
            except InterruptedRetryError:
                return
            except sqlite3.Error:
                self._context.logger.exception("the storage does not give what is queued yet")
                self._queue.put_back(items)
                if self._stop.wait(self._exporter.config.retry_on_failure.initial_interval):
                    return
            except Exception:
                # The rows are still there, and the next start finds them.
                self._context.logger.exception("queue failed")

    def _deliver(self, items: list[Item]) -> None:
        counts: list[Callable[[], None]] = []
        spans = sum(item.spans for item in items)
        # Interrupted between two halves, all of it is sent and counted another time.
        self._sender.send(self._queue.payload(items), spans, counts.append)
        for count in counts:
            count()
        self._forget(items)

    def _forget(self, items: list[Item]) -> None:
        try:
            self._queue.done(items)
        except sqlite3.Error as error:
            self._context.logger.error(
                "the storage does not let go of what was delivered; it is tried again after the "
                "next delivery, and a restart before that delivers it twice",
                error=getattr(error, "sqlite_errorname", type(error).__name__),
                spans=sum(item.spans for item in items),
            )


class DirectDelivery:
    """retry → push in the pipeline's own thread: the agent's answer waits for the backend."""

    def __init__(self, exporter: Exporter[ExporterConfig], context: Context) -> None:
        """Acquires nothing before `start`."""
        self._exporter = exporter
        self._stop = threading.Event()
        self._sender = Sender(exporter, context, self._stop)

    def start(self) -> None:
        """Start the exporter."""
        _start(self._exporter)

    def consume(self, batch: Batch) -> None:
        """Push the batch. Raises RefusedError when interrupted by a shutdown.

        What another part of the pipeline refuses later comes again, and is counted then.
        """
        try:
            with TURNS.lend():
                self._sender.send(batch.payload, batch.span_count, batch.transaction.on_commit)
        except InterruptedRetryError as error:
            raise RefusedError("shutdown", "the collector is stopping") from error

    def interrupt(self) -> None:
        """From now on each batch gets one try: its sender is to hear that it is refused."""
        self._stop.set()

    def shutdown(self) -> None:
        """Interrupt retries and shut the exporter down."""
        self.interrupt()
        self._exporter.shutdown()

    def write_off(self) -> None:
        """Nothing waits here."""


def _start(exporter: Exporter[ExporterConfig]) -> None:
    """Start it. Raises StartError that says which exporter it is."""
    try:
        exporter.start()
    except StartError as error:
        raise StartError(f"exporters.{exporter.context.component_id}: {error}") from error
