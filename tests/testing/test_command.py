"""`winnow test`: a file of tests against a configuration."""

import json
import math
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from collector.cli.test import test as command
from collector.replay import recorded
from collector.testing import spans
from collector.testing.suite import Case
from tests.helpers import request, span

pytestmark = pytest.mark.usefixtures("logs_as_before")
CONFIG = {
    "receivers": {"otlp": {}, "otlp/spare": {}},
    "processors": {
        "genai": {},
        "redaction": {},
        "cost": {},
        "agent_metrics": {},
        "user_costs": {"path": "costs.db"},
        "head_sampling": {"percentage": 0, "key": ["user.id"]},
        "tail_sampling": {
            "policies": [
                {
                    "name": "errors",
                    "type": "status_code",
                    "status_code": {"status_codes": ["ERROR"]},
                },
                {"name": "sampled", "type": "head_sampled"},
            ]
        },
        "filter": {"spans": {"exclude": {"match_type": "strict", "span_names": ["secret plan"]}}},
    },
    "exporters": {
        "archive": {"url": "./archive"},
        "otlp": {"endpoint": "127.0.0.1:1", "processors": ["filter"]},
        "debug": {},
    },
    "service": {
        "storage": {"directory": "state"},
        "pipelines": {
            "traces": {
                "receivers": ["otlp"],
                "processors": [
                    *("genai", "redaction", "cost", "user_costs", "agent_metrics"),
                    *("head_sampling", "tail_sampling"),
                ],
                "exporters": ["archive", "otlp"],
            },
            "traces/plain": {
                "receivers": ["otlp/spare"],
                "processors": ["redaction"],
                "exporters": ["debug"],
            },
        },
    },
}
CALL = {
    "name": "chat gpt-4o",
    "id": "call",
    "status": "error",
    "attributes": {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 1000,
        "gen_ai.usage.output_tokens": 100,
        "note": "write to ann@example.com",
    },
}


def nested(levels: int) -> Any:
    return {"below": nested(levels - 1)} if levels else "bottom"


