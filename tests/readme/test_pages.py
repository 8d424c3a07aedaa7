"""What the pages show exists: settings, metrics, commands and their options."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from collector.cli import cli
from collector.config.load import load_config
from collector.registry import KINDS
from tests.daemon import Daemon
from tests.doubles.tls import Authority

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
EMPTY = {"receivers": {"otlp": {}}, "processors": {}, "exporters": {"debug": {}}}
FILES = {
    "canary.txt": "u-17\n",
    "model_prices_and_context_window.json": '{"m": {"input_cost_per_token": 1e-6}}',
}
ENVIRONMENT = {"MINIO_USER": "user", "MINIO_PASSWORD": "password"}
SIGNAL = {"name": "my_signal", "type": "gauge", "attribute": "signal"}
EVERYTHING = (
    "memory_limiter",
    "genai",
    "redaction",
    "cost",
    "agent_metrics",
    "user_costs",
    "atlas",
    "probabilistic_sampler",
    "head_sampling",
    "tail_sampling",
)


def blocks(language: str) -> list[Any]:
    """Those of all pages, but for tests of configurations, which tests/testing has."""
    return [
        pytest.param(block, id=f"{page.name}:{page.read_text()[:start].count(chr(10)) + 2}")
        for page in PAGES
        for start, found, block in (
            (match.start(), match[1], match[2]) for match in BLOCK.finditer(page.read_text())
        )
        if found == language and not re.search("^(tests|set):", block, re.MULTILINE)
    ]


def whole(settings: dict[str, Any]) -> dict[str, Any]:
    """A configuration around what a page shows of one."""
    if "service" in settings:
        return settings
    if "policies" in settings:
        settings = {"tail_sampling": settings}
    if not settings.keys() <= set(KINDS):
        settings = {"processors": settings}
    config = EMPTY | settings
    chain = {kind: list(config[kind]) for kind in KINDS}
    return config | {"service": {"pipelines": {"traces": chain}}}


def write_files(directory: Path) -> None:
    """What the settings shown refer to."""
    for name, content in FILES.items():
        (directory / name).write_text(content)
    authority = Authority(directory, "ca")
    issued = authority.issue()
    authority.cert_file.rename(directory / "ca.crt")
    issued.cert_file.rename(directory / "tls.crt")
    issued.key_file.rename(directory / "tls.key")


@pytest.mark.parametrize("block", blocks("yaml"))
def test_settings_that_are_shown_are_valid(tmp_path, monkeypatch, block):
    monkeypatch.chdir(tmp_path)
    write_files(tmp_path)
    block = block.replace("/etc/winnow/tls", str(tmp_path))
    path = tmp_path / "shown.yaml"
    path.write_text(yaml.safe_dump(whole(yaml.safe_load(block)), sort_keys=False))
    assert load_config(path, environ=ENVIRONMENT).pipelines


# Metrics.


@pytest.fixture(scope="module")
def offered(tmp_path_factory) -> set[str]:
    """The metrics of a daemon in which every component is that has some."""
    loopback = {"endpoint": "127.0.0.1:0"}
    directory = tmp_path_factory.mktemp("everything")
    (directory / "canary.txt").write_text("u-17\n")
    pipeline = {
        "receivers": {"otlp": {"protocols": {"grpc": loopback, "http": loopback}}},
        "processors": dict.fromkeys(EVERYTHING)
        | {
            "agent_metrics": {"signals": [SIGNAL]},
            "head_sampling": {"canary": {"file": "canary.txt"}},
        },
        "exporters": {"tempo": {"endpoint": "127.0.0.1:1"}},
        "service": {
            "telemetry": loopback,
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": list(EVERYTHING),
                    "exporters": ["tempo"],
                }
            },
        },
    }
    with Daemon(directory, pipeline) as daemon:
        text = daemon.http.get(f"{daemon.telemetry}/metrics").text
    found = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    return {name for name in found if not name.startswith(("process_", "python_", "my_"))}


def told() -> Iterator[str]:
    """The metrics that pages name: all of Winnow's own, and those in the table of metrics."""
    for page in PAGES:
        yield from re.findall(r"(?<![\w./])(winnow_[a-z_]+[a-z])(?![\w.])", page.read_text())
    table = (ROOT / "docs" / "metrics.md").read_text()
    yield from re.findall(r"^\| `([a-z_]+)` \|(?! \d)", table.partition("\n## ")[0], re.MULTILINE)


@pytest.mark.slow
def test_every_metric_that_is_told_of_exists(offered):
    assert sorted(set(told()) - offered) == []


@pytest.mark.slow
def test_every_metric_that_exists_is_told_of(offered):
    assert sorted(offered - set(told())) == []


# Commands.


def typed() -> list[str]:
    """Everything in the pages, and in the commands' own help, that is a call of `winnow`."""
    found = set()
    for page in [*PAGES, *(ROOT / "deploy").rglob("*.*")]:
        text = page.read_text()
        found |= set(re.findall(r"(?:^|`|\$ |/)(winnow [a-z-]+ [^`\n|>]*)", text, re.MULTILINE))
    for name in cli.list_commands(click.Context(cli)):
        command = cli.get_command(click.Context(cli), name)
        found |= set(re.findall(r"\b(winnow [a-z-]+[^|<>\n]*)", command.epilog or ""))
    return sorted(line.strip() for line in found)


@pytest.mark.parametrize("line", typed())
def test_every_command_and_option_that_is_shown_exists(line):
    words, command = line.split()[1:], cli
    while isinstance(command, click.Group):
        command = command.get_command(click.Context(command), words.pop(0))
        assert command is not None
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word.partition("=")[0] for word in words if word.startswith("--")} <= known
