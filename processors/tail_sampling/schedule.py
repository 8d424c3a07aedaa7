"""When a trace is decided: its own time, or sooner where there are more than the limits allow."""

from collections import deque

from processors.tail_sampling.deadlines import Deadlines
from processors.tail_sampling.open_trace import DUE, GONE, NEW, WAITING, Limits, OpenTrace, Reason

_SPARE = 1000


class Schedule:
    """The deadlines of all open traces, and who goes first beyond a limit. Not thread-safe.

    Times are seconds on the monotonic clock.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._deadlines = Deadlines()
        self._by_age: deque[OpenTrace] = deque()
        """The waiting traces, the oldest first, and some that wait no more."""
        self._waiting = 0
        self._waiting_bytes = 0

    # Each trace in its own time.

    def came(self, trace: OpenTrace, size: int, now: float, *, rooted: bool) -> None:
        """Spans of `size` bytes came at `now`, the root among them if `rooted`."""
        if trace.state is NEW:
            self._begin(trace, now)
        elif trace.state is WAITING:
            self._waiting_bytes += size
            if self._limits.inactivity:
                self._deadlines.set(trace, self.due(trace, now))
        if rooted and trace.state is WAITING:
            self.root_came(trace, now)
            if trace.due > trace.latest:
                self._deadlines.set(trace, trace.latest)

    def _begin(self, trace: OpenTrace, now: float) -> None:
        limits = self._limits
        trace.state = WAITING
        trace.first = now
        trace.latest = now + (limits.max_age if limits.inactivity else limits.wait)
        self._waiting += 1
        self._waiting_bytes += trace.size
        self._by_age.append(trace)
        self._deadlines.set(trace, self.due(trace, now))

    def root_came(self, trace: OpenTrace, now: float) -> None:
        """The trace need not wait for long any more."""
        latest = now + self._limits.wait_after_root
        if self._limits.wait_after_root and latest < trace.latest:
            trace.latest, trace.rooted = latest, True

    def due(self, trace: OpenTrace, now: float) -> float:
        """When a trace is due of which spans came at `now`."""
        limits = self._limits
        if not limits.inactivity:
            return trace.latest
        return min(trace.latest, max(trace.first + limits.wait, now + limits.inactivity))

    def again(self, trace: OpenTrace, due: float) -> None:
        """A trace that was taken is due again."""
        self._deadlines.set(trace, due)

    # Sooner.

    def hurry(self, trace: OpenTrace, now: float, reason: Reason) -> None:
        """Decide a waiting trace now."""
        if trace.state is WAITING:
            self._leave(trace, reason)
            self._deadlines.set(trace, min(trace.due, now))

    def hurry_surplus(self, now: float) -> None:
        """Decide the oldest now where there are more than the limits allow."""
        limits = self._limits
        if limits.traces and not limits.block:
            while self._waiting > limits.traces:
                self.hurry(self._oldest(), now, Reason.NUM_TRACES)
        while limits.total_bytes and self._waiting_bytes > limits.total_bytes:
            self.hurry(self._oldest(), now, Reason.MAX_BYTES)

    def _oldest(self) -> OpenTrace:
        while self._by_age[0].state is not WAITING:
            self._by_age.popleft()
        return self._by_age[0]

    # What is due.

    def first(self) -> float | None:
        """When the next trace may be due; None where there is none."""
        return self._deadlines.first()

    def take(self, now: float, most: int) -> list[OpenTrace]:
        """Up to `most` traces that are due, with their reasons. They have no deadline then."""
        taken = self._deadlines.take(now, most)
        for trace in taken:
            if trace.state is WAITING:
                self._leave(trace, self._why(trace))
        return taken

    def forget(self, trace: OpenTrace) -> None:
        """The trace is not open any more."""
        if trace.state is WAITING:
            self._leave(trace, Reason.SHUTDOWN)
        trace.state = GONE
        self._deadlines.discard(trace)

    def tidy(self, traces: int) -> None:
        """Some were forgotten; `traces` are left."""
        self._deadlines.sweep(traces)
        if len(self._by_age) > 2 * self._waiting + _SPARE:
            self._by_age = deque(t for t in self._by_age if t.state is WAITING)

    def _leave(self, trace: OpenTrace, reason: Reason) -> None:
        trace.state, trace.reason = DUE, reason
        self._waiting -= 1
        self._waiting_bytes -= trace.size

    def _why(self, trace: OpenTrace) -> Reason:
        limits = self._limits
        if trace.due >= trace.latest and trace.rooted:
            return Reason.ROOT_RECEIVED
        if not limits.inactivity or trace.due <= trace.first + limits.wait:
            return Reason.DECISION_WAIT
        return Reason.MAX_AGE if trace.due >= trace.latest else Reason.INACTIVITY