@pytest.fixture
def directory(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pipeline.yaml").write_text(yaml.safe_dump(CONFIG, sort_keys=False))
    return tmp_path


@pytest.fixture
def run(directory):
    """Runs a file with these tests, and settings of the whole file."""

    def run(*tests: dict[str, Any], **settings: Any) -> Result:
        path = directory / "tests.yaml"
        named = [{"name": f"test {number}"} | one for number, one in enumerate(tests)]
        path.write_text(yaml.safe_dump(settings | {"tests": named}, sort_keys=False))
        return CliRunner().invoke(command, ["tests.yaml"])

    return run


@pytest.fixture
def faults(run):
    """What a test with these expectations finds wrong."""

    def faults(expect: dict[str, Any], *spans: dict[str, Any], **case: Any) -> list[str]:
        sent = {"spans": list(spans or (CALL,))} if "file" not in case else {}
        answer = run(sent | {"expect": expect} | case)
        assert answer.stdout, answer.output
        *told, _ = answer.stdout.splitlines()
        return [line.strip() for line in told[1:]]

    return faults


def test_spans_go_through_the_whole_chain(run):
    expect = {
        "count": 1,
        "spans": [
            {
                "id": "call",
                "name": "chat gpt-4o",
                "status": "error",
                "attributes": {
                    "gen_ai.usage.cost": 0.0035,
                    "note": "write to <EMAIL_ADDRESS>",
                    "winnow.cost.version": {"matches": r"\d+\.\d+\.\d+"},
                    "winnow.sampling.policy": "errors",
                    "user.id": None,
                },
            }
        ],
        "dropped": {},
        "never": ["ann@example.com"],
        "metrics": {
            'llm_tokens_total{direction="input"}': 1000,
            "llm_tokens_total": 1100,
            'llm_cost_usd_total{model="gpt-4o"}': 0.0035,
        },
    }
    answer = run({"name": "an error is kept", "spans": [CALL], "expect": expect})
    assert answer.stdout == "ok: an error is kept\n1 passed, 0 failed\n"
    assert answer.exit_code == 0


def test_nothing_leaves_and_nothing_stays(run, directory):
    answer = run({"spans": [CALL], "expect": {"count": 1}})
    assert answer.exit_code == 0
    assert {path.name for path in directory.iterdir()} == {"pipeline.yaml", "tests.yaml"}


def test_a_difference_fails_and_tells_where(run):
    answer = run({"spans": [CALL], "expect": {"count": 2}}, {"spans": [CALL], "expect": {}})
    first, *_, last = answer.stdout.splitlines()
    assert first == "tests.yaml:2:3: FAILED: test 0"
    assert last == "1 passed, 1 failed"
    assert answer.exit_code == 1


@pytest.mark.parametrize(
    ("expect", "told"),
    [
        ({"count": 0}, "count: is 1, expected 0; there is 'chat gpt-4o'"),
        ({"spans": [{"name": "other"}]}, "span 'other': did not come out"),
        ({"spans": [{"id": "call", "name": "x"}]}, "span 'call': name: is 'chat gpt-4o'"),
        ({"spans": [{"id": "call", "status": "ok"}]}, "status: is 'error', expected 'ok'"),
        ({"spans": [{"id": "call", "message": "x"}]}, "message: is '', expected 'x'"),
        ({"spans": [CALL | {"attributes": {"note": "x"}}]}, "note: is 'write to <EMAIL_ADDRESS>'"),
        ({"spans": [{"attributes": {"nothing": 1}}]}, "a span: nothing: is not there, expected 1"),
        ({"spans": [{"id": "call", "message": {"matches": "x"}}]}, "expected a match of 'x'"),
        ({"spans": [{"id": "call", "tracestate": "x"}]}, "tracestate: is 'ot="),
        ({"spans": [{"resource": {"team": "a"}}]}, "resource: team: is not there, expected 'a'"),
        ({"spans": [{"events": [{"name": "x"}]}]}, "event 'x': is not there; nothing is there"),
        ({"spans": [{"attributes": {"note": None}}]}, "expected none"),
        ({"spans": [{"attributes": {"note": {"matches": "w"}}}]}, "expected a match of 'w'"),
        ({"spans": [{"name": "chat gpt-4o"}] * 2}, "did not come out; nothing is there"),
        ({"never": ["<EMAIL"]}, "never: '<EMAIL' came out"),
        ({"never": ["gpt-4o"]}, "never: 'gpt-4o' stands in a label of the metrics"),
        ({"dropped": {"not_sampled": 1}}, "dropped: is {}, expected {'not_sampled': 1}"),
        ({"metrics": {"llm_tokens_total": 1}}, "llm_tokens_total: is 1100, expected 1"),
        ({"metrics": {"llm_tokns_total": 0}}, "no metric of that name (did you mean 'llm_tokens"),
        ({"metrics": {'llm_tokens_total{modl="x"}': 0}}, "no label 'modl' (did you mean 'model'?)"),
        ({"metrics": {"llm_tokens_total": 10**12 + 1}}, "is 1100, expected 1000000000001"),
    ],
)
def test_every_expectation_can_fail(faults, expect, told):
    assert any(told in fault for fault in faults(expect))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (date(2026, 1, 1), "2026-01-01 is a date in YAML: put it in quotes"),
        ([date(2026, 1, 1)], "2026-01-01 is a date in YAML: put it in quotes"),
        (2**63, "9223372036854775808 is more than 64 bits hold"),
        ({"a": [-(2**63) - 1]}, "-9223372036854775809 is more than 64 bits"),
        ({"a": {1: "x"}}, "the key 1 in it must be text: put it in quotes"),
        (None, "has no value: give it one, or leave it out"),
        (nested(26), "is nested deeper than 25 levels: write what is below as JSON"),
    ],
)
def test_a_value_that_no_attribute_can_have_is_told_with_its_place(run, value, told):
    answer = run({"spans": [{"name": "x", "attributes": {"key": value}}], "expect": {}})
    assert answer.exit_code == 1
    assert f"spans[0].attributes.key: {told}" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "expected", "equal"),
    [
        (1, 1.0, True),
        (0.1, 0.1 + 1e-17, True),
        (1, True, False),
        (1, "1", False),
        ([1], [1], True),
        ([1], [1, 1], False),
        ([0.1, None], [0.1 + 1e-17, None], True),
        ([1], [True], False),
        (math.nan, math.nan, True),
        (math.nan, 1.0, False),
        ({"a": {"b": 1}}, {"a": {"b": 1}}, True),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, False),
        ({"a": 1}, {"b": 1}, False),
        (b"raw", b"raw", True),
        (nested(25), nested(25), True),
        (-(2**63), -(2**63), True),
    ],
)
def test_values_are_equal_as_people_mean_it(faults, value, expected, equal):
    span = {"name": "step", "status": "error", "attributes": {"x": value}}
    assert bool(faults({"spans": [{"attributes": {"x": expected}}]}, span)) is not equal


