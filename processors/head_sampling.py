"""Head sampling: the same user, session or trace is in the sample everywhere and every time."""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import mmh3
from pydantic import Field

from collector import Attributes, Batch, ComponentConfig, Context, Processor, SpanRecord, Value
from collector import tracestate as ts

INCOMING = 0
"""The rank of randomness that came with the span; the configured keys follow as 1, 2, …"""


class HeadSamplingConfig(ComponentConfig):
    """A deterministic share of users, sessions or traces."""

    percentage: float = Field(default=10.0, ge=0, le=100)
    """How much is in the sample, in percent."""
    key: list[str] = ["user.id", "session.id"]
    """Attributes whose value is hashed, the best first, looked for on the spans of the trace and
    on their resource; the trace id where none is there."""
    mode: Literal["defer", "drop"] = "defer"
    """`defer` only marks the spans, for the policy `head_sampled` of `tail_sampling`; `drop`
    drops what is outside the sample at once."""
    hash_seed: int = Field(default=0, ge=0, le=0xFFFFFFFF)
    """Another seed is another sample. Collectors that should agree need the same seed."""
    trace_cache_size: int = Field(default=50_000, ge=0)
    """For how many traces the key is remembered, so that later spans follow it."""


class Draw(NamedTuple):
    """The randomness of a trace, and how good the key is that it came from (0 is best)."""

    rank: int
    randomness: int


Resources: TypeAlias = "dict[int, Draw | None]"
"""What each resource of a batch offers, by the identity of its record."""


class HeadSampling(Processor[HeadSamplingConfig]):
    """Compares 56 bits of randomness a trace with a threshold, as OTel consistent probability.

    Spans in the sample leave with `ot=rv:…;th:…` in their tracestate. In mode `defer` those
    outside leave with `ot=rv:…`, and all carry the member `winnow=k:<rank>` (and `;t:<th>` where
    an earlier sampler had set `th`), which `tail_sampling` judges by and removes.
    """

    Config = HeadSamplingConfig

    def __init__(self, config: HeadSamplingConfig, context: Context) -> None:
        super().__init__(config, context)
        self._threshold = ts.threshold_for(config.percentage / 100)
        self._th = ts.format_threshold(self._threshold)
        self._keys = list(enumerate(config.key, start=1))
        self._remembered = _Remembered(config.trace_cache_size)
        spans = context.counts.metrics.counter(
            "winnow_head_sampling_spans", "Spans, by whether they are in the sample.", ("decision",)
        )
        self._sampled, self._not_sampled = spans.labels("sampled"), spans.labels("not_sampled")

    def process(self, batch: Batch) -> None:
        """Write the decision on every span; in mode `drop`, drop those outside the sample."""
        traces = batch.by_trace()
        before = {
            trace: [record.span.trace_state for record in records]
            for trace, records in traces.items()
        }
        resources: Resources = {}
        draws = {
            trace: _drawn_before(trace, before[trace]) or self._draw(trace, records, resources)
            for trace, records in traces.items()
        }
        self._remembered.improve(draws, worst=len(self._keys) + 1)
        outside = {trace for trace, draw in draws.items() if draw.randomness < self._threshold}
        self._count(batch, traces, outside)
        if self.config.mode == "drop":
            self._drop(batch, outside)
        for trace, records in batch.by_trace().items():
            self._mark(records, before[trace], draws[trace], trace not in outside)

    def _drop(self, batch: Batch, outside: set[bytes]) -> None:
        if outside:
            gone = batch.retain(lambda record: record.span.trace_id not in outside)
            self.context.counts.dropped(batch, gone, "head_sampled_out")

    def _count(
        self, batch: Batch, traces: Mapping[bytes, Sequence[SpanRecord]], outside: set[bytes]
    ) -> None:
        not_sampled = sum(len(traces[trace_id]) for trace_id in outside)
        sampled = batch.span_count - not_sampled

        def count() -> None:
            self._sampled.inc(sampled)
            self._not_sampled.inc(not_sampled)

        batch.transaction.on_commit(count)

    def _draw(self, trace_id: bytes, records: Sequence[SpanRecord], resources: Resources) -> Draw:
        """The hash of the best key of the trace, else of its id."""
        best: Draw | None = None
        for record in records:
            found = self._from_keys(record, resources)
            if found is not None and (best is None or found.rank < best.rank):
                best = found
                if best.rank == 1:
                    break
        return best or Draw(len(self._keys) + 1, self._hash(trace_id))

    def _from_keys(self, record: SpanRecord, resources: Resources) -> Draw | None:
        own = self._first_key(record.attributes)
        identity = id(record.resource)
        if identity not in resources:
            resources[identity] = self._first_key(record.resource.attributes)
        shared = resources[identity]
        if own is None or (shared is not None and shared.rank < own.rank):
            return shared
        return own

    def _first_key(self, attributes: Attributes) -> Draw | None:
        for rank, key in self._keys:
            value = attributes.values.get(key)
            if value is not None and (text := _scalar(value)):
                return Draw(rank, self._hash(text))
        return None

    def _hash(self, key: str | bytes) -> int:
        low, _ = mmh3.hash64(key, self.config.hash_seed, signed=False)
        return low & (ts.NEVER - 1)

    def _mark(
        self, records: Iterable[SpanRecord], tracestates: list[str], draw: Draw, sampled: bool
    ) -> None:
        after = {before: self._tracestate(before, draw, sampled) for before in set(tracestates)}
        for record, before in zip(records, tracestates, strict=True):
            record.span.trace_state = after[before]

    def _tracestate(self, before: str, draw: Draw, sampled: bool) -> str:
        """The span's tracestate with this decision in it; an earlier `th` is never lowered."""
        if not before:  # most spans, so written without the detour
            threshold = f";th:{self._th}" if sampled else ""
            private = f",winnow=k:{draw.rank}" if self.config.mode == "defer" else ""
            return f"ot=rv:{draw.randomness:014x}{threshold}{private}"
        ot = ts.subkeys(ts.member(before, "ot"))
        earlier = _earlier_threshold(ot.pop("th", None), ts.member(before, "winnow"), draw)
        ot["rv"] = ts.format_randomness(draw.randomness)
        if sampled:
            ot["th"] = ts.format_threshold(max(self._threshold, earlier or 0))
        after = before
        if self.config.mode == "defer":
            own = {"k": str(draw.rank)}
            if earlier is not None:
                own["t"] = ts.format_threshold(earlier)
            after = ts.with_member(after, "winnow", ts.join_subkeys(own))
        return ts.with_member(after, "ot", ts.join_subkeys(ot))


