"""Agents that say what a run used, where no model call of the run says it."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence

from collector import SpanRecord
from collector.model_calls import COST
from processors.agent_metrics.recent import Recent

_USED = frozenset({"gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", COST})


class RollUps:
    """Tells which agents' spans to count, so that nothing is counted twice. Thread-safe.

    In a batch it is exact: an agent counts if no model call, and no other agent that tells its
    usage, is below it. Across batches it is cautious: once a trace has counted anything, no agent
    of a later batch counts, wherever it is in the trace.
    """

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Remembers `limit` traces; `forgotten` is told how many had to make room."""
        self._counted: Recent[bytes, None] = Recent(limit, forgotten)
        self._lock = threading.Lock()

    def choose(
        self,
        runs: Iterable[SpanRecord],
        calls: Sequence[SpanRecord],
        traces: Callable[[], Mapping[bytes, list[SpanRecord]]],
    ) -> list[SpanRecord]:
        """Those of `runs` that count, beside the `calls` of the same batch.

        `traces` gives all spans of the batch by trace; it is asked only where it matters.
        """
        telling = [run for run in runs if not _USED.isdisjoint(run.attributes.values)]
        if telling:
            with self._lock:
                telling = [run for run in telling if run.span.trace_id not in self._counted]
        if not telling:
            return telling
        trace_ids = {run.span.trace_id for run in telling}
        above = _above([*calls, *telling], [traces()[trace_id] for trace_id in trace_ids])
        return [run for run in telling if (run.span.trace_id, run.span.span_id) not in above]

    def counted(self, trace_ids: Iterable[bytes]) -> None:
        """These traces have counted something, and the batch is owned."""
        with self._lock:
            for trace_id in trace_ids:
                self._counted.put(trace_id, None)
            self._counted.trim()


def _above(
    records: Iterable[SpanRecord], traces: Iterable[Iterable[SpanRecord]]
) -> set[tuple[bytes, bytes]]:
    """Trace and span id of whatever is above one of `records`, in `traces`."""
    parents = {
        (record.span.trace_id, record.span.span_id): record.span.parent_span_id
        for trace in traces
        for record in trace
    }
    above: set[tuple[bytes, bytes]] = set()
    for record in records:
        trace_id, parent = record.span.trace_id, record.span.parent_span_id
        while parent and (trace_id, parent) not in above:  # also ends where parents go in a circle
            above.add((trace_id, parent))
            parent = parents.get((trace_id, parent), b"")
    return above
