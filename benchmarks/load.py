"""The load generator: keeps requests in flight, and says how they were answered.

A closed loop by default, which sends as fast as it is answered. With a rate, an open loop: the
latency then counts from when a request was due, so that a stalled server cannot hide its stall.
"""

import itertools
import json
import threading
import time
from dataclasses import asdict, dataclass, field

import click
import grpc

from benchmarks.floor import SERVICE
from benchmarks.spans import Template, templates

BACK_OFF = 0.05
_RETRYABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED)


@dataclass
class Tally:
    """What came of the requests. Latencies are in seconds, of acknowledged requests."""

    spans: int = 0
    seconds: float = 0.0
    refused: int = 0
    errors: dict[str, int] = field(default_factory=dict)
    p50: float = 0.0
    p99: float = 0.0


class Load:
    """Sends requests from `concurrency` threads, each with a connection of its own."""

    def __init__(self, target: str, requests: list[Template], rate: float) -> None:
        """`rate` is in requests a second and thread; 0 saturates."""
        self._target = target
        self._requests = itertools.cycle(requests)
        self._rate = rate
        self._lock = threading.Lock()
        self._latencies: list[float] = []
        self._tally = Tally()

    def run(self, seconds: float, concurrency: int, spans: int) -> Tally:
        """Load the target for `seconds` with requests of `spans` spans."""
        started = time.perf_counter()
        threads = [
            threading.Thread(target=self._send_until, args=(started + seconds,))
            for _ in range(concurrency)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self._summary(spans, time.perf_counter() - started)

    def _send_until(self, end: float) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(self._target, options=options) as channel:
            export = channel.unary_unary(f"/{SERVICE}/Export")
            due = time.perf_counter()
            while due < end:
                with self._lock:
                    template = next(self._requests)
                self._deliver(export, template.fresh(), due if self._rate else None, end)
                due = self._next(due)

    def _next(self, due: float) -> float:
        if not self._rate:
            return time.perf_counter()
        due += 1 / self._rate
        time.sleep(max(0, due - time.perf_counter()))
        return due

    def _deliver(
        self, export: grpc.UnaryUnaryMultiCallable, request: bytes, due: float | None, end: float
    ) -> None:
        """Send until acknowledged, as an SDK does; what is refused until `end` is given up."""
        while True:
            sent = due or time.perf_counter()
            try:
                export(request, timeout=30)
            except grpc.RpcError as error:
                if not self._again(error.code()) or time.perf_counter() > end:
                    return
                time.sleep(BACK_OFF)
            else:
                with self._lock:
                    self._latencies.append(time.perf_counter() - sent)
                return

    def _again(self, code: grpc.StatusCode) -> bool:
        with self._lock:
            if code in _RETRYABLE:
                self._tally.refused += 1
            else:
                self._tally.errors[code.name] = self._tally.errors.get(code.name, 0) + 1
        return code in _RETRYABLE

    def _summary(self, spans: int, seconds: float) -> Tally:
        ordered = sorted(self._latencies)
        self._tally.spans = len(ordered) * spans
        self._tally.seconds = seconds
        if ordered:
            self._tally.p50 = ordered[len(ordered) // 2]
            self._tally.p99 = ordered[len(ordered) * 99 // 100]
        return self._tally


@click.command()
@click.option("--target", required=True)
@click.option("--spans", type=int, required=True)
@click.option("--prompts/--no-prompts", default=False)
@click.option("--seconds", type=float, required=True)
@click.option("--concurrency", type=int, default=8)
@click.option("--rate", type=float, default=0.0, help="Spans a second; 0 saturates.")
def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    target: str, spans: int, prompts: bool, seconds: float, concurrency: int, rate: float
) -> None:
    """Load an OTLP/gRPC target and print the tally as JSON."""
    load = Load(target, templates(spans, prompts), rate / spans / concurrency)
    click.echo(json.dumps(asdict(load.run(seconds, concurrency, spans))))


if __name__ == "__main__":
    main()
