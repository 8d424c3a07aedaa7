"""The daemon: starts the pipelines, listens to signals, reloads, drains, ends."""

import gc
import os
import queue
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from prometheus_client import GC_COLLECTOR, PLATFORM_COLLECTOR, ProcessCollector

from collector import __version__
from collector.banner import banner
from collector.clock import SystemClock
from collector.config.load import CollectorConfig
from collector.delivery.orphans import Orphans
from collector.errors import WinnowError
from collector.graph import Graph, Surroundings
from collector.http_server import HttpServer
from collector.storage import Storage
from collector.telemetry.logs import configure_logs, get_logger
from collector.telemetry.metrics import Metrics
from collector.telemetry.server import make_telemetry_app

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Service:
    """One running collector."""

    def __init__(self, config: CollectorConfig) -> None:
        """Acquires nothing yet."""
        self._config = config
        self._around = Surroundings(
            Metrics(), Storage(config.service.storage.directory), SystemClock()
        )
        self._orphans = Orphans(self._around.metrics, self._around.storage)
        self._graph: Graph | None = None
        self._telemetry: HttpServer | None = None
        self._log = get_logger()

    def start(self) -> None:
        """Open the storage, start the pipelines, answer on the telemetry endpoint.

        Raises StartError or ConfigError, with everything stopped again.
        """
        try:
            self._around.storage.open()
            self._start_telemetry()
            self._graph = self._run(self._config)
        except BaseException:
            self.stop()
            raise

    def reload(self, load: Callable[[], CollectorConfig]) -> None:
        """Change over to the configuration that `load` gives; on any mistake keep the old one."""
        try:
            config = load()
            graph = Graph(config, self._around, reloaded=True)
        except Exception as error:
            self._complain("reload refused, the old pipelines go on", error)
            return
        if (config.service.storage, config.service.telemetry) != (
            self._config.service.storage,
            self._config.service.telemetry,
        ):
            self._log.warning("service.storage and service.telemetry change with a restart only")
        self._change_over(config, graph)

    def stop(self) -> None:
        """Drain and release everything. Safe to call twice."""
        if self._graph is not None:
            graph, self._graph = self._graph, None
            graph.shutdown()
            graph.write_off()
            self._orphans.write_off()
        if self._telemetry is not None:
            self._telemetry.stop()
            self._telemetry = None
        self._around.storage.close()

    @property
    def banner(self) -> str:
        """Where to send spans and where to look, for people."""
        receivers = self._graph.receivers if self._graph else []
        return banner(self._config, receivers, self._telemetry.port if self._telemetry else 0)

    def _run(self, config: CollectorConfig, *, reloaded: bool = False) -> Graph:
        graph = Graph(config, self._around, reloaded=reloaded)
        self._set_going(graph, reloaded=reloaded)
        return graph

    def _set_going(self, graph: Graph, *, reloaded: bool) -> None:
        try:
            self._orphans.look(graph.queues, reloaded=reloaded)
        except sqlite3.Error as error:
            raise self._around.storage.unusable(error) from error
        graph.start()

    def _change_over(self, config: CollectorConfig, graph: Graph) -> None:
        """The old pipelines let go of their ports first; spans in between are sent again."""
        if self._graph is not None:
            self._graph.shutdown()
            self._graph = None
        try:
            self._set_going(graph, reloaded=True)
        except Exception as error:
            self._complain("reload failed, going back to the old pipelines", error)
            self._graph = self._run(self._config, reloaded=True)
            return
        self._graph, self._config = graph, config
        self._log.info("reloaded", warnings=list(config.warnings))

    def _complain(self, event: str, error: Exception) -> None:
        """Log what went wrong, in the error's words where they are our own."""
        if isinstance(error, WinnowError):
            self._log.error(event, problem=str(error))
        else:
            self._log.exception(event)

    def _start_telemetry(self) -> None:
        registry = self._around.metrics.registry
        ProcessCollector(registry=registry)
        for collector in (PLATFORM_COLLECTOR, GC_COLLECTOR):
            registry.register(collector)
        build = self._around.metrics.gauge("winnow_build_info", "The version.", ("version",))
        build.labels(__version__).set(1)
        app = make_telemetry_app(registry, lambda: self._graph is not None, __version__)
        self._telemetry = HttpServer(app, self._config.service.telemetry.endpoint)
        self._telemetry.start("service.telemetry.endpoint")


def run(config: CollectorConfig, reload: Callable[[], CollectorConfig]) -> int:
    """Run the collector until SIGINT or SIGTERM; the exit code.

    SIGHUP calls `reload` for the next configuration. A second SIGINT or SIGTERM ends the
    process at once.
    """
    logs = config.service.telemetry.logs
    configure_logs(logs.level, logs.encoding)
    log = get_logger()
    service = Service(config)
    with _signals() as received:
        try:
            service.start()
            _calm_garbage_collector()
            print(service.banner, flush=True)  # noqa: T201
            while received.get() == signal.SIGHUP:
                service.reload(reload)
        except WinnowError as error:
            log.error("cannot run", problem=str(error))
            service.stop()
            return 1
        log.info("stopping", drain_timeout=config.service.drain_timeout)
        service.stop()
    return 0


def _calm_garbage_collector() -> None:
    """Collect cycles rarely: a batch makes thousands of short-lived objects and no cycles.

    With CPython's default threshold of 700, indexing attributes spends a third of its time here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 10, 10)


@contextmanager
def _signals() -> Iterator["queue.SimpleQueue[int]"]:
    """The signals that arrive, in order; the handlers of before are restored at the end.

    Whatever is being done, the second one that asks for the end ends the process.
    """
    received: queue.SimpleQueue[int] = queue.SimpleQueue()
    ending = False

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal ending
        if number != signal.SIGHUP:
            if ending:
                os._exit(128 + number)
            ending = True
        received.put(number)

    before = {number: signal.signal(number, note) for number in _SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
