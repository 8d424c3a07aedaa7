"""Model calls of users, a processor without its thread, and the rows of its table."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from collector.storage import Storage
from processors.user_costs import UserCosts
from processors.user_costs.applier import Applier
from tests.helpers import make, span

HOUR = "2025-06-15T15:00:00Z"
"""The hour of `tests.helpers.START`."""


class Line(NamedTuple):
    """A row of the table."""

    hour: str
    user: str
    organization: str
    invocations: int
    input: int
    output: int
    cost: float
    models: dict[str, float]
    features: dict[str, float]


def rows(path: Path) -> list[Line]:
    """The table in an SQLite file, in order."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT * FROM user_costs ORDER BY 1, 2, 3").fetchall()
    return [Line(*row[:7], *map(orjson.loads, row[7:])) for row in found]


def call(
    user: str | None = "ada",
    *,
    tokens: tuple[int, int] = (10, 5),
    cost: float | None = 0.5,
    model: str = "gpt-4o",
    operation: str = "chat",
    attributes: dict[str, Any] | None = None,
    **fields: Any,
):
    """A span that stands for a model call."""
    told = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.usage.input_tokens": tokens[0],
        "gen_ai.usage.output_tokens": tokens[1],
        **(attributes or {}),
    }
    if user is not None:
        told["user.id"] = user
    if cost is not None:
        told["gen_ai.usage.cost"] = cost
    return span(operation, attributes=told, **fields)


@pytest.fixture
def by_hand(monkeypatch):
    """Processors have no thread: `flush` carries amounts to the table, and nothing else does."""
    monkeypatch.setattr(Applier, "start", lambda self, name: None)


class Collector:
    """A processor in a collector that can be killed and started again."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory, self.settings = directory, settings
        self.path = directory / "user_costs.db"
        self.start()

    def start(self) -> None:
        storage = Storage(self.directory)
        self.processor = make(UserCosts, self.settings, component_id="user_costs", storage=storage)
        self.processor.start()

    def kill(self) -> None:
        """What is committed stays; nothing is flushed."""
        self.processor.shutdown()
        self.processor.context.storage.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    @property
    def rows(self) -> list[Line]:
        """The table, with everything that waited."""
        assert self.processor.flush()
        return rows(self.path)
