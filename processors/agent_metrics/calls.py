"""Model calls of a batch, summed up by everything that a label asks about."""

from collections import Counter
from typing import NamedTuple

from collector import SpanRecord
from collector.model_calls import ModelCall, model_call
from processors.agent_metrics.instruments import Instruments
from processors.agent_metrics.origins import Origin, Origins
from processors.agent_metrics.tally import Tally


class CallKind(NamedTuple):
    """What model calls have in common that are counted together."""

    operation: str
    provider: str
    asked: str
    """`gen_ai.request.model`"""
    answered: str
    """`gen_ai.response.model`"""
    origin: Origin


class CallSums:
    """What calls of one kind add up to."""

    __slots__ = ("cost", "durations", "inputs", "outputs", "reasons", "utilizations")

    def __init__(self) -> None:
        self.cost = 0.0
        self.durations: list[float] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.utilizations: list[float] = []
        self.reasons: Counter[str] = Counter()


class ModelCalls:
    """The model calls of one batch."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._sums: dict[CallKind, CallSums] = {}

    def add(self, record: SpanRecord) -> None:
        """Count one call."""
        call = model_call(record.attributes)
        sums = self._sums_of(call, self._origins.of(record))
        sums.durations.append(record.duration)
        if call.usage is not None:
            sums.inputs.append(call.usage.input)
            sums.outputs.append(call.usage.output)
        if call.cost is not None:
            sums.cost += max(call.cost, 0.0)
        if call.utilization is not None:
            sums.utilizations.append(call.utilization)
        for reason in call.reasons:
            sums.reasons[reason] += 1

    def _sums_of(self, call: ModelCall, origin: Origin) -> CallSums:
        kind = CallKind(call.operation, call.provider, call.asked, call.answered, origin)
        sums = self._sums.get(kind)
        if sums is None:
            sums = self._sums[kind] = CallSums()
        return sums

    def tell(self, metrics: Instruments, tally: Tally) -> None:
        """Put the sums into `tally`, under the labels of each metric."""
        for kind, sums in self._sums.items():
            labels = kind.operation, kind.provider, kind.asked
            model = kind.asked or kind.answered
            tally.observe(metrics.operation_duration, labels, sums.durations)
            tally.observe(metrics.context_utilization, (), sums.utilizations)
            for direction, tokens in (("input", sums.inputs), ("output", sums.outputs)):
                tally.observe(metrics.token_usage, (*labels, direction), tokens)
                tally.add(metrics.tokens, (model, direction), sum(tokens))
            tally.add(metrics.cost, (model, *kind.origin), sums.cost)
            for reason, count in sums.reasons.items():
                tally.add(metrics.finish_reasons, (model, reason), count)
