"""`winnow archive`, over files that the archive exporter wrote."""

import math
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch
from collector.cli.archive import archive as command
from collector.otlp_json import parse_json
from exporters.archive import Archive
from tests.helpers import START, batch, make, request, span

HOUR = 3600
CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 1200,
    "gen_ai.usage.output_tokens": 90,
    "gen_ai.usage.cost": 0.0039,
    "winnow.sampling.policy": "errors",
    "winnow.guardrail.fired": True,
}


@pytest.fixture
def place(tmp_path):
    """An archive of two hours and two traces, one of them with a tree."""
    exporter = make(Archive, {"url": str(tmp_path / "archive")})
    exporter.start()
    root = span("invoke_agent", seconds=4)
    call = span("chat", parent=root.span_id, start=START + 1, attributes=CALL, error=True)
    call.status.message = "overloaded"
    tool = span("execute_tool", parent=root.span_id, start=START + 2)
    below = span("POST", parent=tool.span_id, start=START + 2)
    exporter.push(batch(below, tool, call, root))
    exporter.push(batch(below))  # sent again after a crash
    exporter.push(batch(span("later", trace=2, start=START + HOUR)))
    return tmp_path / "archive"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def names(answer: Result) -> list[str]:
    assert answer.exit_code == 0, answer.output
    requests = [parse_json(line.encode()) for line in answer.stdout.splitlines()]
    return [
        found.name
        for request in requests
        for resource_spans in request.resource_spans
        for scope_spans in resource_spans.scope_spans
        for found in scope_spans.spans
    ]


def test_hours_are_listed_with_what_they_hold(place):
    answer = run("list", "--archive", place)
    assert answer.exit_code == 0
    rows = {line.split("  ")[0].strip(): line.split() for line in answer.stdout.splitlines()}
    assert rows["date=2025-06-15/hour=15"][1:3] == ["2", "5"]
    assert rows["date=2025-06-15/hour=16"][1:3] == ["1", "1"]
    assert rows["in all"][2:4] == ["3", "6"]


def test_a_trace_is_shown_as_a_tree(place):
    answer = run("show", "0" * 31 + "1", "--archive", place)
    assert answer.exit_code == 0
    assert answer.stdout.splitlines() == [
        "trace 00000000000000000000000000000001  4 spans  4.00 s  kept by errors",
        "└── invoke_agent  4.00 s",
        "    ├── chat  0.10 s  gpt-4o  1,200 → 90 tokens  $0.0039  guardrail  ERROR overloaded",
        "    └── execute_tool  0.10 s",
        "        └── POST  0.10 s",
    ]


def shown(directory: Path, *spans: Span) -> list[str]:
    """The lines of a trace, without its title."""
    exporter = make(Archive, {"url": str(directory)})
    exporter.start()
    exporter.push(batch(*spans))
    answer = run("show", "0" * 31 + "1", "--archive", directory)
    assert answer.exit_code == 0, answer.output
    return answer.stdout.splitlines()[1:]


def test_spans_that_are_each_others_parents_are_shown(tmp_path):
    first, second, own = (
        span("first"),
        span("second", start=START + 1),
        span("own", start=START + 2),
    )
    first.parent_span_id, second.parent_span_id = second.span_id, first.span_id
    own.parent_span_id = own.span_id
    leaf = span("leaf", parent=second.span_id)
    assert shown(tmp_path, first, second, leaf, own) == [
        "├── second  0.10 s",
        "│   ├── first  0.10 s",
        "│   └── leaf  0.10 s",
        "└── own  0.10 s",
    ]


def test_a_chain_is_shown_whole_however_deep_it_is(tmp_path):
    chain = [span("step 0")]
    for number in range(1, 3000):
        chain.append(span(f"step {number}", parent=chain[-1].span_id, start=START + number))
    lines = shown(tmp_path, *chain)
    assert [line.strip("│├└─ ") for line in lines] == [f"step {n}  0.10 s" for n in range(3000)]
    assert max(map(len, lines)) < 500


