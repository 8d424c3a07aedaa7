"""The tail sampler: holds traces until a decision, and hands on the kept ones."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from collector import Batch, Context, Packer, Processor, RefusedError, SpanRecord, pack
from processors.tail_sampling.chunks import Chunk, ChunkStore
from processors.tail_sampling.config import TailSamplingConfig
from processors.tail_sampling.decision import Decision, DecisionCache, Rules
from processors.tail_sampling.metrics import TailSamplingMetrics
from processors.tail_sampling.open_traces import Arrival, Limits, OpenTrace, OpenTraces
from processors.tail_sampling.replay import Failed, Replay
from processors.tail_sampling.stamp import Stamp, stamp

MEMORY_BYTES = 256 << 20
DISK_BYTES = 16 << 30
RELEASE_BYTES = 2 << 20
"""Kept traces travel on in batches of about this size: below gRPC's limit of 4 MiB a message."""
_ROUND = 2048
_PAUSE = 0.1
_LAST_TRIES = 20


class TailSampling(Processor[TailSamplingConfig]):
    """Keeps or drops whole traces.

    Spans of open traces are chunks in the collector's store, written with the transaction that
    acknowledges them. A decision deletes them and hands them on in one transaction.
    """

    Config = TailSamplingConfig
    keeps = True

    def __init__(self, config: TailSamplingConfig, context: Context) -> None:
        super().__init__(config, context)
        self._clock = context.clock
        self._rules = Rules(
            config.policies, context.clock, config.sample_on_first_match, context.counts.failed
        )
        cache = config.decision_cache
        decided = DecisionCache(cache.sampled_cache_size, cache.non_sampled_cache_size)
        self._open = OpenTraces(_limits(config, context.storage.durable), self._rules, decided)
        self._chunks = ChunkStore(context.storage, context.state_key)
        self._metrics = TailSamplingMetrics(
            context.counts.metrics, context.counts.pipeline, context.component_id
        )
        self._round = threading.Lock()
        self._thread: threading.Thread | None = None

    @staticmethod
    def replay(
        config: TailSamplingConfig, before: Sequence[Processor[Any]], failed: Failed
    ) -> Replay[Any]:
        """What these settings would make of old traces, behind the samplers `before`."""
        return Replay(config, before, failed)

    # Arriving spans.

    def consume(self, batch: Batch) -> None:
        """Hold spans of open traces; late spans follow the decision on their trace."""
        traces = batch.by_trace()
        pinned, decided = self._open.pin(traces)
        if pinned:
            batch.transaction.on_rollback(lambda: self._open.unpin(pinned.values()))
            self._hold(batch, pinned, traces)
        if decided:
            self._follow(batch, decided, traces)

    def _hold(
        self,
        batch: Batch,
        pinned: dict[bytes, OpenTrace],
        traces: Mapping[bytes, list[SpanRecord]],
    ) -> None:
        now, packer = self._clock.now(), Packer()
        chunks, arrivals = [], []
        for trace_id, trace in pinned.items():
            records = traces[trace_id]
            chunk = Chunk(self._chunks.new_id(), trace_id, now, packer.pack(records))
            chunks.append(chunk)
            arrivals.append(Arrival(trace, chunk.id, len(chunk.payload), records))
        self._chunks.add(batch.transaction, chunks)
        batch.transaction.on_commit(lambda: self._held(arrivals))

    def _held(self, arrivals: Sequence[Arrival]) -> None:
        new = self._open.add(arrivals, self._clock.monotonic())
        self._metrics.held(new, sum(len(arrival.records) for arrival in arrivals))

    def _follow(
        self, batch: Batch, decided: dict[bytes, Decision], traces: Mapping[bytes, list[SpanRecord]]
    ) -> None:
        records: list[SpanRecord] = []
        for trace_id, decision in decided.items():
            if decision.kept:
                stamp(traces[trace_id], Stamp(decision))
                records += traces[trace_id]
        late = sum(len(traces[trace_id]) for trace_id in decided)
        self.context.counts.dropped(batch, late - len(records), "late_not_sampled")
        if records:
            self.next.consume(Batch(payload=pack(records), transaction=batch.transaction))

    # Decisions.

    def decide_due(self) -> None:
        """Decide the traces that are due, and carry the decisions out."""
        with self._round:
            while traces := self._open.take(self._clock.monotonic(), _ROUND):
                self._decide(traces)

    def _decide(self, traces: Sequence[OpenTrace]) -> None:
        """Decide, then drop and release; what cannot be carried out now is tried again later."""
        waiting = {trace.summary.trace_id: trace for trace in traces}
        kept: list[OpenTrace] = []
        dropped: list[OpenTrace] = []
        delay = 1.0
        try:
            for trace in traces:
                decision = trace.decision = trace.decision or self._rules.decide(trace.summary)
                (kept if decision.kept else dropped).append(trace)
            self._drop(dropped, waiting, "not_sampled")
            for group in _groups(kept):
                self._release(group, waiting)
        except RefusedError as error:
            delay = error.retry_after
            self.context.logger.info("release refused", reason=error.reason, traces=len(waiting))
        except Exception as error:
            self.context.logger.error("release failed", error=type(error).__name__)
        finally:
            self._open.retry(waiting.values(), self._clock.monotonic() + delay)

    def _drop(
        self, traces: Sequence[OpenTrace], waiting: dict[bytes, OpenTrace], reason: str
    ) -> None:
        if traces:
            with self.context.storage.transaction() as transaction:
                self._chunks.remove(transaction, _chunk_ids(traces))
                spans = sum(trace.spans for trace in traces)
                transaction.on_commit(lambda: self.context.counts.dropped_now(spans, reason))
                transaction.on_commit(lambda: self._carried_out(traces, waiting))

    def _release(self, traces: Sequence[OpenTrace], waiting: dict[bytes, OpenTrace]) -> None:
        stamps = {
            trace.summary.trace_id: Stamp(trace.decision, trace.summary)
            for trace in traces
            if trace.decision
        }
        ids = _chunk_ids(traces)
        with self.context.storage.transaction() as transaction:
            for payload in _joined(self._chunks.payloads(ids)):
                batch = Batch(payload=payload, transaction=transaction)
                for trace_id, records in batch.by_trace().items():
                    stamp(records, stamps[trace_id])
                batch.changed()
                self.next.consume(batch)
            self._chunks.remove(transaction, ids)
            transaction.on_commit(lambda: self._carried_out(traces, waiting))

    def _carried_out(self, traces: Sequence[OpenTrace], waiting: dict[bytes, OpenTrace]) -> None:
        self._open.close(traces)
        for trace in traces:
            del waiting[trace.summary.trace_id]
        self._metrics.decided(traces)

    # Life.

    def start(self) -> None:
        """Take up the traces that an earlier run left, and start deciding."""
        self._chunks.open()
        self._restore()
        self._thread = threading.Thread(
            target=self._run, name=f"decide {self.context.component_id}", daemon=True
        )
        self._thread.start()

    def _restore(self) -> None:
        now = self._clock.now()
        for chunk in self._chunks.all():
            records = Batch(payload=chunk.payload).spans
            pinned, _ = self._open.pin([chunk.trace_id], refuse=False)
            age = max(0.0, now - chunk.arrived)
            size = len(chunk.payload)
            self._held([Arrival(pinned[chunk.trace_id], chunk.id, size, records, age)])
            self.context.counts.restored(len(records))

    def _run(self) -> None:
        while self._open.wait_for_due(self._clock.monotonic, _PAUSE):
            self.decide_due()

    def shutdown(self) -> None:
        """Stop deciding. What is open stays in a durable store; in memory, it is decided now."""
        if self._thread is None:
            return
        self._open.stop()
        self._thread.join()
        self._thread = None
        if self.config.drop_pending_traces_on_shutdown:
            self._drop_all("dropped_at_shutdown")
        elif not self.context.storage.durable:
            self._decide_all()
        self._metrics.let_go(self._open.traces())

    def _decide_all(self) -> None:
        """Decide on the evidence so far; what nobody takes by the end is lost, and counted."""
        for _ in range(_LAST_TRIES):
            self._open.hurry_all(self._clock.monotonic(), "shutdown")
            self.decide_due()
            if not len(self._open):
                return
            time.sleep(_PAUSE)
        self._drop_all("refused_at_shutdown")

    def _drop_all(self, reason: str) -> None:
        traces = self._open.traces()
        try:
            self._drop(traces, {trace.summary.trace_id: trace for trace in traces}, reason)
        except sqlite3.Error as error:
            self.context.logger.error("drop failed", error=type(error).__name__)


