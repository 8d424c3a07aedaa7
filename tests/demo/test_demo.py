"""The demo against a running daemon, both as the processes that a person starts."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.probe import answer_time
from benchmarks.processes import free_port, running, wait_until

WINNOW = str(Path(sys.executable).with_name("winnow"))
PIPELINE = """
receivers:
  otlp: {{protocols: {{grpc: {{endpoint: "127.0.0.1:{grpc}"}}}}}}
processors:
  genai: {{}}
  redaction: {{}}
  cost: {{}}
  agent_metrics: {{}}
  tail_sampling:
    decision_wait: 1s
    policies:
      - {{name: errors, type: status_code, status_code: {{status_codes: [ERROR]}}}}
      - {{name: guardrails, type: guardrail}}
      - {{name: slow, type: latency, latency: {{threshold_ms: 20000}}}}
exporters:
  archive: {{url: "file:{directory}/archive"}}
service:
  storage: {{directory: "{directory}/state"}}
  telemetry: {{endpoint: "127.0.0.1:{telemetry}"}}
  pipelines:
    traces:
      receivers: [otlp]
      processors: [genai, redaction, cost, agent_metrics, tail_sampling]
      exporters: [archive]
"""


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """What the demo printed."""
    directory = tmp_path_factory.mktemp("demo")
    ports = {"grpc": free_port(), "telemetry": free_port()}
    config = directory / "pipeline.yaml"
    config.write_text(PIPELINE.format(directory=directory, **ports))
    with running([WINNOW, "run", "--config", str(config)], directory / "log") as daemon:
        daemon.wait_for_port(ports["telemetry"])
        wait_until(lambda: answer_time(ports["telemetry"], "/readyz") < 1, "readiness")
        yield demo(directory, **ports)


def demo(directory: Path, grpc: int, telemetry: int) -> str:
    command = [WINNOW, "demo", "--traces", "80", "--endpoint", f"127.0.0.1:{grpc}"]
    command += ["--telemetry", f"http://127.0.0.1:{telemetry}"]
    command += ["--archive", str(directory / "archive")]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    return outcome.stdout


def rows(output: str, title: str) -> list[list[str]]:
    """The rows of a table."""
    _, _, rest = output.partition(title)
    lines = rest.partition("└")[0].splitlines()
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if "│" in line]


def test_the_sums_agree(output):
    sums = re.search(
        r"Sent (\d+) traces, (\d+) spans; accepted (\d+) spans;\s+"
        r"in the archive:\s+(\d+) traces, (\d+)\s+spans",
        output,
    )
    assert sums, output
    traces, sent, accepted, kept, archived = map(int, sums.groups())
    assert traces == 80
    assert sent == accepted
    decisions = rows(output, "Traces by decision")
    by_decision = {"sampled": 0, "not_sampled": 0} | {row[0]: 0 for row in decisions}
    for decision, _, count in decisions:
        by_decision[decision] += int(count)
    assert sum(by_decision.values()) == 80
    assert by_decision["sampled"] == kept > 0
    assert kept < archived < sent


def test_it_names_the_policies_that_kept_traces(output):
    policies = {row[1] for row in rows(output, "Traces by decision")}
    assert {"errors", "guardrails"} <= policies


def test_it_shows_costs_by_model_and_by_user(output):
    models = {row[0]: float(row[1]) for row in rows(output, "Cost of all calls by model")}
    assert models["gpt-4o-mini"] > 0
    archived = {row[0]: float(row[1]) for row in rows(output, "Archived cost by model")}
    assert archived
    assert all(cost <= models.get(model, cost) + 1e-4 for model, cost in archived.items())
    assert any(row[0].startswith("user-") for row in rows(output, "Archived cost by user"))


def test_it_shows_personal_data_by_type(output):
    found = {row[0]: int(row[2]) for row in rows(output, "Personal data found")}
    assert {"EMAIL_ADDRESS", "CREDIT_CARD"} <= found.keys()
    assert all(found.values())


def test_it_says_where_the_files_are(output):
    assert re.search(r"\d+ Parquet files in", output)
