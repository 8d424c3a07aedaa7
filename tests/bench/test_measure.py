"""Measurements of real processes."""

import math
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from benchmarks.__main__ import Peer, main
from benchmarks.measure import Bench, Result, Settings
from benchmarks.probe import Probe
from benchmarks.processes import free_port, running, wait_until
from benchmarks.report import failures, table
from benchmarks.scenarios import CHAINS, SHAPES, Shape

SHAPE = Shape(16, prompts=False)
SETTINGS = Settings(seconds=0.5, concurrency=2, rate=0, durable=True)


def result(name: str, cpu_us: float, **fields) -> Result:
    values = {
        "floor_us": 2,
        "idle_mib": 1,
        "peak_mib": 2,
        "p50_ms": 1,
        "p99_ms": 2,
        "refused": 0,
        "delivered": 0,
    }
    return Result(name, SHAPE, cpu_us, spans_per_second=1000, **(values | fields))


def test_the_floor_is_measured_in_a_process_of_its_own(tmp_path):
    floor = Bench(SETTINGS, tmp_path).floor(SHAPE)
    assert floor.spans_per_second > 0
    assert 0 < floor.cpu_us < 10_000
    assert 10 < floor.idle_mib <= floor.peak_mib
    assert floor.errors == {}


def test_a_peer_is_driven_with_the_same_load(tmp_path):
    port = free_port()
    command = f"{sys.executable} -m benchmarks.floor --port {port} # {{sink}}"
    peer = Bench(SETTINGS, tmp_path).peer("bare", command, port, SHAPE)
    assert peer.spans_per_second > 0
    assert peer.delivered == 0, "it passes nothing on"


@pytest.mark.slow
@pytest.mark.parametrize("chain", CHAINS)
def test_the_daemon_delivers_what_its_chain_keeps(chain, tmp_path):
    measured = Bench(SETTINGS, tmp_path).winnow(chain, SHAPE)
    assert measured.errors == {}
    assert max(measured.worst.values()) < 1, "telemetry answers within a second"
    if chain == "pass-through":
        assert measured.delivered == 1
    else:
        assert 0 < measured.delivered < 0.5, "tail sampling drops most, and keeps some"


def test_a_target_that_ends_at_once_is_reported_with_its_last_words(tmp_path):
    bench = Bench(SETTINGS, tmp_path)
    with pytest.raises(RuntimeError, match="no such luck"):
        bench.peer("broken", "echo no such luck", free_port(), SHAPE)


def test_cpu_time_of_children_counts(tmp_path):
    burn = "sum(range(20_000_000))"
    parent = (
        "import subprocess, sys, time;"
        f"subprocess.run([sys.executable, '-c', '{burn}']);"
        "print('done', flush=True); time.sleep(600)"
    )
    with running([sys.executable, "-c", parent], tmp_path / "log") as process:
        wait_until(lambda: "done" in process.log.read_text(), "the child")
        assert process.cpu() > 0.1


def test_a_bench_that_is_stopped_leaves_no_server_behind(tmp_path):
    with running([sys.executable, "-m", "benchmarks", "--quick"], tmp_path / "log") as bench:
        wait_until(lambda: len(bench.pids()) > 2, "a server, and a load for it")
        _, server, _ = bench.pids()
    assert not Path(f"/proc/{server}").exists()


def test_a_probe_of_nobody_waits_for_ever(tmp_path):
    probe = Probe(free_port())
    with probe:
        wait_until(lambda: all(probe.worst.values()), "an answer that never comes")
    assert set(probe.worst.values()) == {math.inf}


def test_ratios_are_to_the_floor_that_was_loaded_in_turns():
    *_, line = table([result("floor", 4.0), result("pass-through", 5.0, floor_us=2.0)])
    assert [cell.strip() for cell in line.split("|")[3:5]] == ["5.00", "2.5"]


def test_a_line_is_there_as_soon_as_it_is_measured():
    def results():
        yield result("floor", 2.0)
        raise KeyboardInterrupt

    lines = table(results())
    assert "floor" in [next(lines), next(lines), next(lines)][-1]


def test_errors_are_listed():
    assert failures([result("a", 1), result("b", 1, errors={"INTERNAL": 3})]) == [
        "b at 16: {'INTERNAL': 3}"
    ]


def test_a_peer_names_its_command_and_port():
    peer = Peer.parse("rotel=rotel start --to {sink} --batch 1,2,4317")
    assert peer == Peer("rotel", "rotel start --to {sink} --batch 1,2", 4317)


@pytest.mark.parametrize("text", ["rotel", "rotel=rotel start", "=x,1", "a=,1", "a=b,c"])
def test_a_peer_that_cannot_be_read_is_refused(text):
    outcome = CliRunner().invoke(main, ["--peer", text])
    assert outcome.exit_code == 2
    assert "NAME=COMMAND,PORT" in outcome.output


def test_every_shape_and_chain_of_the_issue_is_measured():
    assert {(shape.spans, shape.prompts) for shape in SHAPES} == {
        (512, False),
        (512, True),
        (16, False),
        (16, True),
    }
    assert "redaction" in CHAINS["chain+redaction"]
    assert "redaction" not in CHAINS["chain"]
