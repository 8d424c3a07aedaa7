"""Asks the daemon's telemetry how it is while it is loaded, and remembers the slowest answer."""

import contextlib
import http.client
import threading
import time
from types import TracebackType

from prometheus_client.parser import text_string_to_metric_families

PATHS = ("/metrics", "/readyz")
_HELD = ("winnow_tail_sampling_open_traces", "winnow_exporter_queue_spans")
# An answer costs the daemon some milliseconds, which count as its own: ask it rarely.
INTERVAL = 0.5
_TIMEOUT = 10.0


class Probe:
    """Polls for the length of a block; `worst` is in seconds, a path without an answer infinite."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._poll)
        self.worst: dict[str, float] = dict.fromkeys(PATHS, 0.0)

    def __enter__(self) -> "Probe":
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _poll(self) -> None:
        while not self._stop.wait(INTERVAL):
            for path in PATHS:
                self.worst[path] = max(self.worst[path], answer_time(self._port, path))


def answer_time(port: int, path: str) -> float:
    """Seconds until the path answered 200; infinite where it did not."""
    started = time.perf_counter()
    return float("inf") if _get(port, path) is None else time.perf_counter() - started


def held(port: int) -> float:
    """How many traces and spans the daemon still holds; infinite where it does not answer."""
    text = _get(port, "/metrics")
    if text is None:
        return float("inf")
    families = text_string_to_metric_families(text)
    return sum(s.value for family in families for s in family.samples if s.name in _HELD)


def _get(port: int, path: str) -> str | None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT)
    with contextlib.closing(connection):
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            text = answer.read().decode()
        except OSError:
            return None
        return text if answer.status == 200 else None
