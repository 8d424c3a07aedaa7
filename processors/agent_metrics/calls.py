"""Model calls of a batch, summed up by everything that a label asks about."""

from typing import TypeAlias

from collector import SpanRecord
from collector.model_calls import ModelCall, model_call
from processors.agent_metrics.instruments import Instruments
from processors.agent_metrics.origins import Origin, Origins
from processors.agent_metrics.tally import Tally

_Kind: TypeAlias = tuple[str, str, str, str, Origin]
"""What calls that are counted together have in common: operation, provider, model asked for, model
that answered, origin."""


class _Sums:
    """What calls of one kind add up to."""

    __slots__ = ("cost", "durations", "inputs", "outputs", "reasons", "utilizations")

    def __init__(self) -> None:
        self.cost = 0.0
        self.durations: list[float] = []
        self.inputs: list[int] = []
        self.outputs: list[int] = []
        self.utilizations: list[float] = []
        self.reasons: dict[str, int] = {}


class ModelCalls:
    """The model calls of one batch."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._sums: dict[_Kind, _Sums] = {}

    def add(self, record: SpanRecord) -> None:
        """Count one call."""
        call = model_call(record.attributes)
        sums = self._sums_of(call, self._origins.of(record))
        sums.durations.append(record.duration)
        usage = call.usage
        if usage is not None:
            sums.inputs.append(usage.input)
            sums.outputs.append(usage.output)
        if call.cost is not None and call.cost > 0:
            sums.cost += call.cost
        if call.utilization is not None:
            sums.utilizations.append(call.utilization)
        for reason in call.reasons:
            sums.reasons[reason] = sums.reasons.get(reason, 0) + 1

    def _sums_of(self, call: ModelCall, origin: Origin) -> _Sums:
        kind = call.operation, call.provider, call.asked, call.answered, origin
        sums = self._sums.get(kind)
        if sums is None:
            sums = self._sums[kind] = _Sums()
        return sums

    def tell(self, metrics: Instruments, tally: Tally) -> None:
        """Put the sums into `tally`, under the labels of each metric."""
        for (operation, provider, asked, answered, origin), sums in self._sums.items():
            labels = operation, provider, asked
            model = asked or answered
            tally.observe(metrics.operation_duration, labels, sums.durations)
            tally.observe(metrics.context_utilization, (), sums.utilizations)
            for direction, tokens in (("input", sums.inputs), ("output", sums.outputs)):
                tally.observe(metrics.token_usage, (*labels, direction), tokens)
                tally.add(metrics.tokens, (model, direction), sum(tokens))
            tally.add(metrics.cost, (model, *origin), sums.cost)
            for reason, count in sums.reasons.items():
                tally.add(metrics.finish_reasons, (model, reason), count)


def add_roll_up(record: SpanRecord, origins: Origins, metrics: Instruments, tally: Tally) -> None:
    """Count what an agent's span says that the run used: tokens and cost, but no call."""
    told = model_call(record.attributes)
    model = told.asked or told.answered
    if told.usage is not None:
        tally.add(metrics.tokens, (model, "input"), told.usage.input)
        tally.add(metrics.tokens, (model, "output"), told.usage.output)
    if told.cost is not None:
        tally.add(metrics.cost, (model, *origins.of(record)), max(told.cost, 0.0))
