"""The `head_sampling` processor: decides by 56 bits of randomness a trace."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from collector import Batch, Context, Processor, SpanRecord
from processors.head_sampling import marks
from processors.head_sampling.canary import Cohort
from processors.head_sampling.config import HeadSamplingConfig
from processors.head_sampling.draws import Draw, Keys, Resources, drawn_before
from processors.head_sampling.memory import RememberedDraws
from processors.head_sampling.shares import Share, Shares

Traces: TypeAlias = "Mapping[bytes, Sequence[SpanRecord]]"
Found: TypeAlias = "Mapping[bytes, Share]"
"""The shares of traces that are in another than the default."""


class HeadSampling(Processor[HeadSamplingConfig]):
    """Compares 56 bits of randomness a trace with a threshold, as OTel consistent probability.

    Spans in the sample leave with `ot=rv:…;th:…` in their tracestate. In mode `defer` those
    outside leave with `ot=rv:…`, and all carry the member `winnow=k:<rank>` (and `;r:<share>` where
    it is not the default, `;t:<th>` where an earlier sampler had set `th`), which `tail_sampling`
    judges by and removes.

    A trace is decided by all its spans in the batch, and by what is remembered of those before:
    the best key, and the first share (priority, canary, rule) that any of them belonged to. Spans
    that came before the one that a rule matches were decided without it: in mode `drop` they are
    gone, or keep the `th` that they were kept by; in mode `defer` `tail_sampling` decides on all of
    them by the rule.
    """

    Config = HeadSamplingConfig

    def __init__(self, config: HeadSamplingConfig, context: Context) -> None:
        super().__init__(config, context)
        self._cohort = self._make_cohort()
        self._shares = Shares(config, self._cohort)
        self._keys = Keys(config.key, config.hash_seed)
        self._remembered = RememberedDraws(config.trace_cache_size)
        spans = context.counts.metrics.counter(
            "winnow_head_sampling_spans",
            "Spans, by whether they are in the sample, and by the rule that says how much is.",
            ("decision", "rule"),
        )
        self._counters = {
            share: (spans.labels("sampled", share.label), spans.labels("not_sampled", share.label))
            for share in self._shares.all
        }

    @classmethod
    def doubts(
        cls, config: HeadSamplingConfig, _before: frozenset[str], behind: frozenset[str]
    ) -> Iterable[str]:
        """Nothing is dropped where spans are marked for nobody."""
        if config.mode == "defer" and "tail_sampling" not in behind:
            yield (
                "mode defer only marks spans, and no tail_sampling behind it goes by the marks, so "
                "nothing is dropped: add tail_sampling, or set `mode: drop`, unless a collector "
                "behind this one decides"
            )

    def _make_cohort(self) -> Cohort | None:
        canary, context = self.config.canary, self.context
        if canary is None:
            return None
        failures = context.counts.metrics.counter(
            "winnow_head_sampling_canary_failures",
            "Tries to read a canary file that had changed or gone, and could not be read.",
        )
        return Cohort(canary.values, canary.file, context.clock, context.logger, failures)

    def start(self) -> None:
        """Read the canary file. Raises StartError where that cannot be done."""
        if self._cohort is not None:
            self._cohort.start()

    def process(self, batch: Batch) -> None:
        """Write the decision on every span; in mode `drop`, drop those outside the sample."""
        traces = batch.by_trace()
        before = {trace: _tracestates(records) for trace, records in traces.items()}
        shares, default = self._shares.find(batch), self._shares.default
        draws = self._draws(traces, before)
        outside = {
            trace
            for trace, draw in draws.items()
            if draw.randomness < shares.get(trace, default).threshold
        }
        self._count(batch, traces, shares, outside)
        deferring = self.config.mode == "defer"
        for trace, records in traces.items():
            if deferring or trace not in outside:
                share = shares.get(trace, default)
                marks.write(records, before[trace], draws[trace], share, deferring)
        if not deferring:
            self._drop(batch, outside)

    def _drop(self, batch: Batch, outside: set[bytes]) -> None:
        if outside:
            gone = batch.retain(lambda record: record.span.trace_id not in outside)
            self.context.counts.dropped(batch, gone, "head_sampled_out")

    def _draws(self, traces: Traces, before: Mapping[bytes, Sequence[str]]) -> Mapping[bytes, Draw]:
        resources: Resources = {}
        draws = {
            trace: (before[trace] and drawn_before(trace, before[trace]))
            or self._keys.draw(trace, records, resources)
            for trace, records in traces.items()
        }
        self._remembered.improve(draws, worst=self._keys.worst)
        return draws

    def _count(self, batch: Batch, traces: Traces, shares: Found, outside: set[bytes]) -> None:
        sampled: Counter[Share] = Counter({self._shares.default: batch.span_count})
        not_sampled: Counter[Share] = Counter()
        for trace, share in shares.items():
            sampled[share] += len(traces[trace])
            sampled[self._shares.default] -= len(traces[trace])
        for trace in outside:
            share = shares.get(trace, self._shares.default)
            not_sampled[share] += len(traces[trace])
        sampled -= not_sampled

        def count() -> None:
            for share, spans in sampled.items():
                self._counters[share][0].inc(spans)
            for share, spans in not_sampled.items():
                self._counters[share][1].inc(spans)

        batch.transaction.on_commit(count)


def _tracestates(records: Sequence[SpanRecord]) -> Sequence[str]:
    """Those of the spans; none where all are empty."""
    tracestates = [record.span.trace_state for record in records]
    return tracestates if any(tracestates) else ()
