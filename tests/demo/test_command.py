"""`winnow demo` as a person runs it."""

import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from benchmarks.processes import free_port
from collector.cli.demo import demo
from collector.demo.archive import read
from collector.demo.daemon import Snapshot

BEFORE = """
# TYPE llm_cost_usd counter
llm_cost_usd_total{model="a",stage="x"} 1.5
llm_cost_usd_total{model="a",stage="y"} 1
# TYPE open gauge
open{pipeline="p"} 2
open{pipeline="q"} 3
"""
AFTER = """
# TYPE llm_cost_usd counter
llm_cost_usd_total{model="a",stage="x"} 2
llm_cost_usd_total{model="a",stage="y"} 1.25
llm_cost_usd_total{model="b",stage="x"} 4
llm_cost_usd_total{model="c",stage="x"} 0
"""


def test_without_a_daemon_it_says_how_to_start_one():
    telemetry = f"http://127.0.0.1:{free_port()}"
    outcome = CliRunner().invoke(demo, ["--telemetry", telemetry])
    assert outcome.exit_code == 1
    assert telemetry in outcome.output
    assert "make run" in outcome.output


@pytest.mark.parametrize("missing", ["rich.console", "opentelemetry.sdk.resources"])
def test_without_its_extra_it_says_what_to_install(missing, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("collector.demo")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    outcome = CliRunner().invoke(demo, [])
    assert outcome.exit_code == 1
    assert "winnow-collector[demo]" in outcome.output


def test_what_a_counter_rose_by_is_summed_by_label():
    rises = Snapshot(AFTER).since(Snapshot(BEFORE), "llm_cost_usd_total", "model")
    assert rises == {("a",): 0.75, ("b",): 4.0}


def test_a_total_is_over_all_samples_and_zero_where_there_are_none():
    assert Snapshot(BEFORE).total("open") == 5
    assert Snapshot(AFTER).total("open") == 0


def test_costs_in_the_archive_are_summed_for_the_demos_traces_only(tmp_path):
    rows = [
        {"trace_id": "aa", "user_id": "u1", "model": "m", "cost_usd": 0.5},
        {"trace_id": "aa", "user_id": "u1", "model": "n", "cost_usd": 0.25},
        {"trace_id": "aa", "user_id": "u1", "model": None, "cost_usd": None},
        {"trace_id": "bb", "user_id": "u2", "model": "m", "cost_usd": 7.0},
    ]
    place = tmp_path / "date=2026-01-01" / "hour=05"
    place.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), place / "part.parquet")
    found = read(tmp_path, {"aa"})
    assert (found.spans, found.traces, found.files) == (3, {"aa"}, 1)
    assert found.cost_by_user == {"u1": 0.75}
    assert found.cost_by_model == {"m": 0.5, "n": 0.25}


def test_where_no_archive_is_nothing_is_found(tmp_path):
    assert read(tmp_path / "missing", {"aa"}).files == 0
