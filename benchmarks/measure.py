"""One measurement: a process under one shape of load."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.probe import INTERVAL, Probe, answer_time, held
from benchmarks.processes import Process, free_port, running, wait_until
from benchmarks.scenarios import Shape, pipeline
from benchmarks.sink import spans_at

WARM_UP = 1.0
_WINNOW = str(Path(sys.executable).with_name("winnow"))


@dataclass(frozen=True)
class Settings:
    """How every measurement of a run is made."""

    seconds: float
    """How long each target is loaded."""
    concurrency: int
    """Requests in flight."""
    rate: float
    """Spans a second; 0 saturates."""
    durable: bool
    """Whether the daemon keeps its state in a directory, or in memory."""
    compression: str = "none"
    """How the daemon compresses what it sends to the sink: `none` or `gzip`."""


@dataclass(frozen=True)
class Result:
    """What a span cost."""

    name: str
    shape: Shape
    cpu_us: float
    """CPU microseconds a span: of the loaded time and of what it left to do."""
    spans_per_second: float
    """Accepted in the loaded time."""
    idle_mib: float
    peak_mib: float
    p50_ms: float
    p99_ms: float
    refused: int
    """Requests answered with "not now"."""
    delivered: float
    """The part of the accepted spans that reached the sink; 0 for the floor, which has none."""
    errors: dict[str, int] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)
    """Seconds of the slowest answer by path of the daemon's telemetry."""


@dataclass(frozen=True)
class Target:
    """Where to load a process, and where to look at what it does."""

    name: str
    port: int
    sink: str = ""
    telemetry: int = 0


class Bench:
    """Starts targets and loads them; everything it writes goes to `directory`."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory

    def floor(self, shape: Shape) -> Result:
        """The bare server."""
        port = free_port()
        with self._run("floor", _module("benchmarks.floor", "--port", str(port))) as process:
            process.wait_for_port(port)
            return self._measure(Target("floor", port), process, shape)

    def winnow(self, chain: str, shape: Shape) -> Result:
        """The daemon with one of the chains."""
        port, telemetry = free_port(), free_port()
        with self._sink() as sink:
            config = self._write(chain, port, telemetry, sink)
            command = [_WINNOW, "run", "--config", str(config)]
            with self._run(chain, command) as process:
                process.wait_for_port(telemetry)
                wait_until(lambda: answer_time(telemetry, "/readyz") < 1, "readiness")
                return self._measure(Target(chain, port, sink, telemetry), process, shape)

    def peer(self, name: str, command: str, port: int, shape: Shape) -> Result:
        """Another collector; `{sink}` in its command becomes the sink's endpoint."""
        with self._sink() as sink:
            shell = ["/bin/sh", "-c", f"exec {command.replace('{sink}', sink)}"]
            with self._run(name, shell) as process:
                process.wait_for_port(port)
                return self._measure(Target(name, port, sink), process, shape)

    @contextlib.contextmanager
    def _sink(self) -> Iterator[str]:
        port = free_port()
        with self._run("sink", _module("benchmarks.sink", "--port", str(port))) as process:
            process.wait_for_port(port)
            yield f"127.0.0.1:{port}"

    def _run(self, name: str, command: list[str]) -> contextlib.AbstractContextManager[Process]:
        return running(command, self._directory / f"{name}.log")

    def _write(self, chain: str, port: int, telemetry: int, sink: str) -> Path:
        storage = self._directory / f"state-{port}" if self._settings.durable else None
        config = pipeline(
            chain,
            grpc=f"127.0.0.1:{port}",
            telemetry=f"127.0.0.1:{telemetry}",
            exporter={
                "endpoint": sink,
                "tls": {"insecure": True},
                "compression": self._settings.compression,
            },
            storage=str(storage) if storage else None,
        )
        path = self._directory / f"{chain}.yaml"
        path.write_text(yaml.safe_dump(config, sort_keys=False))
        return path

    def _measure(self, target: Target, process: Process, shape: Shape) -> Result:
        process.wait_until_quiet()
        idle = process.memory("VmRSS")
        self._load(target.port, shape, WARM_UP)
        _finish(target, process)
        arrived = spans_at(target.sink) if target.sink else 0
        spent = process.cpu()
        probe = Probe(target.telemetry) if target.telemetry else None
        with probe or nullcontext():
            tally = self._load(target.port, shape, self._settings.seconds)
        _finish(target, process)
        spans = max(1, tally["spans"])
        return Result(
            name=target.name,
            shape=shape,
            cpu_us=(process.cpu() - spent) / spans * 1e6,
            spans_per_second=tally["spans"] / tally["seconds"],
            idle_mib=idle,
            peak_mib=process.memory("VmHWM"),
            p50_ms=tally["p50"] * 1e3,
            p99_ms=tally["p99"] * 1e3,
            refused=tally["refused"],
            delivered=(spans_at(target.sink) - arrived) / spans if target.sink else 0.0,
            errors=tally["errors"],
            worst=probe.worst if probe else {},
        )

    def _load(self, port: int, shape: Shape, seconds: float) -> dict:
        command = _module("benchmarks.load", "--target", f"127.0.0.1:{port}")
        command += ["--spans", str(shape.spans), "--seconds", str(seconds)]
        command += ["--concurrency", str(self._settings.concurrency)]
        command += ["--rate", str(self._settings.rate)]
        command += ["--prompts"] if shape.prompts else []
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def _finish(target: Target, process: Process) -> None:
    """Let the target do what it still has to do with what it was sent."""
    if target.telemetry:
        done = f"{target.name} to hand on everything"
        wait_until(lambda: held(target.telemetry) == 0, done, interval=INTERVAL)
    process.wait_until_quiet()


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