def test_a_span_that_is_expected_twice_is_to_come_twice(faults):
    step = {"name": "step", "status": "error"}
    assert not faults({"spans": [{"name": "step"}] * 2}, step, step)
    assert faults({"spans": [{"name": "step"}] * 3}, step, step)


def test_the_likest_of_several_spans_is_the_one_that_is_told_of(faults):
    spans = [{"name": "step", "status": "error", "attributes": {"a": n, "b": n}} for n in (1, 2)]
    (told, *_) = faults({"spans": [{"name": "step", "attributes": {"a": 2, "b": 3}}]}, *spans)
    assert "b: is 2, expected 3" in told


@pytest.mark.parametrize("ascii_only", [True, False])
@pytest.mark.parametrize("name", ["Jörg", 'Jo "X" Doe', "a\\b", "two\nlines"])
def test_what_is_never_to_come_out_is_found_in_json_too(faults, name, ascii_only):
    once = json.dumps({"name": name}, ensure_ascii=ascii_only)
    for text in (name, once, json.dumps({"inner": once}, ensure_ascii=ascii_only)):
        step = {"name": "step", "status": "error", "attributes": {"text": text}}
        assert f"archive: never: {name!r} came out" in faults({"never": [name]}, step)


def test_what_is_dropped_for_other_reasons_may_be_said_to_be_none(faults):
    assert not faults({"dropped": {"not_sampled": 0}})


def test_events_resource_message_and_tracestate_may_be_expected(faults):
    failed = CALL | {
        "message": "no mail for ann@example.com",
        "tracestate": "vendor=1",
        "events": [
            {"name": "retry", "attributes": {"attempt": 1}},
            {"name": "retry", "attributes": {"attempt": 2, "reason": "ann@example.com"}},
        ],
    }
    expected = {
        "id": "call",
        "message": {"matches": "no mail for <.*>"},
        "tracestate": {"matches": "ot=.*,vendor=1"},
        "resource": {"owner": "<EMAIL_ADDRESS>", "service.name": None},
        "events": [{"name": "retry", "attributes": {"attempt": 2, "reason": "<EMAIL_ADDRESS>"}}],
    }
    resource = {"owner": "ann@example.com"}
    assert not faults({"spans": [expected]}, failed, resource=resource)
    expected["events"] *= 2
    expect = {"exporters": ["archive"], "spans": [expected]}
    told, *_ = faults(expect, failed, resource=resource)
    assert "span 'call': event 'retry': attempt: is 1, expected 2" in told


def test_long_values_are_cut_so_that_what_was_expected_stays_in_sight(faults):
    span = {"name": "step", "status": "error", "attributes": {"text": "word " * 1000}}
    other = {"name": "step", "attributes": {"text": "other"}}
    (told,) = faults({"exporters": ["archive"], "spans": [other]}, span)
    assert told.endswith("… (5,002 characters), expected 'other'")
    assert len(told) < 500


def test_of_many_spans_that_are_there_some_are_named(faults):
    steps = [{"name": f"step {n}", "status": "error"} for n in range(50)]
    (told,) = faults({"exporters": ["archive"], "count": 1}, *steps)
    assert told.endswith("'step 9' and 40 more")


def test_an_exporter_has_what_its_own_processors_leave_of_it(faults):
    secret = {"name": "secret plan", "status": "error"}
    assert not faults({"exporters": ["archive"], "count": 1}, secret)
    assert not faults({"exporters": ["otlp"], "count": 0}, secret)


