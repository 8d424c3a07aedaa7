"""Nothing grows without a limit, and what a limit does is counted."""

import sqlite3
from contextlib import closing

import pytest
from structlog.testing import capture_logs

from collector import RefusedError, StartError
from collector.storage import Storage
from processors.user_costs import UserCosts
from tests.helpers import START, batch, consume, eventually, make, metric
from tests.user_costs.support import call, rows

OWN = {"pipeline": "traces", "component": "user_costs"}


def overflow(one, of: str) -> float:
    return metric(one.processor, "winnow_user_costs_overflow_total", **OWN, of=of)


def result(one, name: str) -> float:
    return metric(one.processor, "winnow_user_costs_calls_total", **OWN, result=name)


def test_users_for_whom_an_hour_has_no_room_are_counted_together(collector):
    one = collector(max_users_per_hour=2)
    consume(one.processor, batch(call("a"), call("b"), call("c"), call("d")))
    assert one.rows
    consume(one.processor, batch(call("a"), call("e"), call("e"), call("a", start=START + 3600)))
    assert [(row.user, row.organization, row.invocations) for row in one.rows] == [
        ("a", "", 2),
        ("b", "", 1),
        ("other", "other", 4),
        ("a", "", 1),
    ]
    assert sum(row.cost for row in one.rows) == 8 * 0.5
    assert overflow(one, "user") == 4


def test_models_and_features_for_which_a_row_has_no_room_are_other(collector):
    one = collector(max_names=2)
    for name in ("x", "y", "z", "x", "w"):
        agent = {"gen_ai.agent.name": f"agent {name}"}
        consume(one.processor, batch(call(model=name, attributes=agent)))
    (row,) = one.rows
    assert row.models == {"x": 1.0, "y": 0.5, "other": 1.0}
    assert row.features == {"agent x": 1.0, "agent y": 0.5, "other": 1.0}
    assert overflow(one, "model") == overflow(one, "feature") == 2


def test_a_name_of_any_length_takes_little_room(collector):
    one = collector()
    consume(one.processor, batch(call("u" * 10_000), call("n\0l")))
    assert [row.user for row in one.rows] == ["n\N{REPLACEMENT CHARACTER}l", "other"]
    assert overflow(one, "length") == 1


def test_hours_from_before_the_retention_are_forgotten_and_not_counted(collector):
    one = collector(retention="24h")
    consume(one.processor, batch(call(), call(start=START - 25 * 3600)))
    assert len(one.rows) == 1
    assert result(one, "expired") == 1
    one.processor.context.clock.advance(26 * 3600)
    assert one.rows == []


def test_sums_stay_within_what_a_database_can_hold(collector):
    one = collector()
    most = 2**53 - 1
    for _ in range(2):
        calls = [call(tokens=(most, 0)) for _ in range(600)]
        consume(one.processor, batch(*calls))
    assert [row.input for row in one.rows] == [2**63 - 1]


@pytest.mark.parametrize("on_full", ["drop", "refuse"])
def test_only_so_many_amounts_wait_for_a_table_that_cannot_be_written_to(collector, on_full):
    one = collector(max_backlog=2, on_full=on_full)
    consume(one.processor, batch(call("a"), call("b")))
    third = batch(call("c"))
    if on_full == "refuse":
        with pytest.raises(RefusedError, match="wait for the table"):
            consume(one.processor, third)
        assert one.processor.flush()
    consume(one.processor, third)
    assert result(one, "lost") == (on_full == "drop")
    assert [row.user for row in one.rows] == ["a", "b", *(["c"] if on_full == "refuse" else [])]


def test_a_table_that_cannot_be_written_to_is_tried_again_and_nothing_is_lost(tmp_path):
    path = tmp_path / "state" / "costs.db"
    settings = {"path": path, "flush_interval": "10ms"}
    storage = Storage(tmp_path / "state")
    processor = make(UserCosts, settings, component_id="user_costs", storage=storage)
    processor.start()
    with closing(sqlite3.connect(path)) as other:
        other.execute("ALTER TABLE user_costs RENAME TO elsewhere")
        other.commit()
        consume(processor, batch(call()))
        name, labels = "winnow_user_costs_failures_total", {**OWN, "error": "OperationalError"}
        eventually(lambda: metric(processor, name, **labels) >= 2)
        assert metric(processor, "winnow_user_costs_backlog", **OWN) == 1
        other.execute("ALTER TABLE elsewhere RENAME TO user_costs")
        other.commit()
    eventually(lambda: metric(processor, "winnow_user_costs_backlog", **OWN) == 0)
    processor.shutdown()
    storage.close()
    assert [row.invocations for row in rows(path)] == [1]


def test_a_stop_adds_what_waits(tmp_path):
    settings = {"path": tmp_path / "costs.db", "flush_interval": "1h"}
    processor = make(UserCosts, settings, component_id="user_costs")
    processor.start()
    consume(processor, batch(call()))
    processor.shutdown()
    assert [row.invocations for row in rows(tmp_path / "costs.db")] == [1]


def test_a_stop_says_how_many_calls_only_memory_held(tmp_path, by_hand):
    with capture_logs() as logged:
        processor = make(UserCosts, {"path": tmp_path / "costs.db"}, component_id="user_costs")
        processor.start()
        consume(processor, batch(call(), call()))
        processor.shutdown()
    assert [(line["log_level"], line["calls"]) for line in logged] == [("warning", 2)]


def test_a_file_that_cannot_be_made_is_told_at_the_start(tmp_path):
    (tmp_path / "file").touch()
    processor = make(UserCosts, {"path": tmp_path / "file" / "costs.db"})
    with pytest.raises(StartError, match="set path to a file in a directory that is writable"):
        processor.start()
    processor.shutdown()


def test_only_the_owner_may_read_the_file(collector):
    one = collector()
    assert one.path.stat().st_mode & 0o777 == 0o600
