"""One measurement: a process under one shape of load."""

import contextlib
import json
import statistics
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.probe import INTERVAL, Probe, answer_time, held
from benchmarks.processes import Process, free_port, running, wait_until
from benchmarks.scenarios import Shape, pipeline
from benchmarks.sink import spans_at

WARM_UP = 1.0
SLICE = 2.0
"""Seconds of load before it is the other one's turn."""
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
    floor_us: float
    """The same of the bare server, which was loaded in turns with this one."""
    spans_per_second: float
    """Accepted in the loaded time."""
    idle_mib: float
    peak_mib: float
    p50_ms: float
    p99_ms: float
    """Of the worst slice."""
    refused: int
    """Requests answered with "not now"."""
    delivered: float
    """The part of the accepted spans that reached the sink; 0 for the floor, which has none."""
    errors: dict[str, int] = field(default_factory=dict)
    worst: dict[str, float] = field(default_factory=dict)
    """Seconds of the slowest answer by path of the daemon's telemetry."""


@dataclass(frozen=True)
class Target:
    """A running process, where to load it, and where to look at what it does."""

    name: str
    process: Process
    port: int
    sink: str = ""
    telemetry: int = 0

    def finish(self) -> None:
        """Let it do what it still has to do with what it was sent."""
        if self.telemetry:
            done = f"{self.name} to hand on everything"
            wait_until(lambda: held(self.telemetry) == 0, done, interval=INTERVAL)
        self.process.wait_until_quiet()


class Meter:
    """What a target spent on its slices of the load."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.tallies: list[dict] = []
        self._cpu = 0.0

    def measure(self, load: Callable[[int], dict]) -> None:
        """Put a slice of load on the target's port, and wait for the end of the work."""
        before = self.target.process.cpu()
        self.tallies.append(load(self.target.port))
        self.target.finish()
        self._cpu += self.target.process.cpu() - before

    def total(self, field: str) -> float:
        """A field of the tallies, summed up."""
        return sum(tally[field] for tally in self.tallies)

    @property
    def cpu_us(self) -> float:
        """CPU microseconds a span."""
        return self._cpu / max(1, self.total("spans")) * 1e6


class Bench:
    """Starts targets and loads them; everything it writes goes to `directory`."""

    def __init__(self, settings: Settings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory

    def floor(self, shape: Shape) -> Result:
        """The bare server."""
        with self._floor() as target:
            return self._measure(target, None, shape)

    def winnow(self, chain: str, shape: Shape) -> Result:
        """The daemon with one of the chains."""
        port, telemetry = free_port(), free_port()
        with self._sink() as sink:
            config = self._write(chain, port, telemetry, sink)
            command = [_WINNOW, "run", "--config", str(config)]
            with self._run(chain, command) as process, self._floor() as floor:
                process.wait_for_port(telemetry)
                wait_until(lambda: answer_time(telemetry, "/readyz") < 1, "readiness")
                return self._measure(Target(chain, process, port, sink, telemetry), floor, shape)

    def peer(self, name: str, command: str, port: int, shape: Shape) -> Result:
        """Another collector; `{sink}` in its command becomes the sink's endpoint."""
        with self._sink() as sink:
            shell = ["/bin/sh", "-c", f"exec {command.replace('{sink}', sink)}"]
            with self._run(name, shell) as process, self._floor() as floor:
                process.wait_for_port(port)
                return self._measure(Target(name, process, port, sink), floor, shape)

    @contextlib.contextmanager
    def _floor(self) -> Iterator[Target]:
        port = free_port()
        with self._run("floor", _module("benchmarks.floor", "--port", str(port))) as process:
            process.wait_for_port(port)
            yield Target("floor", process, port)

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

    def _measure(self, target: Target, floor: Target | None, shape: Shape) -> Result:
        """Load the target and the floor in turns: a machine's speed changes by the minute."""
        target.process.wait_until_quiet()
        idle = target.process.memory("VmRSS")
        meters = [Meter(one) for one in (floor, target) if one]
        for meter in meters:
            Meter(meter.target).measure(self._slice(shape, WARM_UP))
        arrived = spans_at(target.sink) if target.sink else 0
        probe = Probe(target.telemetry) if target.telemetry else None
        rounds = max(1, round(self._settings.seconds / SLICE))
        with probe or nullcontext():
            for meter in meters * rounds:
                meter.measure(self._slice(shape, self._settings.seconds / rounds))
        first, *_, last = *meters, meters[-1]
        return Result(
            name=target.name,
            shape=shape,
            cpu_us=last.cpu_us,
            floor_us=first.cpu_us,
            spans_per_second=last.total("spans") / last.total("seconds"),
            idle_mib=idle,
            peak_mib=target.process.memory("VmHWM"),
            p50_ms=statistics.median(tally["p50"] for tally in last.tallies) * 1e3,
            p99_ms=max(tally["p99"] for tally in last.tallies) * 1e3,
            refused=int(last.total("refused")),
            delivered=(
                (spans_at(target.sink) - arrived) / max(1, last.total("spans"))
                if target.sink
                else 0.0
            ),
            errors=dict(sum((Counter(tally["errors"]) for tally in last.tallies), Counter())),
            worst=probe.worst if probe else {},
        )

    def _slice(self, shape: Shape, seconds: float) -> Callable[[int], dict]:
        return lambda port: self._load(port, shape, seconds)

    def _load(self, port: int, shape: Shape, seconds: float) -> dict:
        command = _module("benchmarks.load", "--target", f"127.0.0.1:{port}")
        command += ["--spans", str(shape.spans), "--seconds", str(seconds)]
        command += ["--concurrency", str(self._settings.concurrency)]
        command += ["--rate", str(self._settings.rate)]
        command += ["--prompts"] if shape.prompts else []
        return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]
