"""Spans are described in the atlas' own words, by the rules that match them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from collector import ConfigError
from collector.config.load import load_config
from processors.atlas import Atlas
from processors.atlas.config import AtlasConfig, default_rules
from processors.atlas.vocabulary import DIMENSIONS, vocabulary
from tests.helpers import attributes, batch, consume, make, metric, span

SEARCH = {"match_type": "strict", "span_names": ["search"]}
CLOUDFLARE = {"service.name": "worker", "cloud.platform": "cloudflare.workers"}


def told(settings: dict[str, Any], *spans: Any, resource: Any = None) -> list[dict[str, Any]]:
    """What the processor wrote on each span, by dimension."""
    atlas = make(Atlas, settings)
    consume(atlas, batch(*spans, resource=resource))
    return [
        {k.removeprefix("winnow.atlas."): v for k, v in one.items() if "winnow.atlas." in k}
        for one in attributes(atlas.next.spans)
    ]


DEFAULTS = [
    (
        {"gen_ai.operation.name": "chat", "gen_ai.output.type": "json"},
        {
            "ai_tasks": ["task_generate"],
            "data": ["data_conversation", "data_json"],
            "constraints": ["const_format"],
        },
    ),
    (
        {"gen_ai.operation.name": "embeddings"},
        {"ai_tasks": ["task_represent"], "data": ["data_embedding"]},
    ),
    ({"gen_ai.operation.name": "invoke_agent"}, {"system_tasks": ["system_orchestrate"]}),
    ({"gen_ai.operation.name": "search_memory"}, {"system_tasks": ["system_state"]}),
    (
        {"gen_ai.operation.name": "execute_tool", "mcp.method.name": "tools/call"},
        {
            "ai_tasks": ["task_act"],
            "system_tasks": ["system_api"],
            "data": ["data_action", "data_api_response"],
        },
    ),
    (
        {"openinference.span.kind": "RERANKER"},
        {"ai_tasks": ["task_rank"], "data": ["data_list", "data_score"]},
    ),
    ({"faas.trigger": "email"}, {"touchpoints": ["tp_email"]}),
    ({"agent.outcome": "accepted"}, {"human_tasks": ["human_provide_feedback"]}),
    ({"gen_ai.request.stream": False}, {}),
    ({"http.request.method": "GET"}, {}),
]


@pytest.mark.parametrize(("found", "expected"), DEFAULTS, ids=lambda v: str(v)[:40])
def test_well_known_spans_are_described_by_default(
    found: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert told({}, span(attributes=found)) == [expected]


CLOUDFLARES = [
    ("kv_get", {}, {"system_tasks": ["system_read_db"], "data": ["data_db_record"]}),
    ("d1_run", {}, {"data": ["data_db_record"]}),
    ("r2_put", {}, {"system_tasks": ["system_create_db"], "data": ["data_file"]}),
    ("cache_match", {}, {"system_tasks": ["system_cache"], "constraints": ["const_caching"]}),
    ("durable_object_storage_exec", {}, {"system_tasks": ["system_state"]}),
    (
        "fetch",
        {"server.address": "example.com"},
        {"system_tasks": ["system_api"], "data": ["data_api_response"]},
    ),
    ("fetch", {"faas.trigger": "http"}, {}),
    ("my_kv_get", {}, {}),
]


@pytest.mark.parametrize(("name", "found", "expected"), CLOUDFLARES)
def test_cloudflares_spans_are_known_by_name(
    name: str, found: dict[str, Any], expected: dict[str, list[str]]
) -> None:
    assert told({}, span(name, attributes=found), resource=CLOUDFLARE) == [expected]


def test_a_fetch_elsewhere_is_not_cloudflares() -> None:
    assert told({}, span("fetch", attributes={"server.address": "example.com"})) == [{}]


def test_a_number_and_a_truth_value_are_not_the_same() -> None:
    wanted = {"match_type": "strict", "attributes": [{"key": "x", "value": True}]}
    rules = [{"match": wanted, "data": ["data_signal"]}]
    spans = [span(attributes={"x": value}) for value in (1, True, 1.0, "true", True)]
    assert [bool(one) for one in told({"rules": rules}, *spans)] == [
        False,
        True,
        False,
        False,
        True,
    ]


def test_ones_own_rules_all_have_their_say_in_order() -> None:
    rules = [
        {"match": SEARCH, "data": ["data_text"]},
        {"match": SEARCH, "data": ["data_table", "data_text"], "touchpoints": ["tp_chat"]},
    ]
    expected = {"data": ["data_text", "data_table"], "touchpoints": ["tp_chat"]}
    assert told({"rules": rules}, span("search"), span("find")) == [expected, {}]


def test_a_default_is_silent_where_ones_own_rule_speaks() -> None:
    classify = {"match": {"match_type": "strict", "span_names": ["intent"]}}
    rules = [classify | {"ai_tasks": ["task_classify"]}]
    call = {"gen_ai.operation.name": "chat"}
    assert told({"rules": rules}, span("intent", attributes=call)) == [
        {"ai_tasks": ["task_classify"], "data": ["data_conversation"]}
    ]


def test_what_stands_on_the_span_stays() -> None:
    call = {"gen_ai.operation.name": "chat", "winnow.atlas.ai_tasks": ["task_explain"]}
    assert told({}, span(attributes=call))[0]["ai_tasks"] == ["task_explain"]


def test_defaults_can_be_left_out() -> None:
    assert told({"defaults": False}, span(attributes={"gen_ai.operation.name": "chat"})) == [{}]


def test_rules_may_ask_for_a_service_alone() -> None:
    rules = [{"match": {"match_type": "strict", "services": ["bot"]}, "touchpoints": ["tp_sms"]}]
    resource = {"service.name": "bot"}
    assert told({"rules": rules}, span(), resource=resource) == [{"touchpoints": ["tp_sms"]}]


def test_a_batch_without_a_match_leaves_as_it_came() -> None:
    atlas = make(Atlas)
    item = batch(span())
    payload = item.payload
    consume(atlas, item)
    assert atlas.next.batches[0].payload is payload


def test_a_span_that_cannot_be_described_is_passed_on_and_counted() -> None:
    atlas = make(Atlas)
    item = batch(span(attributes={"gen_ai.operation.name": "chat"}), span())
    item.spans[0].attributes.values = None  # type: ignore[assignment]
    consume(atlas, item)
    assert len(atlas.next.spans) == 2
    assert metric(atlas, "winnow_processor_errors_total", component="test", error="TypeError") == 1


def test_many_names_take_no_room_for_ever() -> None:
    spans = [span(f"kv_get {number}") for number in range(5_000)] + [span("kv_get")]
    assert told({}, *spans)[-1]["system_tasks"] == ["system_read_db"]


MISTAKES = [
    ({"ai_tasks": ["task_genrate"]}, "rules[0].ai_tasks[0]", "did you mean 'task_generate'?"),
    ({"ai_tasks": ["edit"]}, "rules[0].ai_tasks[0]", "'edit' is not in the atlas' ai_tasks"),
    ({"human_tasks": ["edit"]}, "rules[0].human_tasks[0]", "did you mean 'human_edit'?"),
    ({"data": ["data_text", "task_plan"]}, "rules[0].data[1]", "is one of ai_tasks: write it"),
    ({}, "rules[0]", "the rule says nothing"),
    ({"tasks": ["task_plan"]}, "rules[0].tasks", "unknown key"),
]


@pytest.mark.parametrize(("change", "place", "message"), MISTAKES, ids=lambda v: str(v)[:30])
def test_mistakes_are_told_at_their_place(
    tmp_path: Path, change: dict[str, Any], place: str, message: str
) -> None:
    path = tmp_path / "pipeline.yaml"
    pipeline = {"receivers": ["otlp"], "processors": ["atlas"], "exporters": ["debug"]}
    config = {
        "receivers": {"otlp": {"protocols": {"http": {}}}},
        "processors": {"atlas": {"rules": [{"match": SEARCH} | change]}},
        "exporters": {"debug": {}},
        "service": {"pipelines": {"traces": pipeline}},
    }
    path.write_text(yaml.safe_dump(config))
    with pytest.raises(ConfigError) as error:
        load_config(path)
    assert f"processors.atlas.{place}: " in str(error.value)
    assert message in str(error.value)


def test_the_default_rules_and_every_id_keep_to_the_vocabulary() -> None:
    prefixes = ("task_", "human_", "system_", "data_", "const_", "tp_")
    assert default_rules()
    assert tuple(vocabulary()) == DIMENSIONS
    for prefix, words in zip(prefixes, vocabulary().values(), strict=True):
        assert all(word.startswith(prefix) for word in words)


def test_the_example_in_the_documentation_is_valid() -> None:
    page = Path(__file__, "../../../docs/atlas.md").resolve().read_text("utf-8")
    example = yaml.safe_load(page.partition("```yaml")[2].partition("```")[0])
    assert AtlasConfig.model_validate(example["processors"]["atlas"]).rules


def test_editors_are_offered_the_ids() -> None:
    rule = AtlasConfig.model_json_schema()["$defs"]["AtlasRule"]["properties"]
    assert "tp_chat" in rule["touchpoints"]["items"]["enum"]
