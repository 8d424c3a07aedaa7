"""From a foreign vocabulary to dollars in `/metrics`, through the processors in their order."""

import pytest

from collector.telemetry.metrics import Metrics
from processors.agent_metrics import AgentMetrics
from processors.cost import Cost
from processors.genai import GenAI
from tests.helpers import batch, consume, make, metric, span


def test_a_run_told_in_openinference_is_priced_and_counted_once() -> None:
    metrics = Metrics()
    genai, cost, counts = (make(kind, metrics=metrics) for kind in (GenAI, Cost, AgentMetrics))
    genai.next, cost.next = cost, counts
    usage = {"llm.token_count.prompt": 1_000, "llm.token_count.completion": 100}
    agent = span(
        attributes={"openinference.span.kind": "AGENT", "agent.name": "helper", **usage}, seconds=9
    )
    call = span(
        attributes={
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-4o",
            "llm.provider": "openai",
            **usage,
        },
        parent=agent.span_id,
    )
    tool = span(
        attributes={"openinference.span.kind": "TOOL", "tool.name": "search"}, parent=agent.span_id
    )
    consume(genai, batch(call, tool, agent))
    labels = {"model": "gpt-4o", "environment": "", "agent": "agent", "stage": ""}
    assert metric(counts, "llm_cost_usd_total", **labels) == pytest.approx(0.0035)
    assert metric(counts, "llm_tokens_total", model="gpt-4o", direction="input") == 1_000
    assert metric(counts, "agent_run_duration_seconds_sum", agent="helper") == pytest.approx(9)
    assert metric(counts, "tool_calls_total", tool="search", server="", status="ok") == 1
