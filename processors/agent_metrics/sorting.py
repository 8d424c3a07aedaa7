"""The spans of a batch, sorted by what is to be counted on them."""

from collections.abc import Iterable, Sequence

from collector import SpanRecord
from collector.model_calls import AGENT_RUN, MODEL_CALLS, TOOL_CALL, operation
from processors.agent_metrics.tools import MCP_CALL, MCP_METHOD

_GUARDRAIL = "winnow.guardrail.fired"
_WORKFLOW = "invoke_workflow"


class Sorted:
    """Lists of records; a span may be in several."""

    __slots__ = ("again", "calls", "guardrails", "judged", "others", "runs", "tools", "workflows")

    def __init__(self) -> None:
        self.calls: list[SpanRecord] = []
        self.tools: list[SpanRecord] = []
        self.runs: list[SpanRecord] = []
        """Those of agents."""
        self.workflows: list[SpanRecord] = []
        self.others: list[SpanRecord] = []
        """Of none of these four kinds."""
        self.again: list[SpanRecord] = []
        """Whatever may tell by an attribute that it was made again."""
        self.guardrails: list[SpanRecord] = []
        """Where one fired."""
        self.judged: list[SpanRecord] = []
        """Spans with an attribute that may tell an outcome."""

    def by_operation(self) -> dict[str, list[SpanRecord]]:
        """The list for each operation; `others` has no entry."""
        lists = dict.fromkeys(MODEL_CALLS, self.calls)
        return lists | {TOOL_CALL: self.tools, AGENT_RUN: self.runs, _WORKFLOW: self.workflows}


class Sorter:
    """Sorts batches."""

    def __init__(self, retry_attributes: Sequence[str], outcome_attributes: Sequence[str]) -> None:
        self._retries = frozenset(retry_attributes)
        self._outcomes = frozenset(outcome_attributes)
        self._rare = self._retries | self._outcomes | {_GUARDRAIL, MCP_METHOD}

    def sort(self, records: Iterable[SpanRecord]) -> Sorted:
        """One look at each of `records`."""
        found, rare = Sorted(), self._rare
        list_of, others = found.by_operation().get, found.others
        for record in records:
            attributes = record.attributes
            name = operation(attributes)
            if not rare.isdisjoint(attributes.values):  # hardly ever
                name = self._look(record, name, found)
            list_of(name, others).append(record)
        return found

    def _look(self, record: SpanRecord, name: str, found: Sorted) -> str:
        """Sort by what is rare; the operation, also where only MCP's own attributes tell it."""
        values = record.attributes.values
        if values.get(_GUARDRAIL) is True:
            found.guardrails.append(record)
        if not self._retries.isdisjoint(values):
            found.again.append(record)
        if not self._outcomes.isdisjoint(values):
            found.judged.append(record)
        return TOOL_CALL if not name and values.get(MCP_METHOD) == MCP_CALL else name