def test_spans_may_come_in_at_any_receiver(faults):
    step = {"name": "step"}
    assert not faults({"count": 1}, step, receiver="otlp/spare")
    assert not faults({"exporters": ["archive"], "count": 0}, step, receiver="otlp/spare")


def test_recorded_spans_can_be_sent(faults, directory):
    sent = request(span(error=True), span(trace=2))
    (directory / "recorded.pb").write_bytes(sent.SerializeToString())
    assert len(list(recorded.batches(directory / "recorded.pb"))) == 1
    assert not faults({"count": 1, "dropped": {"not_sampled": 1}}, file="recorded.pb")


def test_a_recorded_span_may_be_expected_by_its_id(faults, directory):
    sent = request(span("one", error=True), span("two"))
    (directory / "recorded.pb").write_bytes(sent.SerializeToString())
    word = sent.resource_spans[0].scope_spans[0].spans[0].span_id.hex().upper()
    assert not faults({"spans": [{"id": word, "name": "one"}]}, file="recorded.pb")
    expect = {"exporters": ["archive"], "spans": [{"id": word, "name": "two"}]}
    (told,) = faults(expect, file="recorded.pb")
    assert "name: is 'one', expected 'two'" in told


def test_ids_may_be_written_as_they_are(directory):
    span = {"name": "x", "id": "00000000000000aa", "trace": "0" * 31 + "1"}
    case = Case.model_validate({"name": "ids", "spans": [span], "expect": {}})
    (sent,) = spans.request(case).resource_spans[0].scope_spans[0].spans
    assert (sent.span_id, sent.trace_id) == (b"\0" * 7 + b"\xaa", b"\0" * 15 + b"\1")


def test_a_recording_that_is_missing_fails_the_test(faults):
    (told,) = faults({}, file="recorded.json")
    assert told == "recorded.json: cannot be read: No such file or directory"


@pytest.mark.parametrize("content", ["", "\n", '{"resourceSpans": []}'])
def test_a_recording_without_spans_fails_the_test(faults, directory, content):
    (directory / "recorded.json").write_text(content)
    (told,) = faults({}, file="recorded.json")
    assert told == "recorded.json: no span is in it: record it again"


def test_a_recording_that_is_none_fails_the_test(faults, directory):
    (directory / "recorded.json").write_text("{]")
    (told,) = faults({}, file="recorded.json")
    assert "recorded.json: line 1: not an OTLP trace request" in told


def test_settings_and_variables_may_stand_above_the_configuration(run, directory):
    text = (directory / "pipeline.yaml").read_text()
    (directory / "pipeline.yaml").write_text(text.replace("./archive", "${env:WHERE}"))
    answer = run(
        {"spans": [{"name": "step"}], "expect": {"count": 1}},
        set={"processors.head_sampling.percentage": 100},
        env={"WHERE": "./elsewhere"},
    )
    assert answer.exit_code == 0, answer.output


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"processors.head_sampling.percntage": 1}, "2:3: processors.head_sampling.percntage: un"),
        ({"processors.head_sampling.percentage": "x"}, "percentage: must be a number"),
        ({"service.pipelines.traces.exporters.7": "x"}, "2:3: service.pipelines.traces.exporters"),
        ({"nowhere.else": 1}, "2:3: nowhere: unknown key; known are"),
        ({"service..x": 1}, "2:3: service..x: write PATH=VALUE"),
        ({"receivers.otlp": date(2026, 1, 1)}, "receivers.otlp: must be a mapping"),
    ],
)
def test_a_mistake_in_a_setting_is_told_with_its_place_in_the_file(run, settings, told):
    answer = run({"spans": [{"name": "step"}], "expect": {}}, set=settings)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("tests.yaml:2:")
    assert told in answer.stderr


def test_the_same_spans_have_the_same_fate_every_time(run):
    steps = [{"name": "step", "trace": f"trace {n}"} for n in range(40)]
    half = {"processors.head_sampling.percentage": 50}
    told = {run({"spans": steps, "expect": {"count": 0}}, set=half).stdout for _ in range(3)}
    assert len(told) == 1
    assert "count: is" in told.pop()


