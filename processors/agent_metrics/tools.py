"""Tool calls of a batch, summed up by tool, server and status."""

from collections.abc import Iterable

from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Attributes, SpanRecord
from processors.agent_metrics.instruments import Instruments
from processors.agent_metrics.tally import Tally

MCP_METHOD = "mcp.method.name"
MCP_CALL = "tools/call"


class ToolCalls:
    """The tool calls of one batch."""

    def __init__(self) -> None:
        self._durations: dict[tuple[str, str, str], list[float]] = {}

    def add(self, record: SpanRecord) -> None:
        """Count one call."""
        attributes = record.attributes
        tool = attributes.text("gen_ai.tool.name") or record.span.name.removeprefix(f"{MCP_CALL} ")
        failed = "error.type" in attributes.values or record.failed
        labels = tool, _server(attributes), "error" if failed else "ok"
        durations = self._durations.get(labels)
        if durations is None:
            durations = self._durations[labels] = []
        durations.append(record.duration)

    def tell(self, metrics: Instruments, tally: Tally) -> None:
        """Put the sums into `tally`."""
        for labels, durations in self._durations.items():
            tally.observe(metrics.tool_duration, labels[:2], durations)
            tally.add(metrics.tool_calls, labels, len(durations))


def made(records: Iterable[SpanRecord]) -> list[SpanRecord]:
    """Tool calls as the agent made them: what a server tells of the same call is left out."""
    return [record for record in records if record.span.kind != Span.SPAN_KIND_SERVER]


def _server(attributes: Attributes) -> str:
    """The MCP server by its name, or else its host; empty for a tool of the agent's own."""
    if "mcp.server.name" in attributes.values:
        return attributes.text("mcp.server.name")
    return attributes.text("server.address")
