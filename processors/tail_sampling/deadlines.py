"""When traces are due, to a tenth of a second."""

import heapq
from collections import deque

from processors.tail_sampling.open_trace import OpenTrace

_SLOTS = 10
"""A second."""
_NOWHERE = -1
_SPARE = 1000


class Deadlines:
    """Traces in slots of the time that they are due.

    A trace whose deadline moves away stays in its slot and goes on to the right one when that
    comes up, so an arriving span costs no entry. Not thread-safe.
    """

    def __init__(self) -> None:
        self._slots: dict[int, deque[OpenTrace]] = {}
        self._order: list[int] = []
        self._entries = 0

    def set(self, trace: OpenTrace, due: float) -> None:
        """The trace is due at `due`, in seconds of the monotonic clock."""
        trace.due = due
        number = int(due * _SLOTS)
        if trace.slot == _NOWHERE or number < trace.slot:
            self._enter(trace, number)

    def first(self) -> float | None:
        """When the first slot begins; perhaps nothing in it is due any more."""
        return self._order[0] / _SLOTS if self._order else None

    def take(self, now: float, most: int) -> list[OpenTrace]:
        """Up to `most` traces that are due, the longest due first. They have no deadline then."""
        due: list[OpenTrace] = []
        not_yet: list[OpenTrace] = []
        current = int(now * _SLOTS)
        while self._order and self._order[0] <= current and len(due) < most:
            number = self._order[0]
            slot = self._slots[number]
            while slot and len(due) < most:
                trace = slot.popleft()
                self._entries -= 1
                if trace.slot == number:
                    trace.slot = _NOWHERE
                    (due if trace.due <= now else not_yet).append(trace)
            if not slot:
                del self._slots[heapq.heappop(self._order)]
        for trace in not_yet:
            self._enter(trace, int(trace.due * _SLOTS))
        return due

    def discard(self, trace: OpenTrace) -> None:
        """The trace has no deadline any more."""
        trace.slot = _NOWHERE

    def sweep(self, traces: int) -> None:
        """Forget entries that hold no longer, once they are more than those of `traces` traces."""
        if self._entries > 2 * traces + _SPARE:
            held = dict.fromkeys(
                trace
                for number, slot in self._slots.items()
                for trace in slot
                if trace.slot == number
            )
            self._slots, self._order, self._entries = {}, [], 0
            for trace in held:
                self._enter(trace, trace.slot)

    def _enter(self, trace: OpenTrace, number: int) -> None:
        trace.slot = number
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = deque()
            heapq.heappush(self._order, number)
        slot.append(trace)
        self._entries += 1
