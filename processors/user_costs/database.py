"""What the table asks of a database, so that it can be in SQLite and in PostgreSQL."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

Row = tuple[Any, ...]
PATIENCE = 10
"""Seconds that a statement may wait for others, or for a server."""

_TABLES = (
    """CREATE TABLE IF NOT EXISTS user_costs (
    hour {time} NOT NULL, user_id TEXT NOT NULL, organization_id TEXT NOT NULL,
    invocations BIGINT NOT NULL, input_tokens BIGINT NOT NULL, output_tokens BIGINT NOT NULL,
    cost_usd DOUBLE PRECISION NOT NULL, cost_by_model {json} NOT NULL,
    cost_by_feature {json} NOT NULL, PRIMARY KEY (hour, user_id, organization_id)
)""",
    """CREATE TABLE IF NOT EXISTS user_costs_applied (
    run TEXT PRIMARY KEY, entry BIGINT NOT NULL, at {time} NOT NULL
)""",
)


def tables(time: str, json: str) -> Sequence[str]:
    """The statements that make the tables, with these types for times and JSON."""
    return [sql.format(time=time, json=json) for sql in _TABLES]


class Database(ABC):
    """A connection, made when it is needed. For one thread at a time."""

    tables: Sequence[str]
    """Statements that make the tables where they are not there."""
    each: str
    """A FROM item with `key` and `value` of the JSON object in the column `{}`."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[None]:
        """A transaction that no other writer gets into; undone if the block raises."""

    @abstractmethod
    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement, with `?` for each of `values`; the rows that it gives."""

    @abstractmethod
    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement once for each of `rows`."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection. Safe to call twice."""
