"""The table in a PostgreSQL, which several collectors may write to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from processors.user_costs.database import PATIENCE, Database, Row, tables

if TYPE_CHECKING:
    import psycopg

_LOCK = 7_739_552_671
"""The key of the advisory lock that writers of the table take: a number nobody else uses."""


class PostgresDatabase(Database):
    """Connects anew after every error."""

    tables = tables(time="TIMESTAMPTZ", json="JSONB")
    each = "jsonb_each_text({})"

    def __init__(self, url: str) -> None:
        """`url` is `postgresql://…`, or any other connection string of libpq's."""
        self._url = url
        self._connection: psycopg.Connection[Row] | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that no other collector gets into; undone if the block raises."""
        try:
            with self._open().transaction():
                self.execute(f"SET LOCAL statement_timeout = '{PATIENCE}s'")
                self.execute(f"SELECT pg_advisory_xact_lock({_LOCK})")
                yield
        except BaseException:
            self.close()
            raise

    def execute(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """Run a statement; the rows that it gives."""
        cursor = self._open().execute(_with_percent(sql), values or None)
        return cursor.fetchall() if cursor.description else []

    def execute_many(self, sql: str, rows: Sequence[Row]) -> None:
        """Run a statement once for each of `rows`."""
        with self._open().cursor() as cursor:
            cursor.executemany(_with_percent(sql), rows)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> "psycopg.Connection[Row]":
        if self._connection is None:
            import psycopg

            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=PATIENCE,
                tcp_user_timeout=PATIENCE * 1000,
                application_name="winnow",
                prepare_threshold=None,  # a pooler in between may not know prepared statements
            )
        return self._connection


def _with_percent(sql: str) -> bytes:
    return sql.replace("?", "%s").encode()
