"""The tail sampler: holds traces until a decision, and hands on the kept ones."""

import sqlite3
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from collector import Batch, Context, Packer, Processor, SpanRecord, pack
from processors.tail_sampling.chunks import Chunk, make_chunks
from processors.tail_sampling.config import TailSamplingConfig
from processors.tail_sampling.decision import Rules
from processors.tail_sampling.metrics import TailSamplingMetrics
from processors.tail_sampling.open_trace import Arrival, Limits, OpenTrace, Pinned, Reason
from processors.tail_sampling.open_traces import OpenTraces
from processors.tail_sampling.remembered import DecisionCache, DecisionStore
from processors.tail_sampling.replay import Failed, Replay
from processors.tail_sampling.rounds import Parts, Rounds
from processors.tail_sampling.stamp import Stamp, stamp

MEMORY_BYTES = 256 << 20
DISK_BYTES = 16 << 30
_HEAD_SAMPLERS = ("head_sampling", "probabilistic_sampler")
_PAUSE = 0.1
_LAST_TRIES = 20

Traces = Mapping[bytes, list[SpanRecord]]


class TailSampling(Processor[TailSamplingConfig]):
    """Keeps or drops whole traces.

    Spans of open traces are chunks in the collector's store, written with the transaction that
    acknowledges them. A decision is written, its trace's chunks deleted and its spans handed on
    in one transaction.
    """

    Config = TailSamplingConfig
    keeps = True

    def __init__(self, config: TailSamplingConfig, context: Context) -> None:
        super().__init__(config, context)
        counts = context.counts
        self._metrics = TailSamplingMetrics(counts.metrics, counts.pipeline, context.component_id)
        self._clock = context.clock
        self._rules = Rules(
            config.policies,
            context.clock,
            config.sample_on_first_match,
            counts.failed,
            self._metrics.overflowed,
        )
        sizes = config.decision_cache
        decided = DecisionCache(sizes.sampled_cache_size, sizes.non_sampled_cache_size)
        self._open = OpenTraces(_limits(config, context.storage.durable), self._rules, decided)
        self._chunks = make_chunks(context.storage, context.state_key)
        self._decisions = DecisionStore(context.storage, context.state_key, decided)
        parts = Parts(self._open, self._rules, self._chunks, self._decisions, self._metrics)
        self._rounds = Rounds(context, parts, dry_run=config.dry_run)
        self._thread: threading.Thread | None = None

    @classmethod
    def doubts(
        cls, config: TailSamplingConfig, before: frozenset[str], _behind: frozenset[str]
    ) -> Iterable[str]:
        """Policies that were written for a sample that nobody draws here."""
        names = config.head_sampled if before.isdisjoint(_HEAD_SAMPLERS) else []
        if names:
            yield (
                f"nothing before it draws the head sample that {', '.join(map(repr, names))} "
                "(head_sampled) looks for: add head_sampling before it, unless spans come with "
                "`ot=th` in their tracestate from another collector or an SDK"
            )

    @staticmethod
    def replay(
        config: TailSamplingConfig, before: Sequence[Processor[Any]], failed: Failed
    ) -> Replay[Any]:
        """What these settings would make of old traces, behind the samplers `before`."""
        return Replay(config, before, failed)

    # Arriving spans.

    def consume(self, batch: Batch) -> None:
        """Hold spans of open traces; others follow the decision on their trace."""
        traces = batch.by_trace()
        pinned = self._open.pin(traces)
        if pinned.open:
            batch.transaction.on_rollback(lambda: self._open.unpin(pinned.open.values()))
            self._hold(batch, pinned.open, traces)
        if pinned.streaming or pinned.decided:
            self._follow(batch, pinned, traces)

    def _hold(self, batch: Batch, pinned: dict[bytes, OpenTrace], traces: Traces) -> None:
        now, packer = self._clock.now(), Packer()
        roots_matter = self.config.decision_wait_after_root_received > 0
        chunks, arrivals = [], []
        for trace_id, trace in pinned.items():
            records = traces[trace_id]
            chunk_id, payload = self._chunks.new_id(), packer.pack(records)
            rooted = roots_matter and any(not record.span.parent_span_id for record in records)
            size, spans = len(payload), len(records)
            chunks.append(Chunk(chunk_id, trace_id, now, size, spans, rooted, payload))
            arrivals.append(Arrival(trace, chunk_id, size, rooted, records))
        self._chunks.add(batch.transaction, chunks)
        batch.transaction.on_commit(lambda: self._held(arrivals))

    def _held(self, arrivals: Sequence[Arrival]) -> None:
        new = self._open.add(arrivals, self._clock.monotonic())
        self._metrics.held(new, sum(len(arrival.records) for arrival in arrivals))

    def _follow(self, batch: Batch, pinned: Pinned, traces: Traces) -> None:
        passing: list[SpanRecord] = []
        for trace_id, decision in pinned.decided.items():
            what = Stamp(decision, None, self.config.dry_run)
            passing += self._judge(batch, traces[trace_id], what, "late")
        for trace_id, trace in pinned.streaming.items():
            passing += self._stream(batch, trace, traces[trace_id])
        if passing:
            self.next.consume(Batch(payload=pack(passing), transaction=batch.transaction))

    def _stream(
        self, batch: Batch, trace: OpenTrace, records: list[SpanRecord]
    ) -> list[SpanRecord]:
        """Spans of a trace that was decided early: its root still gets the totals."""
        rooted = any(not record.span.parent_span_id for record in records)
        summary = self._open.preview(trace, records) if rooted else None
        batch.transaction.on_commit(
            lambda: self._open.follow(trace, records, self._clock.monotonic())
        )
        if trace.decision is None:  # which an early decision never is
            raise RuntimeError("a trace streams without a decision")
        return self._judge(
            batch, records, Stamp(trace.decision, summary, self.config.dry_run), "streamed"
        )

    def _judge(
        self, batch: Batch, records: list[SpanRecord], what: Stamp, when: str
    ) -> list[SpanRecord]:
        """Stamp and return the spans if they pass, drop them if not."""
        spans, outcome = len(records), what.decision.outcome
        batch.transaction.on_commit(lambda: self._metrics.followed(when, outcome, spans))
        if what.decision.kept or what.dry_run:
            stamp([record.span for record in records], what)
            return records
        reason = "late_not_sampled" if when == "late" else "not_sampled"
        self.context.counts.dropped(batch, spans, reason)
        return []

    # Decisions.

    def decide_due(self) -> None:
        """Decide the traces that are due, and carry the decisions out."""
        self._rounds.run(self.next.consume)

    # Life.

    def start(self) -> None:
        """Take up what an earlier run left, and start deciding."""
        self.open_store()
        self._restore()
        self._thread = threading.Thread(
            target=self._run, name=f"decide {self.context.component_id}", daemon=True
        )
        self._thread.start()

    def open_store(self) -> None:
        """Make what is missing in the storage, and remember the decisions that are in it."""
        self._chunks.open()
        self._decisions.open()
        self._metrics.remembered(*self._decisions.cache.sizes)

    def _restore(self) -> None:
        """Only sizes and times are read: the spans when their trace is decided."""
        now, monotonic = self._clock.now(), self._clock.monotonic()
        new = spans = 0
        for chunk in self._chunks.all():
            new += self._open.restore(chunk, monotonic, max(0.0, now - chunk.arrived))
            spans += chunk.spans
        self._metrics.held(new, spans)
        self.context.counts.restored(spans)

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
        self._metrics.remembered(0, 0)

    def _decide_all(self) -> None:
        """Decide on the evidence so far; what nobody takes by the end is lost, and counted."""
        for _ in range(_LAST_TRIES):
            self._open.hurry_all(self._clock.monotonic(), Reason.SHUTDOWN)
            self.decide_due()
            if not len(self._open):
                return
            time.sleep(_PAUSE)
        self._drop_all("refused_at_shutdown")

    def _drop_all(self, reason: str) -> None:
        try:
            self._rounds.drop_all(reason)
        except sqlite3.Error as error:
            self.context.logger.error("drop failed", error=type(error).__name__)


def _limits(config: TailSamplingConfig, durable: bool) -> Limits:
    return Limits(
        wait=config.decision_wait,
        wait_after_root=config.decision_wait_after_root_received,
        inactivity=config.inactivity_wait,
        max_age=config.max_age,
        traces=config.num_traces,
        total_bytes=config.max_bytes or (DISK_BYTES if durable else MEMORY_BYTES),
        trace_bytes=config.maximum_trace_size_bytes,
        block=config.block_on_overflow,
        decide_early=config.decide_early,
    )
