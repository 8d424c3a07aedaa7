"""How the context of a session grows from one model call to the next."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from collector import SpanRecord
from collector.model_calls import model_call
from processors.agent_metrics.origins import Origins
from processors.agent_metrics.recent import Recent


class Turn(NamedTuple):
    """A model call of a session."""

    start: int
    """Nanoseconds since 1970."""
    session: int
    """The same for calls of one session and agent: a sub-agent's context is its own."""
    tokens: int
    """Input tokens."""
    agent: str


class Turns:
    """The turns of one batch."""

    def __init__(self, attributes: Sequence[str], origins: Origins) -> None:
        """The first of `attributes` that a call has names its session."""
        self._attributes = attributes
        self._origins = origins
        self.found: list[Turn] = []

    def add(self, record: SpanRecord) -> None:
        """Note a model call, if it tells its session and its input."""
        attributes = record.attributes
        for key in self._attributes:
            if key in attributes.values and (session := attributes.text(key)):
                self._note(record, session)
                return

    def _note(self, record: SpanRecord, session: str) -> None:
        call = model_call(record.attributes)
        if call.usage is not None and call.usage.input and call.operation != "embeddings":
            agent = self._origins.agent(record)
            key = hash((session, agent))
            start = record.span.start_time_unix_nano
            self.found.append(Turn(start, key, call.usage.input, agent))


class ContextGrowth:
    """The size of each session's context at its latest call. Thread-safe."""

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Remembers `limit` sessions; `forgotten` is told how many had to make room."""
        self._latest: Recent[int, tuple[int, int]] = Recent(limit, forgotten)
        self._lock = threading.Lock()

    def ratios(self, turns: Iterable[Turn]) -> dict[str, list[float]]:
        """By agent, each turn's input over that of the turn before.

        A call that began before one that is known already says nothing about growth.
        """
        found: dict[str, list[float]] = {}
        with self._lock:
            for start, session, tokens, agent in sorted(turns):
                known = self._latest.get(session)
                if known is not None and start <= known[0]:
                    continue
                self._latest.put(session, (start, tokens))
                if known is not None:
                    found.setdefault(agent, []).append(tokens / known[1])
            self._latest.trim()
        return found
