"""The `agent_metrics` processor."""

from collections.abc import Callable, Iterable, Sequence

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch, ConfigError, Context, Processor, SpanRecord
from collector.model_calls import leaves
from processors.agent_metrics.calls import ModelCalls, add_roll_up
from processors.agent_metrics.config import AgentMetricsConfig
from processors.agent_metrics.growth import ContextGrowth, Turns
from processors.agent_metrics.instruments import Instruments, Limits, Maker
from processors.agent_metrics.once import Once
from processors.agent_metrics.origins import Origins
from processors.agent_metrics.outcomes import Outcome, Outcomes, Stopwatch
from processors.agent_metrics.responses import Responses
from processors.agent_metrics.retries import retries
from processors.agent_metrics.roll_ups import RollUps
from processors.agent_metrics.signals import Signals
from processors.agent_metrics.sorting import Sorted, Sorter
from processors.agent_metrics.tally import Tally
from processors.agent_metrics.tools import ToolCalls, made


class AgentMetrics(Processor[AgentMetricsConfig]):
    """Counts model calls, tool calls, agent runs, retries and guardrails that fired.

    Stands after `genai` and `cost`, whose attributes it reads, and before any sampling. Tokens
    and cost come from model calls: not from a model call with another one as its child, once where
    two instrumentations tell of the same response in traces of their own, and from an agent's span
    only where no model call is below it. Model and tool calls count once also where their spans
    come in several batches, or again. Nothing is counted for a batch that is refused.

    The label `agent` is the span's `gen_ai.agent.name`, or else its `service.name`.
    """

    Config = AgentMetricsConfig
    mutates = False

    def __init__(self, config: AgentMetricsConfig, context: Context) -> None:
        super().__init__(config, context)
        metrics = context.counts.metrics
        limits = Limits(metrics)

        def maker() -> Maker:
            return Maker(metrics, limits, config.max_label_values, config.max_series)

        self._metrics = Instruments(maker())
        self._sorter = Sorter(config.retry_attributes, config.outcomes.attributes)
        self._calls = Once(config.max_calls, limits.forgotten("calls"))
        self._tool_calls = Once(config.max_calls, limits.forgotten("tools"))
        self._responses = Responses(config.max_calls, limits.forgotten("responses"))
        self._roll_ups = RollUps(config.max_traces, limits.forgotten("traces"))
        self._growth = ContextGrowth(config.max_sessions, limits.forgotten("sessions"))
        self._outcomes = Outcomes(config.outcomes)
        self._stopwatch = Stopwatch(config.max_traces, limits.forgotten("roots"))
        try:
            self._signals = Signals(config.signals, maker) if config.signals else None
        except ValueError as error:
            raise ConfigError([f"processors.{context.component_id}.signals: {error}"]) from error

    def process(self, batch: Batch) -> None:
        """Sum the batch up; the metrics hear of it once the batch is owned."""
        tally, origins = Tally(), Origins(self.config.stage_attribute)
        found = self._sorter.sort(batch.spans)
        if found.calls or found.runs or found.workflows:
            self._usage(batch, found, origins, tally)
        if found.tools:
            self._tools(found.tools, batch, tally)
        if found.guardrails:
            self._each(leaves(found.guardrails), lambda record: self._guardrail(record, tally))
        if found.runs:
            self._runs(found.runs, origins, tally)
        called = [*found.calls, *found.tools, *found.runs]
        for record, reason in retries(called, found.again, self.config.retry_attributes):
            tally.add(self._metrics.retries, (origins.agent(record), reason))
        self._judge(batch, found, origins, tally)
        if self._signals is not None:
            signals = self._signals
            self._each(batch.spans, lambda record: signals.read(record, tally))
        batch.transaction.on_commit(tally.apply)

    def _usage(self, batch: Batch, found: Sorted, origins: Origins, tally: Tally) -> None:
        calls, sums = self._pick(found.calls, batch), ModelCalls(origins)
        turns = Turns(self.config.session_attributes, origins)
        self._each(calls, sums.add)
        self._each(calls, turns.add)
        sums.tell(self._metrics, tally)
        if turns.found:
            batch.transaction.on_commit(lambda: self._grow(turns))
        if self.config.agent_usage:
            agents = self._roll_ups.choose(
                [*found.runs, *found.workflows], found.calls, batch.by_trace
            )
            self._each(agents, lambda run: add_roll_up(run, origins, self._metrics, tally))
            counted = {record.span.trace_id for record in (*found.calls, *agents)}
            batch.transaction.on_commit(lambda: self._roll_ups.counted(counted))

    def _pick(self, calls: Sequence[SpanRecord], batch: Batch) -> Sequence[SpanRecord]:
        """The model calls to count: each once, in whatever batches its spans come."""
        if not calls:
            return calls
        return self._responses.pick(self._calls.pick(calls, batch.transaction), batch.transaction)

    def _grow(self, turns: Turns) -> None:
        for agent, ratios in self._growth.ratios(turns.found).items():
            self._metrics.context_growth.child((agent,)).observe(ratios)

    def _tools(self, records: Sequence[SpanRecord], batch: Batch, tally: Tally) -> None:
        tools = ToolCalls()
        self._each(self._tool_calls.pick(made(records), batch.transaction), tools.add)
        tools.tell(self._metrics, tally)

    def _runs(self, records: Sequence[SpanRecord], origins: Origins, tally: Tally) -> None:
        durations: dict[str, list[float]] = {}
        for record in _once(records, origins):
            durations.setdefault(origins.agent(record), []).append(record.duration)
        for agent, values in durations.items():
            tally.observe(self._metrics.run_duration, (agent,), values)

    def _guardrail(self, record: SpanRecord, tally: Tally) -> None:
        text = record.attributes.text
        labels = (text("winnow.guardrail.policy"), text("winnow.guardrail.action"))
        tally.add(self._metrics.guardrails, labels)

    def _judge(self, batch: Batch, found: Sorted, origins: Origins, tally: Tally) -> None:
        if not self._outcomes.wanted:
            return
        outcomes = self._outcomes.on(
            found.judged, [*found.runs, *found.workflows, *found.others], origins
        )
        for outcome in outcomes:
            tally.add(self._metrics.outcomes, (outcome.agent, outcome.name))
        good = self._outcomes.accepted(outcomes)
        roots = [
            (record.span.trace_id, record.span.start_time_unix_nano)
            for record in batch.spans
            if not record.span.parent_span_id
        ]
        if roots or good:
            batch.transaction.on_commit(lambda: self._time(roots, good))

    def _time(self, roots: Sequence[tuple[bytes, int]], good: Sequence[Outcome]) -> None:
        for agent, seconds in self._stopwatch.times(roots, good):
            self._metrics.time_to_good_output.child((agent,)).observe([seconds])

    def _each(self, records: Iterable[SpanRecord], count: Callable[[SpanRecord], None]) -> None:
        for record in records:
            try:
                count(record)
            except Exception as error:
                self.context.counts.failed(error)


def _once(records: Sequence[SpanRecord], origins: Origins) -> Sequence[SpanRecord]:
    """Each run once: where the caller and the agent both tell of it, the agent does."""
    callers = [run for run in records if run.span.kind == Span.SPAN_KIND_CLIENT]
    if not callers:
        return records
    below = {(run.span.parent_span_id, origins.agent(run)) for run in records}
    twice = {id(run) for run in callers if (run.span.span_id, origins.agent(run)) in below}
    return [run for run in records if id(run) not in twice]
