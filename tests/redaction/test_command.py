"""`winnow redact`."""

import json

import pytest
from click.testing import CliRunner

from collector.cli.redact import redact
from processors.redaction.workers import WorkerPool


def run(*arguments, text):
    return CliRunner().invoke(redact, arguments, input=text)


def test_lines_come_out_redacted():
    answer = run(text="mail jane@example.com\n\nnothing here")
    assert answer.exit_code == 0, answer.output
    assert answer.stdout == "mail <EMAIL_ADDRESS>\n\nnothing here\n"


def test_json_tells_what_was_found_and_where():
    (line,) = run("--json", text="mail jane@example.com\n").stdout.splitlines()
    assert json.loads(line) == {
        "text": "mail jane@example.com",
        "redacted": "mail <EMAIL_ADDRESS>",
        "entities": [{"type": "EMAIL_ADDRESS", "start": 5, "end": 21, "score": 1.0}],
    }


@pytest.fixture
def pipeline(tmp_path):
    def write(redaction, processors="[redaction]"):
        path = tmp_path / "pipeline.yaml"
        path.write_text(
            "receivers: {otlp: {}}\nexporters: {debug: {}}\n"
            f"processors: {{redaction: {redaction}, genai: {{}}}}\n"
            f"service: {{pipelines: {{traces: {{receivers: [otlp], processors: {processors}, "
            "exporters: [debug]}}}\n"
        )
        return str(path)

    return write


def test_a_file_says_what_is_done(pipeline):
    path = pipeline("{actions: {default: {action: mask, keep_last: 4}}}")
    assert run("--config", path, text="4111 1111 1111 1111\n").stdout == "***************1111\n"


def test_a_file_with_workers_starts_none(pipeline, monkeypatch):
    started = []
    monkeypatch.setattr(WorkerPool, "start", started.append)
    answer = run("--config", pipeline("{workers: 2}"), text="mail jane@example.com\n")
    assert answer.stdout == "mail <EMAIL_ADDRESS>\n"
    assert not started


def test_a_mistake_in_the_file_is_told(pipeline):
    answer = run("--config", pipeline("{entities: [EMAIL_ADRESS]}"), text="x")
    assert answer.exit_code == 1
    assert "EMAIL_ADDRESS" in answer.stderr


def test_a_file_without_redaction_is_told(pipeline):
    answer = run("--config", pipeline("{enabled: false}", "[redaction, genai]"), text="x")
    assert answer.exit_code == 1
    assert "redaction" in answer.stderr
