"""Components installed the way anybody's are: a package and its entry points on the path."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import invalidate_caches
from pathlib import Path

COMPONENTS = '''
from typing import Annotated, Literal

from pydantic import Field, model_validator

from collector import (
    ComponentConfig, ConfigModel, Duration, Endpoint, Exporter, ExporterConfig, Processor,
    Receiver, Secret,
)


class SourceConfig(ComponentConfig):
    listen: Endpoint = "127.0.0.1:4317"


class Source(Receiver[SourceConfig]):
    """Takes spans from a test.

    More about it.
    """

    Config = SourceConfig


class Nested(ConfigModel):
    depth: int = Field(default=1, ge=1)


class Slow(ConfigModel):
    type: Literal["slow"]
    name: str
    slow: Nested


class Failed(ConfigModel):
    type: Literal["failed"]
    name: str
    severity: int = 1


class StepConfig(ComponentConfig):
    """Settings of `step`."""

    threshold: int = Field(default=1, ge=0, le=100)
    """How much is enough."""
    share: float = 0.5
    wait: Duration = 90.0
    mode: Literal["fast", "careful"] = "fast"
    label: str = ""
    key: Secret | None = None
    names: list[str] = []
    prices: dict[str, float] = {}
    either: int | list[int] = 1
    nested: Nested = Nested()
    rules: list[Annotated[Slow | Failed, Field(discriminator="type")]] = []


class Step(Processor[StepConfig]):
    """Passes spans on."""

    Config = StepConfig
    redacts = True


class DrainConfig(ExporterConfig):
    url: str = "http://localhost"
    token: Secret = Secret("")
    headers: dict[str, str] = {}


class Drain(Exporter[DrainConfig]):
    """Swallows spans."""

    Config = DrainConfig


class NeedyConfig(ExporterConfig):
    address: Endpoint


class Needy(Exporter[NeedyConfig]):
    """Wants an address."""

    Config = NeedyConfig


class ClumsyConfig(ComponentConfig):
    @model_validator(mode="after")
    def _fail(self):
        return None + 1


class Clumsy(Processor[ClumsyConfig]):
    """Has a validator with a mistake in it."""

    Config = ClumsyConfig


class Loose(Processor[ComponentConfig]):
    """Has no settings model of its own kind."""

    Config = dict
'''

ENTRY_POINTS = """
[winnow.receivers]
source = acme_winnow:Source

[winnow.processors]
step = acme_winnow:Step
crash = acme_winnow_crash:Crash
gone = acme_winnow:Gone
function = acme_winnow:Duration
loose = acme_winnow:Loose
clumsy = acme_winnow:Clumsy
heavy = acme_winnow_heavy:Heavy

[winnow.exporters]
drain = acme_winnow:Drain
needy = acme_winnow:Needy
"""

HEAVY = "from acme_winnow import Step as Heavy\n"
CRASH = "import a_library_that_is_not_installed\n"


def write_distribution(directory: Path, name: str, entry_points: str) -> None:
    """What an installer leaves behind of a distribution, without its modules."""
    info = directory / f"{name.replace('-', '_')}-1.2.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(entry_points)


def write_plugin(directory: Path) -> None:
    """The distribution `acme-winnow` with its modules."""
    write_distribution(directory, "acme-winnow", ENTRY_POINTS)
    (directory / "acme_winnow.py").write_text(COMPONENTS)
    (directory / "acme_winnow_heavy.py").write_text(HEAVY)
    (directory / "acme_winnow_crash.py").write_text(CRASH)


@contextmanager
def on_path(directory: Path) -> Iterator[None]:
    """The directory is importable inside the block, and its modules are forgotten after it."""
    sys.path.insert(0, str(directory))
    invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(directory))
        for name in [name for name in sys.modules if name.startswith("acme_winnow")]:
            del sys.modules[name]
