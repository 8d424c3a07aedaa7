"""What the README says can be typed, works; what it shows as a configuration, is valid."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from pyarrow import dataset

from collector.config.load import load_config
from collector.registry import Registry
from tests.daemon import eventually

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ANY_PORTS = " ".join(
    f"--set {path}=127.0.0.1:0"
    for path in (
        "receivers.otlp.protocols.grpc.endpoint",
        "receivers.otlp.protocols.http.endpoint",
        "service.telemetry.endpoint",
    )
)
# The commands that need a port of their own, or would run this very test again.
EXTRA = {
    "make run": f'ARGS="{ANY_PORTS} --set processors.tail_sampling.decision_wait=1s"',
    "make test": 'ARGS="--collect-only -q tests/core"',
}


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = [line for block in blocks(README, "sh") for line in block.splitlines()]
    return [line.split("    #")[0].strip() for line in lines if not line.startswith("export ")]


SERVES = [command for command in commands() if command.startswith("make run")]
SERVES_ALL = SERVES[-1]
ONE_TRACE = """
import sys
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor

provider = TracerProvider()
exporter = OTLPSpanExporter(endpoint=sys.argv[1], insecure=True)
provider.add_span_processor(SimpleSpanProcessor(exporter))
for user in range(20):
    provider.get_tracer("me").start_span("hello", attributes={"user.id": f"user-{user}"}).end()
"""


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """A directory that looks like a checkout, with data of its own."""
    directory = tmp_path_factory.mktemp("checkout")
    for entry in ROOT.iterdir():
        if entry.name not in {"data", ".git"}:
            (directory / entry.name).symlink_to(entry)
    return directory


def shell(command: str, checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=checkout,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ | {"COLUMNS": "120"},
    )


@contextmanager
def serving(command, checkout, name):
    """The command while it runs, and where it listens: transport or `telemetry` to address."""
    log = checkout / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=checkout,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def addresses() -> dict[str, str]:
        assert process.poll() is None, log.read_text()
        found = re.findall(r"send spans\s+(\S+)\s+\(\S+ (\w+)\)", log.read_text())
        look = re.search(r"look at\s+(http://\S+)/metrics", log.read_text())
        return {name: address for address, name in found} | {"telemetry": look[1]} if look else {}

    try:
        yield eventually(addresses, 300)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(60)


@pytest.fixture(scope="module")
def running(checkout):
    with serving(f"make run {EXTRA['make run']}", checkout, "run") as addresses:
        yield addresses


@pytest.mark.slow
def test_make_run_and_make_demo_fill_the_archive(checkout, running):
    arguments = f"--endpoint {running['grpc']} --telemetry {running['telemetry']} --traces 60"
    demo = shell(f"make demo ARGS='{arguments}'", checkout)
    assert demo.returncode == 0, demo.stdout + demo.stderr
    (query,) = [command for command in commands() if "pyarrow.dataset" in command]
    answer = shell(query, checkout)
    assert answer.returncode == 0, answer.stderr
    assert "sampling_policy" in answer.stdout


@pytest.mark.slow
def test_the_settings_for_trying_things_out_keep_every_trace(checkout):
    aside = (
        "--set service.storage.directory=null --set exporters.archive.url=file:./all "
        "--set exporters.archive.sending_queue.batch.flush_timeout=1s"
    )
    command = SERVES_ALL.replace('ARGS="', f'ARGS="{ANY_PORTS} {aside} ')
    with serving(command, checkout, "all") as addresses:
        sending = [sys.executable, "-c", ONE_TRACE, addresses["grpc"]]
        subprocess.run(sending, check=True, timeout=60)
        eventually(lambda: archived_users(checkout / "all") == 20, 60)


def archived_users(archive: Path) -> int:
    if not list(archive.rglob("*.parquet")):
        return 0
    spans = dataset.dataset(archive, partitioning="hive", exclude_invalid_files=True)
    return len(set(spans.to_table(columns=["user_id"])["user_id"].to_pylist()))


@pytest.mark.slow
@pytest.mark.parametrize(
    "command", [c for c in commands() if c not in SERVES and "pyarrow" not in c]
)
def test_every_other_command_works(checkout, command):
    answer = shell(f"{command} {EXTRA.get(command, '')}", checkout)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    if "redact" in command:
        assert "jane@example.com" not in answer.stdout
        assert "555 0132" not in answer.stdout


def test_the_environment_for_sdks_is_what_sdks_read(monkeypatch):
    (line,) = [x for block in blocks(README, "sh") for x in block.splitlines() if "export " in x]
    for name, value in (pair.split("=", 1) for pair in line.removeprefix("export ").split()):
        monkeypatch.setenv(name, value)
    exporter = OTLPSpanExporter()
    assert exporter._endpoint == "http://127.0.0.1:4318/v1/traces"
    exporter.shutdown()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_whole_configuration_shown_is_valid(page, tmp_path):
    for block in blocks(page.read_text(), "yaml"):
        if "service:" in block:
            path = tmp_path / "shown.yaml"
            path.write_text(block)
            assert load_config(path).warnings == ()


def test_every_component_stands_in_the_table():
    for registration in Registry().registrations():
        if registration.distribution.startswith("winnow-collector"):
            assert f"| `{registration.name}`" in README or f", `{registration.name}`" in README
