"""Rounds of decisions: traces that are due are decided, and dropped or handed on."""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch, Context, RefusedError, Transaction
from processors.tail_sampling.chunks import Chunks
from processors.tail_sampling.decision import Decision, Rules
from processors.tail_sampling.metrics import TailSamplingMetrics
from processors.tail_sampling.open_trace import STREAMED, OpenTrace
from processors.tail_sampling.open_traces import OpenTraces
from processors.tail_sampling.remembered import DecisionStore
from processors.tail_sampling.stamp import Stamp, stamp
from processors.tail_sampling.summary import Summary

RELEASE_BYTES = 2 << 20
"""Kept traces travel on in batches of about this size: below gRPC's limit of 4 MiB a message."""
_ROUND = 2048
_PAGE = 64


class Parts(NamedTuple):
    """What a round works with."""

    traces: OpenTraces
    rules: Rules
    chunks: Chunks
    decisions: DecisionStore
    metrics: TailSamplingMetrics


class Rounds:
    """Carries decisions out, each trace with its decision in one transaction."""

    def __init__(self, context: Context, parts: Parts, *, dry_run: bool) -> None:
        """`dry_run`: what would be dropped is handed on as well."""
        self._context = context
        self._clock = context.clock
        self._open, self._rules, self._chunks, self._decisions, self._metrics = parts
        self._dry_run = dry_run
        self._lock = threading.Lock()

    def run(self, hand_on: Callable[[Batch], None]) -> None:
        """Decide the traces that are due, and give `hand_on` the kept ones. Does not raise."""
        with self._lock:
            while traces := self._open.take(self._clock.monotonic(), _ROUND):
                self._decide(traces, hand_on)
            for trace in self._open.ended_streams():
                if trace.summary is not None:
                    self._rules.learn(trace.summary)
                    trace.summary = None

    def drop_all(self, reason: str) -> None:
        """Drop every open trace without a decision. Raises sqlite3.Error."""
        traces = self._open.traces()
        with self._context.storage.transaction() as transaction:
            self._chunks.remove(transaction, _chunk_ids(traces))
            transaction.on_commit(lambda: self._dropped(traces, reason))
            transaction.on_commit(lambda: self._metrics.let_go(traces))
            transaction.on_commit(lambda: self._open.drop(traces))

    def _decide(self, traces: Sequence[OpenTrace], hand_on: Callable[[Batch], None]) -> None:
        """Decide, then drop and release; what cannot be carried out now is tried again later."""
        waiting = {trace.trace_id: trace for trace in traces}
        delay = 1.0
        try:
            kept: list[OpenTrace] = []
            dropped: list[OpenTrace] = []
            for trace in traces:
                passes = self._decision(trace).kept or self._dry_run
                (kept if passes else dropped).append(trace)
            self._drop(dropped, waiting)
            for group in _groups(kept):
                self._release(group, waiting, hand_on)
        except RefusedError as error:
            delay = error.retry_after
            self._context.logger.info("release refused", reason=error.reason, traces=len(waiting))
        except Exception as error:
            self._context.logger.error("release failed", error=type(error).__name__)
        finally:
            self._open.retry(waiting.values(), self._clock.monotonic() + delay)

    def _decision(self, trace: OpenTrace) -> Decision:
        """The decision on the trace, made once."""
        summary = trace.summary = trace.summary or self._summary(trace)
        if trace.decision is None:
            trace.decision = self._rules.decide(summary)
            if trace.reason not in STREAMED:
                self._rules.learn(summary)
        if self._dry_run:  # what is not sampled passes as well, with a tracestate to clean
            trace.decision = trace.decision._replace(head=summary.head)
        return trace.decision

    def _summary(self, trace: OpenTrace) -> Summary:
        """That of a restored trace, from all of its chunks."""
        summary = self._rules.summary(trace.trace_id)
        for start in range(0, len(trace.chunks), _PAGE):
            for payload in self._chunks.payloads(trace.chunks[start : start + _PAGE]):
                self._rules.observe(summary, Batch(payload=payload).spans)
        summary.size = trace.size
        return summary

    def _drop(self, traces: Sequence[OpenTrace], waiting: dict[bytes, OpenTrace]) -> None:
        if traces:
            with self._context.storage.transaction() as transaction:
                self._chunks.remove(transaction, _chunk_ids(traces))
                rows = self._remember(transaction, traces)
                transaction.on_commit(lambda: self._dropped(traces, "not_sampled"))
                transaction.on_commit(lambda: self._carried_out(traces, rows, waiting))

    def _release(
        self,
        traces: Sequence[OpenTrace],
        waiting: dict[bytes, OpenTrace],
        hand_on: Callable[[Batch], None],
    ) -> None:
        stamps = {
            trace.trace_id: Stamp(trace.decision, trace.summary, self._dry_run)
            for trace in traces
            if trace.decision
        }
        ids = _chunk_ids(traces)
        with self._context.storage.transaction() as transaction:
            for payload in _joined(self._chunks.payloads(ids)):
                batch = Batch(payload=payload, transaction=transaction)
                for trace_id, spans in _by_trace(batch.request).items():
                    stamp(spans, stamps[trace_id])
                batch.changed()
                hand_on(batch)
            self._chunks.remove(transaction, ids)
            rows = self._remember(transaction, traces)
            transaction.on_commit(lambda: self._carried_out(traces, rows, waiting))

    def _remember(self, transaction: Transaction, traces: Iterable[OpenTrace]) -> list[int]:
        decisions = [(trace.trace_id, trace.decision) for trace in traces if trace.decision]
        self._decisions.forget(transaction)
        return self._decisions.add(transaction, decisions)

    def _dropped(self, traces: Iterable[OpenTrace], reason: str) -> None:
        self._context.counts.dropped_now(sum(trace.spans for trace in traces), reason)

    def _carried_out(
        self, traces: Sequence[OpenTrace], rows: Sequence[int], waiting: dict[bytes, OpenTrace]
    ) -> None:
        now = self._clock.monotonic()
        lags = [max(0.0, now - trace.due) for trace in traces]
        for trace in traces:
            del waiting[trace.trace_id]
        self._open.close(traces, rows, now)
        for trace in traces:
            if trace.reason not in STREAMED:
                trace.summary = None
        self._metrics.decided(traces, lags)
        self._metrics.remembered(*self._decisions.cache.sizes)


def _by_trace(request: ExportTraceServiceRequest) -> Mapping[bytes, list[Span]]:
    """The spans without their records, since their attributes need not be read."""
    traces: dict[bytes, list[Span]] = {}
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                traces.setdefault(span.trace_id, []).append(span)
    return traces


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
