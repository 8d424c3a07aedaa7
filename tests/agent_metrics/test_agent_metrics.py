"""The metrics about agents: every call once, and only of batches that were accepted."""

from typing import Any

import pytest

from collector.attributes import write_value
from collector.model_calls import model_call
from processors.agent_metrics import AgentMetrics
from tests.helpers import START, batch, consume, make, metric, span

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1_000,
    "gen_ai.usage.output_tokens": 100,
    "gen_ai.usage.cost": 0.25,
    "gen_ai.response.finish_reasons": ["stop"],
    "winnow.context.utilization": 0.5,
}
LABELS = {
    "gen_ai_operation_name": "chat",
    "gen_ai_provider_name": "openai",
    "gen_ai_request_model": "gpt-4o",
}


def counted(*spans: Any, resource: dict[str, Any] | None = None, **settings: Any) -> AgentMetrics:
    processor = make(AgentMetrics, settings)
    consume(processor, batch(*spans, resource=resource))
    return processor


def test_a_model_call_is_counted_in_every_way() -> None:
    resource = {"service.name": "shop", "deployment.environment.name": "prod"}
    spans = [span(attributes=CALL | {"agent.stage": "plan"}, seconds=3) for _ in range(2)]
    processor = counted(*spans, resource=resource)
    duration = "gen_ai_client_operation_duration_seconds"
    assert metric(processor, f"{duration}_count", **LABELS) == 2
    assert metric(processor, f"{duration}_sum", **LABELS) == pytest.approx(6)
    usage = "gen_ai_client_token_usage_sum"
    assert metric(processor, usage, **LABELS, gen_ai_token_type="input") == 2_000
    assert metric(processor, usage, **LABELS, gen_ai_token_type="output") == 200
    assert metric(processor, "llm_tokens_total", model="gpt-4o", direction="input") == 2_000
    assert metric(processor, "llm_tokens_total", model="gpt-4o", direction="output") == 200
    assert metric(processor, "llm_finish_reason_total", model="gpt-4o", reason="stop") == 2
    assert metric(processor, "llm_context_utilization_ratio_sum") == pytest.approx(1)
    cost = {"model": "gpt-4o", "environment": "prod", "agent": "shop", "stage": "plan"}
    assert metric(processor, "llm_cost_usd_total", **cost) == pytest.approx(0.5)


def test_an_agents_own_name_comes_before_its_services() -> None:
    processor = counted(span(attributes=CALL | {"gen_ai.agent.name": "planner"}))
    labels = {"model": "gpt-4o", "environment": "", "agent": "planner", "stage": ""}
    assert metric(processor, "llm_cost_usd_total", **labels) == 0.25


def test_the_stage_may_come_from_the_resource() -> None:
    processor = counted(span(attributes=CALL), resource={"phase": "eval"}, stage_attribute="phase")
    labels = {"model": "gpt-4o", "environment": "", "agent": "", "stage": "eval"}
    assert metric(processor, "llm_cost_usd_total", **labels) == 0.25


def test_tokens_and_cost_are_counted_at_the_leaves_alone() -> None:
    agent = span(attributes=CALL | {"gen_ai.operation.name": "invoke_agent"})
    framework = span(attributes=CALL, parent=agent.span_id)
    client = span(attributes=CALL, parent=framework.span_id)
    processor = counted(client, framework, agent)
    assert metric(processor, "llm_tokens_total", model="gpt-4o", direction="input") == 1_000
    cost = {"model": "gpt-4o", "environment": "", "agent": "agent", "stage": ""}
    assert metric(processor, "llm_cost_usd_total", **cost) == 0.25
    assert metric(processor, "agent_run_duration_seconds_count", agent="agent") == 1


def test_a_refused_batch_counts_nothing() -> None:
    processor = make(AgentMetrics)
    item = batch(span(attributes=CALL))
    processor.consume(item)
    item.transaction.rolled_back()
    assert metric(processor, "llm_tokens_total", model="gpt-4o", direction="input") == 0


def test_other_spans_count_for_nothing_and_the_batch_leaves_as_it_came() -> None:
    processor = make(AgentMetrics)
    item = batch(span(attributes={"http.request.method": "GET"}))
    payload = item.payload
    consume(processor, item)
    assert processor.next.batches[0].payload is payload
    assert not [
        sample
        for family in processor.context.counts.metrics.registry.collect()
        for sample in family.samples
        if sample.value and sample.name.startswith(("gen_ai", "llm", "agent", "tool"))
    ]


def test_tool_calls_are_counted_by_tool_server_and_status() -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    remote = tool | {"server.address": "mcp.example"}
    processor = counted(
        span(attributes=tool), span(attributes=remote, error=True), span(attributes=remote)
    )
    total = "tool_calls_total"
    assert metric(processor, total, tool="search", server="", status="ok") == 1
    assert metric(processor, total, tool="search", server="mcp.example", status="error") == 1
    assert metric(processor, total, tool="search", server="mcp.example", status="ok") == 1
    seconds = "tool_call_duration_seconds_count"
    assert metric(processor, seconds, tool="search", server="mcp.example") == 2


