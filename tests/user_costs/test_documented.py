"""The SQL of `docs/user_costs.md` runs, and gives what its comments say."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from tests.helpers import batch, consume
from tests.user_costs.support import Collector, call

PAGE = (Path(__file__).parents[2] / "docs" / "user_costs.md").read_text()
(BLOCK,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
QUERIES = {comment.split(":")[0]: sql for comment, sql in re.findall(r"-- (.*)\n([^;]*);", BLOCK)}


def test_queries_for_both_databases_are_documented():
    assert len(re.findall(r"^--", BLOCK, re.MULTILINE)) == 3
    assert QUERIES.keys() == {"SQLite", "PostgreSQL"}


@pytest.fixture
def spent():
    return batch(call("ada", cost=2.0), call("ada", model="gpt-5"), call("bob"))


def test_sqlite(collector, spent):
    one = collector()
    consume(one.processor, spent)
    assert one.rows
    with closing(sqlite3.connect(one.path)) as connection:
        found = connection.execute(QUERIES["SQLite"]).fetchall()
    assert found == [("gpt-4o", 2.0), ("gpt-5", 0.5)]


def test_postgres(database, tmp_path, by_hand, spent):
    one = Collector(tmp_path, url=database)
    consume(one.processor, spent)
    assert one.processor.flush()
    one.kill()
    with psycopg.connect(database) as connection:
        found = connection.execute(QUERIES["PostgreSQL"].encode()).fetchall()
    assert [(feature, usd) for _, feature, usd in found] == [("agent", 3.0)]
