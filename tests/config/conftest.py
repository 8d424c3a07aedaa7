from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector import ConfigError
from collector.config.load import CollectorConfig, load_config
from tests.config.plugins import on_path, write_plugin

Load = Callable[..., CollectorConfig]
Problems = Callable[..., list[str]]

SERVICE = """\
service:
  pipelines:
    traces: {receivers: [source], processors: [step], exporters: [drain]}
"""


@pytest.fixture(scope="session")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("site-packages")
    write_plugin(directory)
    return directory


@pytest.fixture(autouse=True)
def _plugin_installed(plugin: Path) -> Iterator[None]:
    with on_path(plugin):
        yield


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Loads a configuration from its text."""

    def load_text(text: str, *overrides: str, **environ: str) -> CollectorConfig:
        path = tmp_path / "pipeline.yaml"
        path.write_text(text)
        return load_config(path, overrides, environ=environ)

    return load_text


@pytest.fixture
def step(load: Load) -> Callable[..., Any]:
    """Loads the settings of one processor, written as a block of YAML."""

    def load_settings(settings: str, *overrides: str, **environ: str) -> Any:
        text = with_step(settings)
        return load(text, *overrides, **environ).processors["step"].config

    return load_settings


@pytest.fixture
def problems(load: Load, tmp_path: Path) -> Problems:
    """The problems of a text that is wrong, without the file's name."""

    def find(text: str, *overrides: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            load(text, *overrides, **environ)
        return [line.removeprefix(f"{tmp_path}/pipeline.yaml:") for line in caught.value.problems]

    return find


@pytest.fixture
def step_problems(problems: Problems) -> Problems:
    """The problems of one processor's settings; its first line is line 3 of the file."""

    def find(settings: str, *overrides: str, **environ: str) -> list[str]:
        return problems(with_step(settings), *overrides, **environ)

    return find


def with_step(settings: str) -> str:
    """A configuration whose processor `step` has these settings, indented by four, from line 3."""
    block = "".join(f"    {line}\n" for line in settings.splitlines())
    return f"processors:\n  step:\n{block}receivers:\n  source:\nexporters:\n  drain:\n{SERVICE}"
