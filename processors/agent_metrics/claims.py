"""What a batch claims to have counted."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from collector import SpanRecord


class Claim:
    """The calls of one kind in one batch, and the spans right above them.

    Spans go by a hash of trace and span id, of 64 bits: of a million, two are hardly ever alike.
    They are hashed when first asked for; of most batches nobody asks.
    """

    __slots__ = ("_above", "_done", "_ids", "_parents", "_traces", "calls", "is_plain", "traces")

    def __init__(self, calls: Sequence[SpanRecord]) -> None:
        spans = [record.span for record in calls]
        self._traces = [span.trace_id for span in spans]
        self._ids = [span.span_id for span in spans]
        self._parents = [span.parent_span_id for span in spans]
        self._done: set[int] | None = None
        self._above: set[int] | None = None
        self.calls = len(calls)
        self.traces = set(self._traces)
        distinct = set(self._ids)
        self.is_plain = len(distinct) == len(self._ids) and distinct.isdisjoint(self._parents)
        """Whether no call is there twice, or above another."""

    @property
    def done(self) -> set[int]:
        """The spans of calls that count, or are below one that did: none below them counts."""
        if self._done is None:
            self._done = set(self._hashed(self._ids))
        return self._done

    @property
    def above(self) -> set[int]:
        """Spans with a call right below them: they do not count, but others below them do."""
        if self._above is None:
            self._above = set(self._hashed(self._parents))
        return self._above

    def spans(self) -> tuple[list[int], list[int]]:
        """Each call, and the span above it."""
        return self._hashed(self._ids), self._hashed(self._parents)

    def _hashed(self, ids: Sequence[bytes]) -> list[int]:
        return [hash(span) for span in zip(self._traces, ids, strict=True)]

    def settle(
        self, parents: Mapping[int, int], counted: AbstractSet[int], above: AbstractSet[int]
    ) -> set[int]:
        """Which calls count, beside those that were `counted` or known to be `above` another.

        `parents` has the span above each call. Leaves in `done` what it has to say.
        """
        below = _below(counted, parents)
        self.done.difference_update((above | self.above) - below)
        return self.done - counted - below


def _below(counted: AbstractSet[int], parents: Mapping[int, int]) -> set[int]:
    """Which of the calls have one of `counted` above them, with nothing but calls between."""
    below: set[int] = set()
    for call in parents if counted else ():
        passed, one = {call}, parents[call]
        while one not in counted and one not in passed and one in parents:
            passed.add(one)
            one = parents[one]
        if one in counted:
            below.add(call)
    return below