def test_one_tool_call_seen_from_three_sides_is_counted_once() -> None:
    tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}
    agent = span(attributes=tool)
    client = span(attributes=tool | {"mcp.server.name": "web"}, parent=agent.span_id, kind=3)
    server = span(attributes=tool, parent=client.span_id, kind=2)
    processor = counted(server, client, agent)
    assert metric(processor, "tool_calls_total", tool="search", server="web", status="ok") == 1
    assert metric(processor, "tool_calls_total", tool="search", server="", status="ok") == 0


def test_a_guardrail_is_counted_where_it_fired_and_not_again_above() -> None:
    fired = {
        "winnow.guardrail.fired": True,
        "winnow.guardrail.policy": "pii",
        "winnow.guardrail.action": "block",
    }
    agent = span(attributes=fired)
    check = span(attributes=fired, parent=agent.span_id)
    quiet = span(attributes=fired | {"winnow.guardrail.fired": False})
    processor = counted(check, agent, quiet)
    assert metric(processor, "guardrail_violations_total", policy="pii", action="block") == 1


def failing_then(again: dict[str, Any], **fields: Any) -> list[Any]:
    failed = span("chat", attributes=CALL | {"error.type": "429"}, error=True, parent=b"parent00")
    return [failed, span("chat", attributes=CALL | again, start=START + 1, **fields)]


def test_a_call_made_again_after_it_failed_is_a_retry() -> None:
    processor = counted(*failing_then({}, parent=b"parent00"))
    assert metric(processor, "agent_retries_total", agent="agent", reason="429") == 1


@pytest.mark.parametrize(
    "other", [{"parent": b"parent01"}, {"parent": b"parent00", "trace": 2}], ids=str
)
def test_a_call_elsewhere_is_not(other: dict[str, Any]) -> None:
    processor = counted(*failing_then({}, **other))
    assert metric(processor, "agent_retries_total", agent="agent", reason="429") == 0


def test_calls_side_by_side_are_no_retries() -> None:
    spans = [span("chat", attributes=CALL, error=True, parent=b"parent00") for _ in range(3)]
    processor = counted(*spans)
    assert metric(processor, "agent_retries_total", agent="agent", reason="unknown") == 0


def test_a_retry_that_says_so_is_counted_once() -> None:
    processor = counted(span(attributes=CALL | {"http.request.resend_count": 2}))
    assert metric(processor, "agent_retries_total", agent="agent", reason="unknown") == 1
    processor = counted(*failing_then({"http.request.resend_count": 1}, parent=b"parent00"))
    assert metric(processor, "agent_retries_total", agent="agent", reason="429") == 1
    assert metric(processor, "agent_retries_total", agent="agent", reason="unknown") == 0


def test_label_values_are_bounded() -> None:
    spans = [span(attributes=CALL | {"gen_ai.request.model": f"m{n}"}) for n in range(5)]
    processor = counted(*spans, max_label_values=3)
    assert metric(processor, "llm_tokens_total", model="m2", direction="input") == 1_000
    assert metric(processor, "llm_tokens_total", model="other", direction="input") == 2_000


def test_series_are_bounded() -> None:
    spans = [span(attributes=CALL | {"gen_ai.request.model": f"m{n}"}) for n in range(9)]
    processor = counted(*spans, max_series=4)
    assert metric(processor, "llm_finish_reason_total", model="m3", reason="stop") == 1
    assert metric(processor, "llm_finish_reason_total", model="other", reason="other") == 5


def test_a_call_that_cannot_be_read_is_left_out_and_counted_as_such() -> None:
    processor = make(AgentMetrics)
    item = batch(span(attributes=CALL), span(attributes=CALL))
    model_call(item.spans[0].attributes).usage = "no usage"  # type: ignore[assignment]
    consume(processor, item)
    assert metric(processor, "llm_tokens_total", model="gpt-4o", direction="input") == 1_000
    labels = {"component": "test", "error": "AttributeError"}
    assert metric(processor, "winnow_processor_errors_total", **labels) == 1


@pytest.mark.parametrize(
    ("told", "reason"),
    [("length", "length"), ('["length"]', "length"), ("[length", "[length")],
    ids=["bare", "as JSON", "odd"],
)
def test_a_finish_reason_may_stand_outside_an_array(told: str, reason: str) -> None:
    record = span(attributes={k: v for k, v in CALL.items() if "finish" not in k})
    write_value(record.attributes.add(key="gen_ai.response.finish_reasons").value, told)
    processor = counted(record)
    assert metric(processor, "llm_finish_reason_total", model="gpt-4o", reason=reason) == 1


def test_two_processors_share_the_metrics() -> None:
    first = make(AgentMetrics)
    second = make(AgentMetrics, metrics=first.context.counts.metrics)
    consume(first, batch(span(attributes=CALL)))
    consume(second, batch(span(attributes=CALL)))
    assert metric(first, "llm_tokens_total", model="gpt-4o", direction="output") == 200
