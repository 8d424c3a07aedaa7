"""The traces that wait for a decision, and who may touch them when."""

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence

from collector import RefusedError, SpanRecord
from collector.turns import TURNS
from processors.tail_sampling.alarm import Alarm
from processors.tail_sampling.chunks import StoredChunk
from processors.tail_sampling.decision import Rules
from processors.tail_sampling.open_trace import (
    NEW,
    STREAMED,
    STREAMING,
    WAITING,
    Arrival,
    Limits,
    OpenTrace,
    Pinned,
    Reason,
)
from processors.tail_sampling.remembered import DecisionCache
from processors.tail_sampling.schedule import Schedule
from processors.tail_sampling.streams import Streams
from processors.tail_sampling.summary import Summary

HEADROOM = 1.25
"""Beyond a limit by this factor the sampler refuses: decisions cannot keep up."""
PATIENCE = 5.0
"""Seconds that arriving spans wait for a decision, or for room, before they are refused."""


class OpenTraces:
    """All open traces of a sampler, and those that stream. Thread-safe.

    Times are seconds on the monotonic clock.
    """

    def __init__(self, limits: Limits, rules: Rules, decided: DecisionCache) -> None:
        self._limits = limits
        self._rules = rules
        self._asks_early = limits.decide_early and rules.asks_early
        self._decided = decided
        self._open: dict[bytes, OpenTrace] = {}
        self._bytes = 0
        self._schedule = Schedule(limits)
        self._streams = Streams(limits.traces, self._schedule)
        self._busy: set[bytes] = set()
        """Traces that take no spans: they are being decided, or were due while pinned."""
        self._lock = threading.Lock()
        self._settled = threading.Condition(self._lock)
        self._alarm = Alarm(self._lock)

    def __len__(self) -> int:
        return len(self._open)

    def traces(self) -> list[OpenTrace]:
        """All open ones, the oldest first."""
        with self._lock:
            return list(self._open.values())

    # Arriving spans.

    def pin(self, trace_ids: Collection[bytes]) -> Pinned:
        """Sort traces; the open ones, and the new ones, stay open until `add` or `unpin`.

        Waits a while for a decision that is being carried out on one of them. Raises RefusedError
        if that takes too long, or decisions cannot keep up.
        """
        deadline = time.monotonic() + PATIENCE
        while True:
            with self._lock:
                if self._may_enter(trace_ids):
                    self._refuse_overload()
                    return self._pin(trace_ids)
            self._wait_to_enter(trace_ids, deadline)

    def _pin(self, trace_ids: Iterable[bytes]) -> Pinned:
        pinned = Pinned({}, {}, {})
        for trace_id in trace_ids:
            trace = self._open.get(trace_id)
            if trace is None:
                stream = self._streams.get(trace_id)
                if stream is not None:
                    pinned.streaming[trace_id] = stream
                    continue
                decision = self._decided.get(trace_id)
                if decision is not None:
                    pinned.decided[trace_id] = decision
                    continue
                trace = self._open[trace_id] = OpenTrace(trace_id, self._rules.summary(trace_id))
            trace.pins += 1
            pinned.open[trace_id] = trace
        return pinned

    def _may_enter(self, trace_ids: Collection[bytes]) -> bool:
        if not self._busy.isdisjoint(trace_ids):
            return False
        limits = self._limits
        if not limits.block or len(self._open) < limits.traces:
            return True
        return all(map(self._known, trace_ids))

    def _known(self, trace_id: bytes) -> bool:
        return (
            trace_id in self._open
            or self._streams.get(trace_id) is not None
            or self._decided.get(trace_id) is not None
        )

    def _wait_to_enter(self, trace_ids: Collection[bytes], deadline: float) -> None:
        # What is waited for may need the turn that this thread has.
        with TURNS.lend(), self._lock:
            remaining = deadline - time.monotonic()
            if not self._settled.wait_for(lambda: self._may_enter(trace_ids), remaining):
                raise RefusedError("tail_sampling_busy", "tail sampling could not decide in time")

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
                if not trace.pins and trace.state is NEW:
                    del self._open[trace.trace_id]
            self._settled.notify_all()
            self._alarm.set(self._schedule.first())

    def add(self, arrivals: Sequence[Arrival], now: float) -> int:
        """The chunks of pinned traces are committed: observe their spans, and unpin.

        Returns how many of the traces are new.
        """
        with self._lock:
            new = 0
            for trace, chunk_id, size, rooted, records in arrivals:
                new += trace.state is NEW
                self._take_in(trace, chunk_id, len(records), size)
                self._schedule.came(trace, size, now, rooted=rooted)
                if trace.summary is not None:
                    self._rules.observe(trace.summary, records)
                    trace.summary.size = trace.size
                if trace.state is WAITING:
                    self._look_at(trace, now)
                self._release_pin(trace)
            self._schedule.hurry_surplus(now)
            self._alarm.set(self._schedule.first())
            return new

    def restore(self, chunk: StoredChunk, now: float, age: float) -> bool:
        """Take up a chunk that an earlier run left, `age` seconds old; whether its trace is new.

        The summary is left to the decision.
        """
        with self._lock:
            trace = self._open.get(chunk.trace_id)
            if trace is None:
                trace = self._open[chunk.trace_id] = OpenTrace(chunk.trace_id, None)
            new = trace.state is NEW
            self._take_in(trace, chunk.id, chunk.spans, chunk.size)
            self._schedule.came(trace, chunk.size, now - age, rooted=bool(chunk.rooted))
            self._schedule.hurry_surplus(now)
            return new

    def _take_in(self, trace: OpenTrace, chunk_id: int, spans: int, size: int) -> None:
        trace.chunks.append(chunk_id)
        trace.spans += spans
        trace.size += size
        self._bytes += size

    def _look_at(self, trace: OpenTrace, now: float) -> None:
        """Whether the new spans are reason enough to decide."""
        if self._limits.trace_bytes and trace.size > self._limits.trace_bytes:
            self._schedule.hurry(trace, now, Reason.TRACE_SIZE)
        elif self._asks_early and trace.summary is not None:
            trace.decision = self._rules.decide_early(trace.summary)
            if trace.decision is not None:
                self._schedule.hurry(trace, now, Reason.POLICY)

    def _release_pin(self, trace: OpenTrace) -> None:
        trace.pins -= 1
        if trace.parked and not trace.pins:
            trace.parked = False
            self._schedule.again(trace, trace.due)

    # Spans that follow an early decision.

    def preview(self, trace: OpenTrace, records: Sequence[SpanRecord]) -> Summary | None:
        """The summary of a streaming trace as it will be with these spans."""
        with self._lock:
            summary = trace.summary
            return None if summary is None else self._rules.preview(summary, records)

    def follow(self, trace: OpenTrace, records: Sequence[SpanRecord], now: float) -> None:
        """Spans of a streaming trace are committed. Nothing happens if it has ended."""
        with self._lock:
            summary = trace.summary
            if trace.state is STREAMING and summary is not None:
                rooted = summary.rooted
                self._rules.observe(summary, records)
                if summary.rooted and not rooted:
                    self._schedule.root_came(trace, now)
                self._schedule.again(trace, self._schedule.due(trace, now))

    def ended_streams(self) -> list[OpenTrace]:
        """Traces decided before their time that expect no more spans, each once."""
        with self._lock:
            return self._streams.ended()

    # The decision thread.

    def hurry_all(self, now: float, reason: Reason) -> None:
        """Every open trace is due now."""
        with self._lock:
            for trace in self._open.values():
                self._schedule.hurry(trace, now, reason)
                self._schedule.again(trace, min(trace.due, now))

    def take(self, now: float, most: int) -> list[OpenTrace]:
        """Up to `most` traces that are due; they take no spans until `close` or `retry`."""
        taken: list[OpenTrace] = []
        with self._lock:
            while not taken and (due := self._schedule.take(now, most)):
                taken = [trace for trace in due if self._take(trace)]
        return taken

    def _take(self, trace: OpenTrace) -> bool:
        if trace.state is STREAMING:
            self._streams.end(trace)
            return False
        self._busy.add(trace.trace_id)
        trace.parked = trace.pins > 0
        return not trace.parked

    def close(self, traces: Sequence[OpenTrace], rows: Sequence[int], now: float) -> None:
        """The decisions on these traces are carried out, and stored in these rows."""
        with self._lock:
            for trace, row in zip(traces, rows, strict=True):
                self._forget(trace)
                if trace.decision is not None:
                    self._decided.put(trace.trace_id, trace.decision, row)
                if trace.reason in STREAMED:
                    self._streams.begin(trace, now)
            self._tidy()

    def drop(self, traces: Iterable[OpenTrace]) -> None:
        """These traces are gone without a decision."""
        with self._lock:
            for trace in traces:
                self._forget(trace)
            self._tidy()

    def _forget(self, trace: OpenTrace) -> None:
        self._schedule.forget(trace)
        self._busy.discard(trace.trace_id)
        self._bytes -= trace.size
        del self._open[trace.trace_id]
        del trace.chunks[:]

    def _tidy(self) -> None:
        self._schedule.tidy(len(self._open) + len(self._streams))
        self._settled.notify_all()

    def retry(self, traces: Iterable[OpenTrace], due: float) -> None:
        """The decisions on these traces could not be carried out: try again at `due`."""
        with self._lock:
            for trace in traces:
                self._busy.discard(trace.trace_id)
                self._schedule.again(trace, due)
            self._settled.notify_all()
            self._alarm.set(self._schedule.first())

    def wait_for_due(self, now: Callable[[], float], pause: float) -> bool:
        """Block for `pause` seconds, so that decisions are made in company, then until a trace
        may be due; False after `stop`.
        """
        self._alarm.pause(pause)
        with self._lock:
            return self._alarm.sleep_until(self._schedule.first(), now)

    def stop(self) -> None:
        """Let the decision thread wait no more."""
        with self._lock:
            self._alarm.stop()
