"""What real SDKs emitted, told as its documents mean it and as the model double knows it.

See `capture/README.md` for how the `.pb` files came about and how to read the `.yaml` files.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import Batch, SpanRecord
from collector.model_calls import COST, MODEL_CALLS, model_call
from collector.telemetry.metrics import Metrics
from processors.agent_metrics import AgentMetrics
from processors.cost import Cost
from processors.genai import GenAI
from tests.helpers import consume, make

HERE = Path(__file__).parent
CASES = sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.glob("*/*.pb"))
CALL_KEYS = ("provider", "model", "tokens")
SPAN_KEYS = ("name", "operation", "user", "session", "agent", "tool")
TOKENS = ("input", "output", "cache_read", "cache_write", "reasoning")


def expectation(case: str) -> dict[str, Any]:
    told: dict[str, Any] = yaml.safe_load((HERE / f"{case}.yaml").read_text("utf-8"))
    return told


def run(case: str) -> tuple[list[SpanRecord], Metrics]:
    """The spans of a case in the order they began, after the chain, and what it counted."""
    metrics = Metrics()
    genai, cost, counts = (make(kind, metrics=metrics) for kind in (GenAI, Cost, AgentMetrics))
    genai.next, cost.next = cost, counts
    request = ExportTraceServiceRequest.FromString((HERE / f"{case}.pb").read_bytes())
    consume(genai, Batch(request))
    assert metrics.registry.get_sample_value("winnow_processor_errors_total") is None
    spans = [record for batch in counts.next.batches for record in batch.spans]
    return sorted(spans, key=_began), metrics


def _began(record: SpanRecord) -> tuple[int, int]:
    return record.span.start_time_unix_nano, -record.span.end_time_unix_nano


def described(record: SpanRecord) -> dict[str, Any]:
    """A span in the words of the `.yaml` files."""
    text = record.attributes.text
    call = model_call(record.attributes)
    return {
        "name": record.span.name,
        "operation": call.operation,
        "provider": call.provider,
        "model": call.asked or call.answered,
        "tokens": {} if call.usage is None else dict(zip(TOKENS, call.usage, strict=False)),
        "cost": record.attributes.get(COST),
        "user": text("user.id"),
        "session": text("session.id") or text("gen_ai.conversation.id"),
        "agent": text("gen_ai.agent.name"),
        "tool": text("gen_ai.tool.name"),
    }


def differences(wanted: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """What is not as wanted. What the `.yaml` does not mention must not be there; null is any."""
    keys = SPAN_KEYS + (CALL_KEYS if wanted.get("operation") in MODEL_CALLS else ())
    keys = tuple(key for key in keys if wanted.get(key, "") is not None)
    told = {key: found[key] for key in keys}
    asked = {key: wanted.get(key, "") for key in keys}
    if "tokens" in keys:
        asked["tokens"] = dict.fromkeys(TOKENS, 0) | wanted["tokens"] if "tokens" in wanted else {}
    different = [
        f"{wanted['name']}: {key} is {told[key]!r}, not {asked[key]!r}"
        for key in keys
        if told[key] != asked[key]
    ]
    if not _same_cost(found["cost"], wanted.get("cost")):
        different.append(f"{wanted['name']}: cost is {found['cost']}, not {wanted.get('cost')}")
    return different


def _same_cost(found: float | None, wanted: float | None) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return found == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_each_span_is_told_as_its_sdk_meant_it(case: str) -> None:
    records, _ = run(case)
    wanted = expectation(case)["spans"]
    found = [described(record) for record in records]
    assert [span["name"] for span in found] == [span["name"] for span in wanted]
    pairs = zip(wanted, found, strict=True)
    different = [line for pair in pairs for line in differences(*pair)]
    assert not different, "\n".join(different)


@pytest.mark.parametrize("case", CASES)
def test_what_is_counted_is_what_the_model_answered(case: str) -> None:
    _, metrics = run(case)
    total = expectation(case)["total"]
    sums: Counter[str] = Counter()
    for family in metrics.registry.collect():
        for sample in family.samples:
            labels = sample.labels
            match sample.name:
                case "llm_tokens_total":
                    sums[labels["direction"]] += sample.value
                case "llm_cost_usd_total":
                    sums["cost"] += sample.value
                case "gen_ai_client_operation_duration_seconds_count":
                    sums["calls"] += sample.value
                case "tool_calls_total":
                    sums[f"tool {labels['tool']}"] += sample.value
                case "agent_run_duration_seconds_count":
                    sums[f"agent {labels['agent']}"] += sample.value
    cost = total.pop("cost", 0)
    assert sums.pop("cost", 0) == pytest.approx(cost, rel=1e-9)
    assert {name: value for name, value in sums.items() if value} == total


@pytest.mark.parametrize("case", CASES)
def test_nothing_tells_of_the_machine_it_was_captured_on(case: str) -> None:
    request = ExportTraceServiceRequest.FromString((HERE / f"{case}.pb").read_bytes())
    text = str(request)
    assert [word for word in ("/tmp/", "/root/", "/Users/") if word in text] == []
    told = [
        attribute.value.string_value or attribute.value.int_value
        for resource_spans in request.resource_spans
        for attribute in resource_spans.resource.attributes
        if attribute.key.startswith(("host.", "os.", "process.", "service.instance."))
    ]
    assert set(told) <= {"neutral", 1, 0}


def test_every_capture_has_its_expectation() -> None:
    assert (
        sorted(str(path.relative_to(HERE).with_suffix("")) for path in HERE.glob("*/*.yaml"))
        == CASES
    )