def test_a_reader_that_has_enough_is_no_error(tmp_path):
    exporter = make(Archive, {"url": str(tmp_path)})
    exporter.start()
    for number in range(20):
        exporter.push(batch(span(attributes={"text": f"{number} " * 10_000})))
    command = [sys.executable, "-c", "from collector.cli import main; main()", "archive", "export"]
    with subprocess.Popen(
        [*command, "--archive", str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().startswith(b'{"resourceSpans"')
        process.stdout.close()
        assert process.stderr.read() == b""


def test_no_span_gives_the_terminal_an_order(tmp_path):
    exporter = make(Archive, {"url": str(tmp_path)})
    exporter.start()
    exporter.push(batch(span("\x1b[2J [bold]name[/]\nnext")))
    answer = run("show", "0" * 31 + "1", "--archive", tmp_path)
    assert answer.stdout.splitlines()[1:] == ["└── \ufffd[2J [bold]name[/]\ufffdnext  0.10 s"]


def test_spans_whose_parent_is_missing_stand_at_the_top(place, tmp_path):
    exporter = make(Archive, {"url": str(tmp_path / "other")})
    exporter.start()
    lone = span("lone", parent=b"12345678")
    own = span("its own parent", start=START + 1)
    own.parent_span_id = own.span_id
    exporter.push(batch(lone, own))
    answer = run("show", "0" * 31 + "1", "--archive", tmp_path / "other")
    assert [line[:8] for line in answer.stdout.splitlines()[1:]] == ["├── lone", "└── its "]


def test_spans_are_exported_as_otlp_json(place):
    exported = names(run("export", "--archive", place))
    assert sorted(exported) == sorted(
        ["POST", "POST", "execute_tool", "chat", "invoke_agent", "later"]
    )
    assert names(run("export", "--archive", place, "--trace", "0" * 31 + "2")) == ["later"]


@pytest.mark.parametrize("until", ["2025-06-15T16:00", "2025-06-15T16:00:00Z"])
def test_a_time_may_say_that_it_is_utc(place, until):
    assert "later" not in names(run("export", "--archive", place, "--until", until))


@pytest.mark.parametrize(
    ("option", "found"),
    [("--since", ["later"]), ("--until", ["POST", "POST", "chat", "execute_tool", "invoke_agent"])],
)
def test_spans_of_a_time_are_exported(place, option, found):
    assert sorted(names(run("export", "--archive", place, option, "2025-06-15T16:00"))) == found


def test_what_is_exported_has_every_value(tmp_path):
    odd = span(
        parent=b"12345678",
        trace_state="vendor=1",
        flags=257,
        dropped_links_count=3,
        attributes={
            "bytes": b"\x00\xff",
            "not a number": math.nan,
            "endless": -math.inf,
            "whole": 2**63 - 1,
            "double": 1.0,
            "nested": {"list": [1, 1.0, None, {"bytes": b"x"}], "map": {}, "bytesValue": "x"},
            "nothing": None,
        },
    )
    odd.attributes.add(key="double").value.string_value = "the same key again"
    event = odd.events.add(name="exception", time_unix_nano=7, dropped_attributes_count=1)
    event.attributes.add(key="bytes").value.bytes_value = b"\xff"
    link = odd.links.add(trace_id=b"t" * 16, span_id=b"s" * 8, trace_state="a=b", flags=1)
    link.attributes.add(key="list").value.array_value.values.add(double_value=math.nan)
    sent = request(odd, resource={"service.name": "agent", "bytes": b"\x00"})
    exporter = make(Archive, {"url": str(tmp_path)})
    exporter.start()
    exporter.push(Batch(sent))
    (line,) = run("export", "--archive", tmp_path).stdout.splitlines()
    assert str(parse_json(line.encode())) == str(sent)


def test_a_directory_needs_no_configuration(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pipeline.yaml").write_text("exporters: {archive: {url: '${env:NOT_SET_HERE}'}}\n")
    assert run("list", "--archive", place).exit_code == 0


def test_the_archive_of_the_configuration_is_the_default(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("pipeline.yaml").write_text(
        "receivers: {otlp: }\nexporters: {archive: {url: ./archive}}\n"
        "service: {pipelines: {traces: {receivers: [otlp], exporters: [archive]}}}\n"
    )
    assert "in all" in run("list").stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "1"], "'1' is no trace id: write its 32 hex digits"),
        (["show", "a" * 32], "no span of the trace aaaa"),
        (["show", "0" * 31 + "2", "--until", "2025-06-15T16:00Z"], "correct the id, --since and"),
        (["export", "--trace", "a" * 32], "no span of these traces is there: correct the id"),
        (["export", "--trace", "x" * 32], "is no trace id"),
        (["list", "--since", "2030-01-01"], "no file of an archive from that time"),
    ],
)
def test_what_is_not_there_is_told(place, arguments, told):
    answer = run(*arguments, "--archive", place)
    assert answer.exit_code == 1
    assert told in answer.stderr