@pytest.mark.parametrize(
    ("at", "usd"), [("2025-06-01T00:00:00Z", 0.014), ("2025-07-01T00:00:00Z", 0.0028)]
)
def test_prices_are_those_of_the_time(faults, at, usd):
    call = CALL | {"attributes": CALL["attributes"] | {"gen_ai.request.model": "o3"}}
    assert not faults({"spans": [{"attributes": {"gen_ai.usage.cost": usd}}]}, call, at=at)


@pytest.mark.parametrize(
    ("case", "told"),
    [
        ({"spans": [{}], "expect": {}}, "tests[0].spans[0].name: is required"),
        ({"spans": [{"nam": "x"}], "expect": {}}, "unknown key (did you mean 'name'?)"),
        ({"expect": {}}, "sends nothing: write `spans`, or name a `file`"),
        (
            {"spans": [{"name": "x", "parent": "y"}], "expect": {}},
            "no span of its trace has the id 'y'",
        ),
        (
            {
                "spans": [
                    {"name": "x", "id": "up"},
                    {"name": "y", "parent": "up", "trace": "another"},
                ],
                "expect": {},
            },
            "no span of its trace has the id 'up', which 'y' names as parent",
        ),
        (
            {"spans": [{"name": "x", "id": "one"}, {"name": "y", "id": "one"}], "expect": {}},
            "two spans have the id 'one': give each its own",
        ),
        (
            {"spans": [{"name": "x"}], "at": datetime(2026, 1, 1), "expect": {}},
            "at: is no moment: write one such as 2026-11-01T12:00:00Z",
        ),
        ({"file": "x.txt", "expect": {}}, "file: x.txt is no recording: its name is to end in"),
        ({"spans": [{"name": "x"}], "at": "tomorrow", "expect": {}}, "at: is no moment"),
        ({"spans": [{"name": "x"}], "at": "1960-01-01T00:00:00Z", "expect": {}}, "is no moment"),
        ({"spans": [{"name": "x", "duration": "9999999h"}], "expect": {}}, "must be at most"),
        ({"spans": [{"name": "x"}], "expect": {"spans": [{"id": "y"}]}}, "with the id 'y'"),
        (
            {"spans": [{"name": "x"}], "expect": {"exporters": ["archve"]}},
            "expect.exporters[0]: no pipeline uses 'archve' (did you mean 'archive'?)",
        ),
        ({"spans": [{"name": "x"}], "receiver": "zipkin", "expect": {}}, "uses 'zipkin'"),
        ({"spans": [{"name": "x"}], "expect": {"metrics": {"{": 1}}}, "is no metric"),
        ({"spans": [{"name": "x"}], "expect": {"never": [""]}}, "never[0]: must have at least 1"),
        (
            {
                "spans": [{"name": "x"}],
                "expect": {"spans": [{"attributes": {"a": {"matches": "("}}}]},
            },
            "is no regular expression",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place(run, case, told):
    answer = run(case)
    assert answer.exit_code == 1
    assert told in answer.stderr
    assert answer.stderr.startswith("tests.yaml:")
    assert "Traceback" not in answer.output


def test_a_mistake_in_the_configuration_is_told_with_its_place(run, directory):
    (directory / "pipeline.yaml").write_text("receivers: {otlp: {x: 1}}\n")
    answer = run({"spans": [CALL], "expect": {}})
    assert answer.exit_code == 1
    assert "pipeline.yaml:1:20: receivers.otlp.x: unknown key" in answer.stderr


def test_a_file_that_is_missing_is_named(directory):
    answer = CliRunner().invoke(command, ["none.yaml"])
    assert answer.exit_code == 1
    assert "none.yaml: cannot be read" in answer.stderr


def test_files_are_all_read_before_the_first_test_runs(run, directory):
    assert run({"spans": [CALL], "expect": {}}).exit_code == 0
    Path("wrong.yaml").write_text("tests: []\n")
    answer = CliRunner().invoke(command, ["tests.yaml", "wrong.yaml"])
    assert answer.exit_code == 1
    assert answer.stdout == ""
