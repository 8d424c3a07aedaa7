"""The command: `python -m benchmarks`, `make bench`."""

import signal
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks import report
from benchmarks.measure import Bench, Result, Settings
from benchmarks.scenarios import CHAINS, SHAPES, Shape

QUICK_SECONDS = 2.0


@dataclass(frozen=True)
class Peer:
    """Another collector to drive: a shell command and the port it takes OTLP/gRPC on."""

    name: str
    command: str
    port: int

    @classmethod
    def parse(cls, text: str) -> "Peer":
        """Read `NAME=COMMAND,PORT`. Raises click.BadParameter."""
        name, _, rest = text.partition("=")
        command, _, port = rest.rpartition(",")
        if not (name and command and port.isdigit()):
            raise click.BadParameter(f"{text!r} is not NAME=COMMAND,PORT", param_hint="--peer")
        return cls(name, command, int(port))


@click.command()
@click.option("--seconds", default=8.0, show_default=True, help="How long to load each target.")
@click.option("--quick", is_flag=True, help="Two seconds each, without the 16-span requests.")
@click.option("--only", multiple=True, type=click.Choice(list(CHAINS)), help="Just this chain.")
@click.option("--spans", multiple=True, type=int, help="Just requests of so many spans.")
@click.option("--prompts/--no-prompts", default=None, help="Just with, or without, 2 kB prompts.")
@click.option("--concurrency", default=8, show_default=True, help="Requests in flight.")
@click.option("--rate", default=0.0, help="Spans a second; saturates if not given.")
@click.option(
    "--storage",
    type=click.Choice(["directory", "null"]),
    default="directory",
    show_default=True,
    help="Where the daemon keeps its state: a temporary directory, or memory.",
)
@click.option(
    "--compression",
    type=click.Choice(["none", "gzip"]),
    default="none",
    show_default=True,
    help="How the daemon compresses what it sends; gzip is its exporter's own default.",
)
@click.option("--peer", multiple=True, metavar="NAME=COMMAND,PORT", help="Drive this one as well.")
def main(  # noqa: PLR0913, PLR0917 - one parameter an option
    seconds: float,
    quick: bool,
    only: tuple[str, ...],
    spans: tuple[int, ...],
    prompts: bool | None,
    concurrency: int,
    rate: float,
    storage: str,
    compression: str,
    peer: tuple[str, ...],
) -> None:
    """Measure what a span costs, against a bare grpcio server that only parses it."""
    peers = [Peer.parse(text) for text in peer]
    shapes = [
        shape
        for shape in SHAPES
        if (not spans or shape.spans in spans)
        and prompts in (None, shape.prompts)
        and not (quick and shape.spans == 16)
    ]
    seconds = QUICK_SECONDS if quick else seconds
    settings = Settings(seconds, concurrency, rate, storage == "directory", compression)
    results: list[Result] = []
    with tempfile.TemporaryDirectory(prefix="winnow-bench-") as directory:
        bench = Bench(settings, Path(directory))
        measured = _kept(measure(bench, shapes, only or tuple(CHAINS), peers), results)
        for line in report.table(measured):
            click.echo(line)
    if failed := report.failures(results):
        raise click.ClickException("\n".join(failed))


def measure(
    bench: Bench, shapes: list[Shape], chains: tuple[str, ...], peers: list[Peer]
) -> Iterator[Result]:
    """Measure every target under every shape of load, the floor first."""
    for shape in shapes:
        yield bench.floor(shape)
        for chain in chains:
            yield bench.winnow(chain, shape)
        for peer in peers:
            yield bench.peer(peer.name, peer.command, peer.port, shape)


def _kept(results: Iterator[Result], kept: list[Result]) -> Iterator[Result]:
    for result in results:
        kept.append(result)
        yield result


if __name__ == "__main__":
    # As with Ctrl-C, what was started is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    main()