def _limits(config: TailSamplingConfig, durable: bool) -> Limits:
    return Limits(
        wait=config.decision_wait,
        wait_after_root=config.decision_wait_after_root_received,
        traces=config.num_traces,
        total_bytes=config.max_bytes or (DISK_BYTES if durable else MEMORY_BYTES),
        trace_bytes=config.maximum_trace_size_bytes,
    )


def _chunk_ids(traces: Iterable[OpenTrace]) -> list[int]:
    return [chunk_id for trace in traces for chunk_id in trace.chunks]


def _groups(traces: Iterable[OpenTrace]) -> Iterator[list[OpenTrace]]:
    """Traces that are released together: whole ones, of about RELEASE_BYTES."""
    group: list[OpenTrace] = []
    size = 0
    for trace in traces:
        if group and size + trace.size > RELEASE_BYTES:
            yield group
            group, size = [], 0
        group.append(trace)
        size += trace.size
    if group:
        yield group


def _joined(payloads: Iterable[bytes]) -> Iterator[bytes]:
    """Payloads joined to such of about RELEASE_BYTES."""
    parts: list[bytes] = []
    size = 0
    for payload in payloads:
        if parts and size + len(payload) > RELEASE_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
        parts.append(payload)
        size += len(payload)
    if parts:
        yield b"".join(parts)
