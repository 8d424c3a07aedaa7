"""The table in a real PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from collector.storage import Storage
from processors.user_costs import UserCosts
from processors.user_costs.outbox import Outbox
from tests.helpers import START, batch, consume, eventually, make, metric
from tests.user_costs.support import Collector, Line, call

OWN = {"pipeline": "traces", "component": "user_costs"}


def rows(url: str) -> list[Line]:
    """The table, with hours as text."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TIME ZONE 'UTC'")
        found = connection.execute("SELECT * FROM user_costs ORDER BY 1, 2, 3").fetchall()
    return [Line(f"{row[0]:%Y-%m-%dT%H:%M:%SZ}", *row[1:]) for row in found]


@pytest.fixture
def same(collector, database, tmp_path):
    """Gives batches to a collector with PostgreSQL and to one with SQLite: their tables."""

    def tables(settings: dict[str, Any], *batches: Any) -> tuple[list[Line], list[Line]]:
        postgres = Collector(tmp_path / "postgres", url=database, **settings)
        sqlite = collector(**settings)
        for one in batches:
            consume(postgres.processor, one.copy())
            consume(sqlite.processor, one.copy())
            assert postgres.processor.flush()
            assert sqlite.processor.flush()
        postgres.kill()
        return rows(database), sqlite.rows

    return tables


def test_it_is_the_same_as_in_sqlite(same):
    acme = {"organization.id": "acme"}
    hostile = call("o'no\0\"%s;--", model='m"\\\0')
    in_postgres, in_sqlite = same(
        {"max_users_per_hour": 3, "max_names": 2},
        batch(call("ada", attributes=acme), call("bob", cost=1e-9), hostile),
        batch(call("ada", attributes=acme, model="b"), call("carl", start=START - 3600)),
        batch(call("dora"), call("ada", attributes=acme, model="c"), call("eve")),
        batch(call("bob", tokens=(2**53 - 1, 2**53 - 1)), hostile),
    )
    assert in_postgres == in_sqlite
    assert len(in_postgres) == 5


def test_more_users_than_a_query_takes_are_added_at_once(same):
    calls = [call(f"user {n}") for n in range(1200)]
    in_postgres, in_sqlite = same({}, batch(*calls), batch(*(call(f"user {n}") for n in range(9))))
    assert in_postgres == in_sqlite
    assert sum(row.invocations for row in in_postgres) == 1209


def test_hours_from_before_the_retention_are_forgotten(database, tmp_path, by_hand):
    one = Collector(tmp_path, url=database, retention="24h")
    consume(one.processor, batch(call()))
    assert one.processor.flush()
    assert len(rows(database)) == 1
    one.processor.context.clock.advance(26 * 3600)
    assert one.processor.flush()
    assert rows(database) == []
    one.kill()


def test_amounts_that_were_added_but_not_forgotten_before_a_crash_are_not_added_again(
    database, tmp_path, by_hand, monkeypatch
):
    one = Collector(tmp_path, url=database)
    consume(one.processor, batch(call()), batch(call()))
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "done", lambda *_: 1 / 0)
        assert not one.processor.flush()
    assert [row.invocations for row in rows(database)] == [2]
    one.restart()
    consume(one.processor, batch(call()))
    assert one.processor.flush()
    assert [row.invocations for row in rows(database)] == [3]
    one.kill()


def test_several_collectors_add_to_the_same_rows(database, tmp_path, by_hand):
    collectors = [Collector(tmp_path / str(n), url=database) for n in range(4)]

    def work(one: Collector) -> None:
        for _ in range(25):
            consume(one.processor, batch(call("ada"), call("bob")))
            assert one.processor.flush()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, collectors))
    for one in collectors:
        one.kill()
    assert [(row.user, row.invocations, row.cost) for row in rows(database)] == [
        ("ada", 100, 50.0),
        ("bob", 100, 50.0),
    ]


def test_while_the_server_is_away_amounts_wait_and_its_address_is_not_logged(
    cluster, database, tmp_path, capfd
):
    storage = Storage(tmp_path)
    settings = {"url": database, "flush_interval": "10ms"}
    processor = make(UserCosts, settings, component_id="user_costs", storage=storage)
    processor.start()
    consume(processor, batch(call()))
    eventually(lambda: metric(processor, "winnow_user_costs_backlog", **OWN) == 0)
    cluster.stop()
    try:
        consume(processor, batch(call()), batch(call("secret-user")))
        name = "winnow_user_costs_failures_total"
        registry = processor.context.counts.metrics.registry

        def failures() -> float:
            samples = [sample for family in registry.collect() for sample in family.samples]
            return sum(sample.value for sample in samples if sample.name == name)

        eventually(lambda: failures() >= 3)
        assert metric(processor, "winnow_user_costs_backlog", **OWN) == 2
    finally:
        cluster.start()
    eventually(lambda: metric(processor, "winnow_user_costs_backlog", **OWN) == 0)
    processor.shutdown()
    storage.close()
    assert [(row.user, row.invocations) for row in rows(database)] == [
        ("ada", 2),
        ("secret-user", 1),
    ]
    logged = "".join(capfd.readouterr())
    assert "cannot be written to" in logged
    assert "planted-password" not in logged
    assert "secret-user" not in logged


def test_a_start_does_not_wait_for_the_server(tmp_path):
    storage = Storage(tmp_path)
    settings = {"url": "postgresql://winnow@127.0.0.1:1/nowhere"}
    processor = make(UserCosts, settings, component_id="user_costs", storage=storage)
    processor.start()
    consume(processor, batch(call()))
    processor.shutdown()
    assert metric(processor, "winnow_user_costs_backlog", **OWN) == 1
    storage.close()
