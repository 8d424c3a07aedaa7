"""Traces that were decided before their time, until they would have been due."""

from collections import OrderedDict

from processors.tail_sampling.open_trace import STREAMING, OpenTrace
from processors.tail_sampling.schedule import Schedule


class Streams:
    """Their spans pass at once; their summaries go on. Not thread-safe."""

    def __init__(self, most: int, schedule: Schedule) -> None:
        """Beyond `most` traces the oldest ends early. `schedule` gives back those that are due."""
        self._most = most
        self._schedule = schedule
        self._traces: OrderedDict[bytes, OpenTrace] = OrderedDict()
        self._ended: list[OpenTrace] = []

    def __len__(self) -> int:
        return len(self._traces)

    def get(self, trace_id: bytes) -> OpenTrace | None:
        """The trace, if it streams."""
        return self._traces.get(trace_id)

    def begin(self, trace: OpenTrace, now: float) -> None:
        """A trace was decided that is expected to have more spans."""
        trace.state = STREAMING
        self._traces[trace.trace_id] = trace
        self._schedule.again(trace, self._schedule.due(trace, now))
        if len(self._traces) > self._most:
            self.end(next(iter(self._traces.values())))

    def end(self, trace: OpenTrace) -> None:
        """No more spans are expected."""
        self._schedule.forget(trace)
        del self._traces[trace.trace_id]
        self._ended.append(trace)

    def ended(self) -> list[OpenTrace]:
        """Those that have ended since this was asked last: their summaries are complete."""
        ended, self._ended = self._ended, []
        return ended
