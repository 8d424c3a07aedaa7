"""Which calls to count: each once, in whatever batches its spans come."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from collector import SpanRecord, Transaction
from processors.agent_metrics.claims import Claim
from processors.agent_metrics.remembered import Remembered


class Once:
    """Picks the calls of one kind that were not counted before. Thread-safe.

    The span above a call may be a call, too: a framework's span around the client's. The inner one
    is the call, as with `model_calls.leaves`. Where the outer one came in an earlier batch, it was
    counted, and stands for all calls below it.

    Claims of owned batches wait, and are looked into only when one of their traces comes again.
    """

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Remembers `limit` calls, at least the latest half; tells how many had to go."""
        self._half = max(1, limit // 2)
        self._forgotten = forgotten
        self._done: Remembered[int] = Remembered(limit, forgotten)
        # Wide enough to forget nothing of a call that `done` still knows.
        self._above: Remembered[int] = Remembered(2 * limit, _ignore)
        self._traces: Remembered[bytes] = Remembered(2 * limit, _ignore)
        self._waiting: deque[Claim] = deque()
        self._calls_waiting = 0
        self._under_way: list[Claim] = []
        self._lock = threading.Lock()

    def pick(self, calls: Sequence[SpanRecord], transaction: Transaction) -> Sequence[SpanRecord]:
        """Those of `calls` to count; they are remembered once the transaction is committed.

        Until then they are taken for counted, so that no other batch counts them meanwhile.
        """
        claim = Claim(calls)
        with self._lock:
            if not claim.is_plain or self._knows(claim.traces):
                calls = self._pick(calls, claim)
            self._under_way.append(claim)
        transaction.on_commit(lambda: self._end(claim, owned=True))
        transaction.on_rollback(lambda: self._end(claim, owned=False))
        return calls

    def _knows(self, traces: set[bytes]) -> bool:
        return not self._traces.none_of(traces) or any(
            not claim.traces.isdisjoint(traces) for claim in self._under_way
        )

    def _pick(self, calls: Sequence[SpanRecord], claim: Claim) -> list[SpanRecord]:
        self._look_into_waiting()
        ids, parents = claim.spans()
        counted = self._done.among(claim.done) | self._done.among(claim.above)
        above = self._above.among(claim.done)
        for other in self._under_way:
            counted |= (claim.done | claim.above) & other.done
            above |= claim.done & other.above
        picked = claim.settle(dict(zip(ids, parents, strict=True)), counted, above)
        records = dict(zip(ids, calls, strict=True))
        return [record for span, record in records.items() if span in picked]

    def _look_into_waiting(self) -> None:
        for claim in self._waiting:
            self._done.keep(claim.done)
            self._above.keep(claim.above)
        self._waiting.clear()
        self._calls_waiting = 0

    def _end(self, claim: Claim, *, owned: bool) -> None:
        with self._lock:
            self._under_way.remove(claim)
            if owned:
                self._traces.keep(claim.traces)
                self._waiting.append(claim)
                self._calls_waiting += claim.calls
                while self._calls_waiting > self._half and len(self._waiting) > 1:
                    self._forget(self._waiting.popleft())

    def _forget(self, claim: Claim) -> None:
        self._calls_waiting -= claim.calls
        self._forgotten(claim.calls)


def _ignore(_: int) -> None:
    """What goes unnoticed goes with a call that is counted as forgotten."""
