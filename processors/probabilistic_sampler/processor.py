"""The `probabilistic_sampler` processor: keeps the spans that the Collector's would keep."""

from collections import Counter
from typing import NamedTuple

from collector import Batch, Context, Processor, SpanRecord
from collector import tracestate as ts
from processors._priority import wish
from processors.probabilistic_sampler.config import ProbabilisticSamplerConfig
from processors.probabilistic_sampler.modes import ALWAYS, PRIORITY, mode_of


class Decision(NamedTuple):
    """What becomes of a span."""

    sampled: bool
    policy: str
    """Why, as the Collector's metric calls it."""
    tracestate: str
    """What is written on it if it is kept."""


Known = dict[tuple[bytes, str, bool | None], Decision]


class ProbabilisticSampler(Processor[ProbabilisticSamplerConfig]):
    """Decides span by span, as the Collector does, and writes `ot=rv:…;th:…` where it does.

    The attribute `sampling.priority` has the last word: 0 drops the span and more keeps it, even
    where `fail_closed` would not.
    """

    Config = ProbabilisticSamplerConfig

    def __init__(self, config: ProbabilisticSamplerConfig, context: Context) -> None:
        super().__init__(config, context)
        self._mode = mode_of(config)
        self._on_error = ts.NEVER if config.fail_closed else ALWAYS
        self._spans = context.counts.metrics.counter(
            "winnow_probabilistic_sampler_spans",
            "Spans, by where their randomness came from and whether they are in the sample.",
            ("policy", "decision"),
        )

    def process(self, batch: Batch) -> None:
        """Drop the spans outside the sample; write threshold and randomness on the others."""
        known: Known = {}
        spans: Counter[tuple[str, bool]] = Counter()

        def keep(record: SpanRecord) -> bool:
            decision = self._decide(record, known)
            spans[decision.policy, decision.sampled] += 1
            if decision.sampled:
                record.span.trace_state = decision.tracestate
            return decision.sampled

        self.context.counts.dropped(batch, batch.retain(keep), "sampled_out")
        batch.transaction.on_commit(lambda: self._count(spans))

    def _decide(self, record: SpanRecord, known: Known) -> Decision:
        span, wished = record.span, wish(record.attributes)
        question = span.trace_id, span.trace_state, wished
        decision = known.get(question)
        if decision is None:
            decision = known[question] = self._decision(*question)
        return decision

    def _decision(self, trace_id: bytes, tracestate: str, wished: bool | None) -> Decision:
        evidence = self._mode.evidence(trace_id, tracestate)
        carrier, policy = evidence.carrier, evidence.policy
        threshold = self._mode.threshold(carrier) if evidence.sound else self._on_error
        if wished is not None:
            threshold, policy = ALWAYS if wished else ts.NEVER, PRIORITY
        sampled = threshold <= evidence.randomness
        if sampled and carrier is not None:
            carrier.raise_threshold(threshold)
        return Decision(sampled, policy, tracestate if carrier is None else str(carrier))

    def _count(self, spans: Counter[tuple[str, bool]]) -> None:
        for (policy, sampled), number in spans.items():
            self._spans.labels(policy, "sampled" if sampled else "not_sampled").inc(number)
