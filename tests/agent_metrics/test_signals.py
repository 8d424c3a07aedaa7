"""Attributes and events become metrics by configuration."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from collector import ConfigError
from collector.config.load import load_config
from processors.agent_metrics import AgentMetrics
from tests.helpers import START, batch, consume, make, metric, span

CONFIDENCE = {"name": "agent_confidence", "type": "histogram", "attribute": "confidence"}


def counted(signal: dict[str, Any], *spans: Any, **settings: Any) -> AgentMetrics:
    processor = make(AgentMetrics, {"signals": [signal], **settings})
    consume(processor, batch(*spans, resource={"service.name": "agent", "tier": "gold"}))
    return processor


def with_event(name: str, told: dict[str, Any], **fields: Any) -> Any:
    holder, made = span(attributes=told), span(**fields)
    made.events.add(name=name, time_unix_nano=START).attributes.extend(holder.attributes)
    return made


def test_a_histogram_of_an_attribute() -> None:
    signal = CONFIDENCE | {"buckets": [0.5, 1], "labels": {"step": "step", "tier": "tier"}}
    spans = [span(attributes={"confidence": value, "step": "plan"}) for value in (0.4, 0.9, "0.7")]
    processor = counted(signal, *spans, span())
    labels = {"step": "plan", "tier": "gold"}
    assert metric(processor, "agent_confidence_count", **labels) == 3
    assert metric(processor, "agent_confidence_sum", **labels) == pytest.approx(2.0)
    assert metric(processor, "agent_confidence_bucket", **labels, le="0.5") == 1


def test_a_label_of_a_list_is_its_items() -> None:
    signal = CONFIDENCE | {"labels": {"tasks": "winnow.atlas.ai_tasks"}}
    told = {"confidence": 0.5, "winnow.atlas.ai_tasks": ["task_act", "task_plan"]}
    processor = counted(signal, span(attributes=told))
    assert metric(processor, "agent_confidence_count", tasks="task_act,task_plan") == 1


def test_a_gauge_shows_the_last_value() -> None:
    signal = {"name": "golden_similarity", "type": "gauge", "attribute": "similarity"}
    spans = [span(attributes={"similarity": value}) for value in (0.4, 0.9)]
    assert metric(counted(signal, *spans), "golden_similarity") == 0.9


@pytest.mark.parametrize("name", ["tier_tokens", "tier_tokens_total"])
def test_a_counter_adds_numbers_up(name: str) -> None:
    key = "gen_ai.usage.input_tokens"
    signal = {"name": name, "type": "counter", "attribute": key, "labels": {"tier": "context.tier"}}
    spans = [span(attributes={key: n, "context.tier": "memory"}) for n in (10, 20)]
    assert metric(counted(signal, *spans), "tier_tokens_total", tier="memory") == 30


def test_a_counter_counts_what_is_no_number() -> None:
    signal = {"name": "toxic", "type": "counter", "attribute": "toxicity.label"}
    values = ("insult", "threat", True, False)
    spans = [span(attributes={"toxicity.label": value}) for value in values]
    assert metric(counted(signal, *spans), "toxic_total") == 3


def test_an_events_field_with_labels_of_event_span_and_resource() -> None:
    labels = {"name": "gen_ai.evaluation.name", "step": "step", "tier": "tier"}
    signal = {
        "name": "evaluation_score",
        "type": "histogram",
        "event": "gen_ai.evaluation.result",
        "field": "gen_ai.evaluation.score.value",
        "labels": labels,
    }
    told = {"gen_ai.evaluation.name": "faithful", "gen_ai.evaluation.score.value": 0.25}
    spans = (
        with_event("gen_ai.evaluation.result", told, attributes={"step": "answer"}),
        with_event("gen_ai.evaluation.result", {}),
        with_event("something.else", told),
    )
    found = {"name": "faithful", "step": "answer", "tier": "gold"}
    assert metric(counted(signal, *spans), "evaluation_score_sum", **found) == 0.25
    assert metric(counted(signal, *spans), "evaluation_score_count", **found) == 1


def test_a_counter_of_events_needs_no_field() -> None:
    signal = {"name": "reranks", "type": "counter", "event": "rerank"}
    assert metric(counted(signal, with_event("rerank", {}), span()), "reranks_total") == 1


def test_only_spans_that_match_are_looked_at() -> None:
    signal = CONFIDENCE | {"match": {"match_type": "strict", "span_names": ["plan"]}}
    told = {"confidence": 0.5}
    processor = counted(signal, span("plan", attributes=told), span("act", attributes=told))
    assert metric(processor, "agent_confidence_count") == 1


@pytest.mark.parametrize("value", ["high", "nan", float("inf"), [0.5], 10**400], ids=str)
def test_what_is_no_number_is_refused_and_counted(value: Any) -> None:
    if value == 10**400:
        value = "1" + "0" * 400
    processor = counted(CONFIDENCE, span(attributes={"confidence": value}))
    assert metric(processor, "agent_confidence_count") == 0
    refused = "winnow_agent_metrics_refused_values_total"
    assert metric(processor, refused, signal="agent_confidence") == 1


def test_a_counter_does_not_go_down() -> None:
    signal = {"name": "steps", "type": "counter", "attribute": "steps"}
    processor = counted(signal, span(attributes={"steps": -1}))
    refused = "winnow_agent_metrics_refused_values_total"
    assert metric(processor, refused, signal="steps") == 1


def test_labels_are_bounded_and_take_no_room_from_other_metrics() -> None:
    signal = CONFIDENCE | {"labels": {"agent": "who"}}
    spans = [span(attributes={"confidence": 1.0, "who": f"w{n}"}) for n in range(5)]
    run = span(attributes={"gen_ai.operation.name": "invoke_agent"})
    processor = counted(signal, *spans, run, max_label_values=2)
    assert metric(processor, "agent_confidence_count", agent="other") == 3
    assert metric(processor, "agent_run_duration_seconds_count", agent="agent") == 1
    overflowed = "winnow_agent_metrics_overflowed_total"
    assert metric(processor, overflowed, metric="agent_confidence") == 3


def test_a_refused_batch_tells_nothing() -> None:
    processor = make(AgentMetrics, {"signals": [CONFIDENCE]})
    item = batch(span(attributes={"confidence": 0.5}))
    processor.consume(item)
    item.transaction.rolled_back()
    assert metric(processor, "agent_confidence_count") == 0


def test_the_same_signal_in_two_pipelines_is_one_metric() -> None:
    first = make(AgentMetrics, {"signals": [CONFIDENCE]})
    second = make(AgentMetrics, {"signals": [CONFIDENCE]}, metrics=first.context.counts.metrics)
    for processor in (first, second):
        consume(processor, batch(span(attributes={"confidence": 0.5})))
    assert metric(first, "agent_confidence_count") == 2


def test_a_metric_of_two_forms_is_a_mistake_that_names_the_signal() -> None:
    first = make(AgentMetrics, {"signals": [CONFIDENCE]})
    other = CONFIDENCE | {"labels": {"step": "step"}}
    with pytest.raises(ConfigError, match=r"signals: there is a metric agent_confidence .*restart"):
        make(AgentMetrics, {"signals": [other]}, metrics=first.context.counts.metrics)


MISTAKES = [
    ({"name": "agent-confidence"}, "signals[0].name", "such as 'agent_confidence'"),
    ({"name": "0.9"}, "signals[0].name", "such as '_0_9'"),
    ({"name": "winnow_mine"}, "signals[0].name", "names with winnow_"),
    ({"name": "tool_calls_total", "type": "gauge"}, "signals[0]", "own metric tool_calls"),
    ({"name": "llm_tokens", "type": "counter"}, "signals[0]", "own metric llm_tokens"),
    ({"name": "agent_run_duration_seconds_sum"}, "signals[0]", "agent_run_duration_seconds"),
    ({"labels": {"my-step": "step"}}, "signals[0]", "such as 'my_step'"),
    ({"labels": {"le": "step"}}, "signals[0]", "the bucket's bound"),
    ({"labels": {"__name__": "step"}}, "signals[0]", "no name for a label"),
    ({"buckets": [1, 0.5]}, "signals[0].buckets", "must rise"),
    ({"type": "gauge", "buckets": [1]}, "signals[0]", "has no buckets"),
    ({"type": "summary"}, "signals[0].type", "must be one of histogram, gauge, counter"),
    ({"event": "e"}, "signals[0]", "one of attribute and event"),
    ({"field": "f"}, "signals[0]", "field is an event's"),
    ({"attribute": None, "event": "e"}, "signals[0]", "needs a value: give field"),
    ({"atribute": "a"}, "signals[0].atribute", "did you mean 'attribute'?"),
    ({"match": {"match_type": "strict"}}, "signals[0].match", "matches every span"),
]


@pytest.mark.parametrize(("change", "place", "message"), MISTAKES, ids=lambda v: str(v)[:40])
def test_mistakes_are_told_at_their_place(
    tmp_path: Path, change: dict[str, Any], place: str, message: str
) -> None:
    with pytest.raises(ConfigError) as error:
        load(tmp_path, [CONFIDENCE | change])
    assert f"processors.agent_metrics.{place}: " in str(error.value)
    assert message in str(error.value)


def test_two_signals_cannot_share_a_name(tmp_path: Path) -> None:
    clash = {"name": "agent_confidence_count", "type": "gauge", "attribute": "n"}
    with pytest.raises(ConfigError, match="two signals share the name 'agent_confidence_count'"):
        load(tmp_path, [CONFIDENCE, clash])


def test_the_examples_in_the_documentation_are_valid(tmp_path: Path) -> None:
    page = Path(__file__, "../../../docs/metrics.md").resolve().read_text("utf-8")
    blocks = [yaml.safe_load(one) for one in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    settings = [block["processors"]["agent_metrics"] for block in blocks]
    assert [key for one in settings for key in one] == ["outcomes", "signals"]
    for one in settings:
        AgentMetrics.Config.model_validate(one)
        load(tmp_path, one.get("signals", []))


def load(tmp_path: Path, signals: list[dict[str, Any]]) -> None:
    path = tmp_path / "pipeline.yaml"
    pipeline = {"receivers": ["otlp"], "processors": ["agent_metrics"], "exporters": ["debug"]}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {}}}},
        "processors": {"agent_metrics": {"signals": signals}},
        "exporters": {"debug": {}},
        "service": {"pipelines": {"traces": pipeline}},
    }
    path.write_text(yaml.safe_dump(config))
    load_config(path)
