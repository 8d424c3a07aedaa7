"""The `winnow` command, run as people run it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from jsonschema import Draft202012Validator

from collector.cli import cli
from collector.registry import Registry

GOOD = """\
receivers:
  otlp: {protocols: {grpc: {endpoint: "127.0.0.1:0"}}}
exporters:
  debug:
  otlphttp:
    endpoint: http://localhost:4318
    headers: {authorization: Bearer sk-live-1234}
processors: {redaction: }
service:
  pipelines:
    traces: {receivers: [otlp], processors: [redaction], exporters: [otlphttp]}
"""
FIVE_MISTAKES = """\
receivers:
  otpl:
    protocols: {grpc: {}}
processors: {genai: }
exporters:
  debug:
    enabled: perhaps
service:
  drain_timeout: 10
  pipelines:
    traces:
      receivers: [otlp]
      processors: [genia]
      exporter: [debug]
"""


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    return path


def winnow(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def test_a_good_file_is_ok_and_its_warnings_go_to_standard_error(good: Path):
    result = winnow("validate", good)
    assert result.exit_code == 0
    assert result.stdout == f"{good}: OK: traces\n"
    assert result.stderr == (
        f"warning: {good}:4:3: exporters.debug: is defined, but no pipeline uses it\n"
    )


def test_a_file_with_five_mistakes_gets_five_lines_with_line_and_column(tmp_path: Path):
    path = tmp_path / "wrong.yaml"
    path.write_text(FIVE_MISTAKES)
    result = winnow("validate", path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        f"{path}:2:3: receivers.otpl: unknown receiver type 'otpl' (did you mean 'otlp'?)",
        f"{path}:7:14: exporters.debug.enabled: must be true or false",
        f"{path}:9:18: service.drain_timeout: 10 is not a duration: write a number with a unit "
        "(ms, s, m, h), such as 30s",
        f"{path}:13:20: service.pipelines.traces.processors[0]: 'genia' is not defined (did you "
        "mean 'genai'?)",
        f"{path}:14:7: service.pipelines.traces.exporter: unknown key (did you mean 'exporters'?)",
    ]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"- a\n", ":1:1: must be a mapping"),
        (b"", ":1:1: service: is required"),
        (b"service:\n\tpipelines: {}\n", ":2:1: while scanning for the next token"),
        (bytes(range(256)) * 100, ":2:118: is not UTF-8 text: save it as UTF-8"),
        (b"a: caf\xe9\n", ":1:7: is not UTF-8 text: save it as UTF-8"),
        (GOOD.encode("utf-16"), ":1:1: is not UTF-8 text: save it as UTF-8"),
        (bytes(1000), ":1:1: control characters are not allowed: remove them"),
        (b"#" * 50_000_000, ": is larger than 10 MiB, so it is no configuration: name another"),
        (b"a: " + b"[" * 100_000, ":1:103: more than 100 levels deep: name another file"),
        (None, ": cannot be read: Is a directory; name a file that this user may read"),
    ],
    ids=[
        *("list", "empty", "tab", "binary", "latin", "utf-16", "zeros", "50 MB", "deep"),
        "directory",
    ],
)
@pytest.mark.parametrize("command", [["validate"], ["print-config", "--config"]])
def test_what_is_no_configuration_is_told_in_one_line(
    tmp_path: Path, command: list[str], content: bytes | None, told: str
):
    path = tmp_path / "wrong.yaml"
    path.mkdir() if content is None else path.write_bytes(content)
    result = winnow(*command, path)
    assert result.exit_code == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"{path}{told}")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_byte_order_mark_and_windows_line_endings_do_no_harm(
    tmp_path: Path, encoding: str, newline: str
):
    path = tmp_path / "windows.yaml"
    path.write_bytes(GOOD.replace("\n", newline).encode(encoding))
    result = winnow("validate", path)
    assert (result.exit_code, result.stdout) == (0, f"{path}: OK: traces\n")


def test_overrides_are_checked_with_the_file(good: Path):
    result = winnow("validate", good, "--set", "service.drain_timeout=soon")
    assert result.exit_code == 1
    assert "--set: service.drain_timeout: 'soon' is not a duration" in result.stderr


def test_run_refuses_a_wrong_file_before_it_starts(tmp_path: Path):
    result = winnow("run", "--config", tmp_path / "nowhere.yaml")
    assert result.exit_code == 1
    assert "nowhere.yaml: cannot be read: No such file" in result.stderr


def test_the_printed_configuration_has_defaults_and_no_secret(good: Path):
    result = winnow("print-config", "--config", good, "--set", "service.drain_timeout=1m30s")
    assert result.exit_code == 0
    shown = yaml.safe_load(result.stdout)
    assert shown["service"]["drain_timeout"] == "1m30s"
    assert shown["exporters"]["otlphttp"]["headers"] == {"authorization": "<redacted>"}
    assert "sk-live" not in result.output


def test_every_installed_component_is_listed_with_what_it_does():
    result = winnow("components")
    assert result.exit_code == 0
    listed = {line.split()[0]: line for line in result.stdout.splitlines() if line[0] == " "}
    assert set(listed) == {registration.name for registration in Registry().registrations()}
    assert "winnow-collector" in listed["otlp"]
    assert "BROKEN" not in result.stdout


def test_the_schema_is_for_draft_2020_12():
    document = json.loads(winnow("schema").stdout)
    Draft202012Validator.check_schema(document)
    assert list(Draft202012Validator(document).iter_errors(yaml.safe_load(GOOD))) == []


@pytest.mark.parametrize("command", cli.list_commands(None))  # type: ignore[arg-type]
def test_every_command_explains_itself(command: str):
    result = winnow(command, "--help")
    assert result.exit_code == 0
    assert f"Usage: cli {command}" in result.stdout
    shows_how = f"winnow {command}" in result.stdout.partition("Examples:")[2]
    assert shows_how or command == "components"


@pytest.mark.parametrize("command", cli.list_commands(None))  # type: ignore[arg-type]
def test_every_option_says_what_it_is_for(command: str):
    found = cli.get_command(None, command)  # type: ignore[arg-type]
    options = [one for one in found.params if one.param_type_name == "option"]
    assert [one.name for one in options if not one.help] == []


def test_the_exit_codes_are_told():
    help_text = " ".join(winnow("--help").stdout.split())
    assert "Exit codes: 0 where all went well, 1 where it did not" in help_text


def test_an_unknown_command_is_a_usage_error():
    result = winnow("ruin")
    assert result.exit_code == 2
    assert "No such command 'ruin'" in result.stderr


def test_help_imports_neither_components_nor_the_service():
    program = (
        "import sys\n"
        "from collector.cli import main\n"
        "sys.argv = ['winnow', '--help']\n"
        "try:\n    main()\n"
        "except SystemExit:\n    pass\n"
        "heavy = {'presidio_analyzer', 'pyarrow', 'grpc', 'collector.service', 'processors'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    output = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert output.splitlines()[-1] == "[]"


def test_the_installed_command_answers(good: Path):
    command = Path(sys.executable).with_name("winnow")
    done = subprocess.run(
        [command, "validate", good],
        capture_output=True,
        check=False,
        text=True,
        env={**os.environ, "LANG": "C"},
    )
    assert done.returncode == 0, done.stderr
    assert "OK" in done.stdout


def test_a_port_in_use_is_told_in_one_line(good: Path):
    command = Path(sys.executable).with_name("winnow")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [
                *(command, "run", "--config", good),
                *("--set", f"receivers.otlp.protocols.grpc.endpoint={endpoint}"),
                *("--set", "service.telemetry.endpoint=127.0.0.1:0"),
                *("--set", "service.storage.directory=null"),
            ],
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    logged = [line for line in done.stderr.splitlines() if not line.startswith("warning:")]
    (problem,) = [said["problem"] for line in logged if "problem" in (said := json.loads(line))]
    assert problem.startswith(
        f"receivers.otlp.protocols.grpc.endpoint: cannot listen on {endpoint}"
    )
