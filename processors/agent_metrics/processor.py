"""The `agent_metrics` processor."""

from collections.abc import Callable, Iterable

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import Field

from collector import Batch, ComponentConfig, Context, Processor, SpanRecord
from collector.model_calls import (
    AGENT_RUN,
    MODEL_CALLS,
    RETRY_ATTRIBUTES,
    TOOL_CALL,
    leaves,
    operation,
)
from processors.agent_metrics.calls import ModelCalls
from processors.agent_metrics.instruments import Instruments
from processors.agent_metrics.origins import Origins
from processors.agent_metrics.retries import retries
from processors.agent_metrics.tally import Tally

_GUARDRAIL = "winnow.guardrail.fired"


class AgentMetricsConfig(ComponentConfig):
    """Settings of `agent_metrics`."""

    stage_attribute: str = "agent.stage"
    """The attribute of a span, or else of its resource, that the label `stage` is read from."""
    retry_attributes: list[str] = list(RETRY_ATTRIBUTES)
    """Attributes with a number that is above 0 on a call that was made again."""
    max_label_values: int = Field(default=200, ge=1)
    """How many values a label may take; what comes after is counted as `other`."""
    max_series: int = Field(default=2000, ge=1)
    """How many series a metric may have; what comes after is counted with each label `other`."""


class AgentMetrics(Processor[AgentMetricsConfig]):
    """Counts model calls, tool calls, agent runs, retries and guardrails that fired.

    Stands after `genai` and `cost`, whose attributes it reads, and before any sampling. Tokens
    and cost come from model calls alone: not from agent spans, which repeat them, nor from a
    model call with another one as its child. Nothing is counted for a batch that is refused.

    The label `agent` is the span's `gen_ai.agent.name`, or else its `service.name`.
    """

    Config = AgentMetricsConfig
    mutates = False

    def __init__(self, config: AgentMetricsConfig, context: Context) -> None:
        super().__init__(config, context)
        self._metrics = Instruments(
            context.counts.metrics, config.max_label_values, config.max_series
        )
        self._retry_attributes = frozenset(config.retry_attributes)

    def process(self, batch: Batch) -> None:
        """Sum the batch up; the metrics hear of it once the batch is owned."""
        calls, tools, runs, guardrails = _sort(batch.spans)
        if not (calls or tools or runs or guardrails):
            return
        tally, origins = Tally(), Origins(self.config.stage_attribute)
        sums = ModelCalls(origins)
        self._each(leaves(calls), sums.add)
        sums.tell(self._metrics, tally)
        self._each(_innermost_tools(tools), lambda record: self._tool_call(record, tally))
        self._each(leaves(guardrails), lambda record: self._guardrail(record, tally))
        self._each(runs, lambda record: self._agent_run(record, origins, tally))
        for record, reason in retries([*calls, *tools, *runs], self._retry_attributes):
            tally.add(self._metrics.retries, (origins.of(record).agent, reason))
        batch.transaction.on_commit(tally.apply)

    def _each(self, records: Iterable[SpanRecord], count: Callable[[SpanRecord], None]) -> None:
        for record in records:
            try:
                count(record)
            except Exception as error:
                self.context.counts.failed(error)

    def _tool_call(self, record: SpanRecord, tally: Tally) -> None:
        attributes = record.attributes
        tool = attributes.text("gen_ai.tool.name") or record.span.name
        server = attributes.text("mcp.server.name") or attributes.text("server.address")
        status = "error" if record.failed or "error.type" in attributes else "ok"
        tally.observe(self._metrics.tool_duration, (tool, server), [record.duration])
        tally.add(self._metrics.tool_calls, (tool, server, status))

    def _agent_run(self, record: SpanRecord, origins: Origins, tally: Tally) -> None:
        labels = (origins.of(record).agent,)
        tally.observe(self._metrics.run_duration, labels, [record.duration])

    def _guardrail(self, record: SpanRecord, tally: Tally) -> None:
        text = record.attributes.text
        labels = (text("winnow.guardrail.policy"), text("winnow.guardrail.action"))
        tally.add(self._metrics.guardrails, labels)


def _sort(records: Iterable[SpanRecord]) -> tuple[list[SpanRecord], ...]:
    """Model calls, tool calls, agent runs, and spans on which a guardrail fired."""
    calls: list[SpanRecord] = []
    tools: list[SpanRecord] = []
    runs: list[SpanRecord] = []
    guardrails: list[SpanRecord] = []
    for record in records:
        attributes = record.attributes
        if attributes.values.get(_GUARDRAIL) is True:
            guardrails.append(record)
        name = operation(attributes)
        if name in MODEL_CALLS:
            calls.append(record)
        elif name == TOOL_CALL:
            tools.append(record)
        elif name == AGENT_RUN:
            runs.append(record)
    return calls, tools, runs, guardrails


def _innermost_tools(records: Iterable[SpanRecord]) -> list[SpanRecord]:
    """Tool calls as the agent made them: what a server tells of the same call is left out."""
    return leaves(record for record in records if record.span.kind != Span.SPAN_KIND_SERVER)
