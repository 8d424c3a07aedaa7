"""The traces that wait for a decision: who they are, when they are due, and within what limits."""

import heapq
import itertools
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from collector import RefusedError, SpanRecord
from processors.tail_sampling.decision import Decision, DecisionCache, Rules
from processors.tail_sampling.summary import Summary

HEADROOM = 1.25
"""Beyond a limit by this factor the sampler refuses: decisions cannot keep up."""


@dataclass(frozen=True)
class Limits:
    """When a trace is decided, and how much may be open. Times in seconds; 0 is no limit."""

    wait: float
    wait_after_root: float
    traces: int
    total_bytes: int
    trace_bytes: int


class OpenTrace:
    """A trace without a decision, or with one that could not be carried out yet."""

    __slots__ = (
        "chunks",
        "decision",
        "due",
        "parked",
        "pins",
        "reason",
        "size",
        "spans",
        "summary",
    )

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        self.chunks: list[int] = []
        self.spans = 0
        self.size = 0
        """Bytes of its chunks."""
        self.due = 0.0
        """On the monotonic clock; 0 before the first chunk is committed."""
        self.pins = 0
        """Batches on their way that hold spans of it: it cannot be decided meanwhile."""
        self.parked = False
        """It was due while pinned."""
        self.reason = ""
        """Why it is decided before its time; empty where it is not."""
        self.decision: Decision | None = None


class Arrival(NamedTuple):
    """A chunk for an open trace, and the spans in it."""

    trace: OpenTrace
    chunk_id: int
    size: int
    records: Sequence[SpanRecord]
    age: float = 0.0
    """Seconds since it arrived."""