def _drawn_before(trace_id: bytes, tracestates: Iterable[str]) -> Draw | None:
    """The best of what earlier samplers drew for the trace."""
    if not any(tracestates):  # most traces
        return None
    found = [_incoming(text, trace_id) for text in set(tracestates) if text]
    drawn = [draw for draw in found if draw is not None]
    return min(drawn, key=lambda draw: (draw.rank, -draw.randomness), default=None)


def _incoming(tracestate: str, trace_id: bytes) -> Draw | None:
    """What an earlier sampler drew; a `th` without `rv` was judged by the trace id itself."""
    ot = ts.subkeys(ts.member(tracestate, "ot"))
    randomness = ts.parse_randomness(ot.get("rv"))
    if randomness is None:
        if ts.parse_threshold(ot.get("th")) is None:
            return None
        randomness = int.from_bytes(trace_id[-7:], "big")
    rank = ts.subkeys(ts.member(tracestate, "winnow")).get("k", "")
    return Draw(int(rank) if rank.isdecimal() else INCOMING, randomness)


def _earlier_threshold(th: str | None, private: str, draw: Draw) -> int | None:
    """The threshold that spans were dropped by before; None for none, or one not kept to.

    A deferred `th` next to a `winnow` member has dropped nothing yet.
    """
    threshold = ts.parse_threshold(ts.subkeys(private).get("t") if private else th)
    return threshold if threshold is not None and threshold <= draw.randomness else None


def _scalar(value: Value) -> str:
    """Text, or a number as text, so that a user id may be one; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


class _Remembered:
    """The best draw of each recent trace. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._draws: OrderedDict[bytes, Draw] = OrderedDict()
        self._lock = threading.Lock()

    def improve(self, draws: dict[bytes, Draw], worst: int) -> None:
        """Replace, in place, draws that are worse than remembered; remember those that are not.

        A draw of rank `worst` comes from the trace id, which says the same every time.
        """
        with self._lock:
            for trace_id, draw in draws.items():
                known = self._draws.pop(trace_id, None)
                best = known if known is not None and known.rank <= draw.rank else draw
                draws[trace_id] = best
                if best.rank < worst:
                    self._draws[trace_id] = best
            while len(self._draws) > self._limit:
                self._draws.popitem(last=False)
