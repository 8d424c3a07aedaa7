"""What became of an agent's answer, and how long a good one took."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from collector import SpanRecord
from processors.agent_metrics.config import OutcomeSettings
from processors.agent_metrics.origins import Origins
from processors.agent_metrics.recent import Recent

_MOST_WAITING = 16
"""Accepted outcomes of one trace that wait for its root; there is hardly ever a second."""


class Outcome(NamedTuple):
    """A judgement on what a trace gave."""

    trace_id: bytes
    name: str
    time: int
    """Nanoseconds since 1970."""
    agent: str


class Outcomes:
    """Finds outcomes on spans, by the names in the configuration."""

    def __init__(self, settings: OutcomeSettings) -> None:
        self._attributes = settings.attributes
        self._events = settings.events
        self._accepted = frozenset(settings.accepted)

    @property
    def wanted(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._attributes or self._events)

    def on(
        self, judged: Iterable[SpanRecord], others: Iterable[SpanRecord], origins: Origins
    ) -> list[Outcome]:
        """What these spans tell, an outcome once a span.

        `judged` have one of the attributes; `others` may have events.
        """
        records = dict.fromkeys(judged)
        if self._events:
            records.update(dict.fromkeys([one for one in others if one.span.events]))
        return [
            Outcome(record.span.trace_id, name, time, origins.agent(record))
            for record in records
            for name, time in self._told(record).items()
        ]

    def _told(self, record: SpanRecord) -> dict[str, int]:
        """Outcomes with their time: an event's own, and for an attribute the end of the span."""
        told: dict[str, int] = {}
        for key in self._attributes:
            if name := record.attributes.text(key):
                told[name] = record.span.end_time_unix_nano
        for event in record.span.events if self._events else ():
            if name := self._events.get(event.name, ""):
                told[name] = event.time_unix_nano
        return told

    def accepted(self, outcomes: Iterable[Outcome]) -> list[Outcome]:
        """Those that mean that the output was good."""
        return [outcome for outcome in outcomes if outcome.name in self._accepted]


class Stopwatch:
    """From a root's start to an outcome, whichever of them arrives first. Thread-safe."""

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Remembers `limit` roots, and as many outcomes that wait for theirs.

        `forgotten` is told how many had to make room.
        """
        self._forgotten = forgotten
        self._starts: Recent[bytes, int] = Recent(limit, forgotten)
        self._waiting: Recent[bytes, list[Outcome]] = Recent(limit, forgotten)
        self._lock = threading.Lock()

    def times(
        self, roots: Iterable[tuple[bytes, int]], outcomes: Sequence[Outcome]
    ) -> list[tuple[str, float]]:
        """Agent and seconds of every outcome whose root is known now.

        `roots` are trace ids with the time at which the root began, in nanoseconds.
        """
        with self._lock:
            ready = list(outcomes)
            for trace_id, start in roots:
                self._starts.put(trace_id, start)
                ready += self._waiting.pop(trace_id) or ()
            timed = [found for outcome in ready for found in self._time(outcome)]
            self._starts.trim()
            self._waiting.trim()
        return timed

    def _time(self, outcome: Outcome) -> list[tuple[str, float]]:
        start = self._starts.get(outcome.trace_id)
        if start is not None:
            return [(outcome.agent, max(outcome.time - start, 0) / 1e9)]
        waiting = self._waiting.get(outcome.trace_id) or []
        if len(waiting) < _MOST_WAITING:
            self._waiting.put(outcome.trace_id, [*waiting, outcome])
        else:
            self._forgotten(1)
        return []