class OpenTraces:
    """All open traces of a sampler. Thread-safe."""

    def __init__(self, limits: Limits, rules: Rules, decided: DecisionCache) -> None:
        self._limits = limits
        self._rules = rules
        self._decided = decided
        self._open: dict[bytes, OpenTrace] = {}
        self._unhurried: OrderedDict[bytes, OpenTrace] = OrderedDict()
        self._unhurried_bytes = 0
        self._bytes = 0
        self._heap: list[tuple[float, int, OpenTrace]] = []
        self._pushed = itertools.count()
        self._deciding: set[bytes] = set()
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._sooner = threading.Condition(self._lock)
        self._stopped = threading.Event()

    def __len__(self) -> int:
        return len(self._open)

    def traces(self) -> list[OpenTrace]:
        """All of them, the oldest first."""
        with self._lock:
            return list(self._open.values())

    # Arriving spans.

    def pin(
        self, trace_ids: Collection[bytes], *, refuse: bool = True
    ) -> tuple[dict[bytes, OpenTrace], dict[bytes, Decision]]:
        """Sort traces into open and decided ones; the open ones stay open until `add` or `unpin`.

        Waits for a decision that is being carried out on one of them. Raises RefusedError where
        decisions cannot keep up, unless `refuse` is False.
        """
        with self._lock:
            while not self._deciding.isdisjoint(trace_ids):
                self._settled.wait()
            if refuse:
                self._refuse_overload()
            pinned: dict[bytes, OpenTrace] = {}
            decided: dict[bytes, Decision] = {}
            for trace_id in trace_ids:
                trace = self._open.get(trace_id)
                decision = None if trace else self._decided.get(trace_id)
                if decision is not None:
                    decided[trace_id] = decision
                    continue
                if trace is None:
                    trace = self._open[trace_id] = OpenTrace(self._rules.summary(trace_id))
                trace.pins += 1
                pinned[trace_id] = trace
            return pinned, decided

    def _refuse_overload(self) -> None:
        limits = self._limits
        too_many = limits.traces and len(self._open) >= limits.traces * HEADROOM
        if too_many or (limits.total_bytes and self._bytes >= limits.total_bytes * HEADROOM):
            raise RefusedError("tail_sampling_full", "tail sampling holds as much as it may")

    def unpin(self, traces: Iterable[OpenTrace]) -> None:
        """The batch that held them was refused."""
        with self._lock:
            for trace in traces:
                self._release_pin(trace)
                if not trace.pins and not trace.chunks:
                    del self._open[trace.summary.trace_id]

    def add(self, arrivals: Sequence[Arrival], now: float) -> int:
        """The chunks of pinned traces are committed: observe their spans, and unpin.

        Returns how many of the traces are new.
        """
        with self._lock:
            new = sum(not arrival.trace.chunks for arrival in arrivals)
            for arrival in arrivals:
                self._add(arrival, now)
            self._hurry_surplus(now)
            return new

    def _add(self, arrival: Arrival, now: float) -> None:
        trace, summary = arrival.trace, arrival.trace.summary
        was_rooted = summary.rooted
        self._rules.observe(summary, arrival.records)
        trace.chunks.append(arrival.chunk_id)
        trace.spans += len(arrival.records)
        trace.size += arrival.size
        summary.size = trace.size
        self._bytes += arrival.size
        if not trace.due:
            self._unhurried[summary.trace_id] = trace
            self._unhurried_bytes += trace.size
            self._schedule(trace, now - arrival.age + self._limits.wait)
        elif summary.trace_id in self._unhurried:
            self._unhurried_bytes += arrival.size
        if summary.rooted and not was_rooted and self._limits.wait_after_root:
            self._schedule(trace, min(trace.due, now + self._limits.wait_after_root))
        if self._limits.trace_bytes and trace.size > self._limits.trace_bytes:
            self._hurry(trace, now, "maximum_trace_size_bytes")
        self._release_pin(trace)

    def _release_pin(self, trace: OpenTrace) -> None:
        trace.pins -= 1
        if trace.parked and not trace.pins:
            trace.parked = False
            self._push(trace)

    # Deadlines and limits.

    def _schedule(self, trace: OpenTrace, due: float) -> None:
        trace.due = due
        self._push(trace)

    def _push(self, trace: OpenTrace) -> None:
        heapq.heappush(self._heap, (trace.due, next(self._pushed), trace))
        if self._heap[0][2] is trace:
            self._sooner.notify_all()

    def _sweep(self) -> None:
        """Forget deadlines that no longer hold, once they are the most."""
        if len(self._heap) > 2 * len(self._open) + 1000:
            self._heap = [entry for entry in self._heap if self._holds(entry[0], entry[2])]
            heapq.heapify(self._heap)

    def _holds(self, due: float, trace: OpenTrace) -> bool:
        return trace.due == due and self._open.get(trace.summary.trace_id) is trace

    def _hurry(self, trace: OpenTrace, now: float, reason: str) -> None:
        if self._unhurried.pop(trace.summary.trace_id, None) is not None:
            self._unhurried_bytes -= trace.size
            trace.reason = reason
            self._schedule(trace, min(trace.due, now))

    def _hurry_surplus(self, now: float) -> None:
        """Decide the oldest early where there are more than the limits allow."""
        limits = self._limits
        while limits.traces and len(self._unhurried) > limits.traces:
            self._hurry(next(iter(self._unhurried.values())), now, "num_traces")
        while limits.total_bytes and self._unhurried_bytes > limits.total_bytes:
            self._hurry(next(iter(self._unhurried.values())), now, "max_bytes")

    def hurry_all(self, now: float, reason: str) -> None:
        """Every open trace is due now."""
        with self._lock:
            for trace in self._open.values():
                self._hurry(trace, now, reason)
                self._schedule(trace, min(trace.due, now))

    # The decision thread.

    def take(self, now: float, most: int) -> list[OpenTrace]:
        """Up to `most` traces that are due; they are being decided until `close` or `retry`."""
        taken: list[OpenTrace] = []
        with self._lock:
            while self._heap and self._heap[0][0] <= now and len(taken) < most:
                due, _, trace = heapq.heappop(self._heap)
                trace_id = trace.summary.trace_id
                if not self._holds(due, trace) or trace_id in self._deciding:
                    continue
                if trace.pins:
                    trace.parked = True
                    continue
                if self._unhurried.pop(trace_id, None) is not None:
                    self._unhurried_bytes -= trace.size
                self._deciding.add(trace_id)
                taken.append(trace)
        return taken

    def close(self, traces: Iterable[OpenTrace]) -> None:
        """The decisions on these traces are carried out."""
        with self._lock:
            for trace in traces:
                trace_id = trace.summary.trace_id
                del self._open[trace_id]
                self._bytes -= trace.size
                self._deciding.discard(trace_id)
                if trace.decision is not None:
                    self._decided.put(trace_id, trace.decision)
            self._sweep()
            self._settled.notify_all()

    def retry(self, traces: Iterable[OpenTrace], due: float) -> None:
        """The decisions on these traces could not be carried out: try again at `due`."""
        with self._lock:
            for trace in traces:
                self._deciding.discard(trace.summary.trace_id)
                self._schedule(trace, due)
            self._settled.notify_all()

    def wait_for_due(self, now: Callable[[], float], pause: float) -> bool:
        """Block for `pause` seconds, so that decisions are made in company, then until a trace
        is due; False after `stop`.
        """
        self._stopped.wait(pause)
        with self._lock:
            if not self._stopped.is_set():
                timeout = self._heap[0][0] - now() if self._heap else None
                if timeout is None or timeout > 0:
                    self._sooner.wait(timeout)
            return not self._stopped.is_set()

    def stop(self) -> None:
        """Let the decision thread wait no more."""
        with self._lock:
            self._stopped.set()
            self._sooner.notify_all()
