"""What a batch claims to have counted."""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet

from collector import SpanRecord


class Claim:
    """The calls of one kind in one batch, and the spans right above them.

    Spans go by a hash of trace and span id, of 64 bits: of a million, two are hardly ever alike.
    It is made when first asked for; of most batches nobody asks.
    """

    __slots__ = ("_above", "_done", "calls", "is_plain", "traces")

    def __init__(self, calls: Sequence[SpanRecord]) -> None:
        spans = [record.span for record in calls]
        traces = [span.trace_id for span in spans]
        ids = [span.span_id for span in spans]
        parents = [span.parent_span_id for span in spans]
        self.calls = len(calls)
        self.traces = set(traces)
        distinct = set(ids)
        self.is_plain = len(distinct) == len(ids) and distinct.isdisjoint(parents)
        """Whether no call is there twice, or above another."""
        self._done: Iterable[int] = map(hash, zip(traces, ids, strict=True))
        self._above: Iterable[int] = map(hash, zip(traces, parents, strict=True))

    @property
    def done(self) -> set[int]:
        """The spans of calls that count, or are below one that did: none below them counts."""
        if not isinstance(self._done, set):
            self._done = set(self._done)
        return self._done

    @property
    def above(self) -> set[int]:
        """Spans with a call right below them: they do not count, but others below them do."""
        if not isinstance(self._above, set):
            self._above = set(self._above)
        return self._above

    def spans(self) -> tuple[list[int], list[int]]:
        """Each call, and the span above it. To be asked for before `done` and `above`."""
        ids, parents = list(self._done), list(self._above)
        self._done, self._above = set(ids), set(parents)
        return ids, parents

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