def test_a_place_without_an_archive_is_told(tmp_path):
    answer = run("list", "--archive", tmp_path)
    assert answer.exit_code == 1
    assert f"{tmp_path}: no file of an archive: correct --archive" in answer.stderr


def test_a_place_that_can_hold_no_archive_is_told():
    answer = run("list", "--archive", "ftp://host/x")
    assert answer.exit_code == 1
    assert answer.stderr.startswith("Error: ftp://host/x: ftp:// is no place for an archive")


def test_a_damaged_file_is_named(place):
    file = next(place.rglob("*.parquet"))
    file.write_bytes(b"PAR1 nonsense PAR1")
    answer = run("export", "--archive", place)
    assert answer.exit_code == 1
    assert file.name in answer.stderr
    assert "take it out of the archive" in answer.stderr


def found(*arguments: object) -> list[str]:
    answer = run("find", *arguments)
    assert answer.exit_code == 0, answer.output
    return [line.split()[0][-1] for line in answer.stdout.splitlines()[1:]]


def test_traces_are_found_with_what_they_took_and_cost(place):
    answer = run("find", "--archive", place)
    assert answer.stdout.splitlines()[1:] == [
        "00000000000000000000000000000002  2025-06-15 16:06:40       1       0       0.10"
        "     0.0000  later",
        "00000000000000000000000000000001  2025-06-15 15:06:40       4       1       4.00"
        "     0.0039  invoke_agent",
    ]


@pytest.mark.parametrize(
    ("options", "traces"),
    [
        (["--errors"], ["1"]),
        (["--guardrails"], ["1"]),
        (["--model", "gpt-4o"], ["1"]),
        (["--model", "gpt-4o", "--policy", "errors", "--errors"], ["1"]),
        (["--user", "nobody"], []),
        (["--service", "agent"], ["2", "1"]),
        (["--order", "dearest"], ["1", "2"]),
        (["--order", "slowest"], ["1", "2"]),
        (["--top", "1"], ["2"]),
        (["--until", "2025-06-15T16:00"], ["1"]),
    ],
)
def test_traces_are_found_by_what_their_spans_say(place, options, traces):
    assert found("--archive", place, *options) == traces


def test_one_span_must_say_all_that_is_asked_for(tmp_path):
    exporter = make(Archive, {"url": str(tmp_path)})
    exporter.start()
    exporter.push(batch(span(error=True), span(attributes={"user.id": "u-1"})))
    assert found("--archive", tmp_path, "--user", "u-1") == ["1"]
    assert found("--archive", tmp_path, "--user", "u-1", "--errors") == []


def test_a_trace_without_its_root_is_named_by_its_first_span(tmp_path):
    exporter = make(Archive, {"url": str(tmp_path)})
    exporter.start()
    second = span("second", parent=b"12345678", start=START + 1)
    exporter.push(batch(second, span("first", parent=b"12345678")))
    assert run("find", "--archive", tmp_path).stdout.splitlines()[1].endswith("  first")


def test_how_many_more_there_are_is_told(place):
    assert run("find", "--archive", place, "--top", 1).stderr == "and 1 more: say --top\n"
