"""`winnow demo`: send the traces of a simulated agent, and show what came out."""

from pathlib import Path

import click

from collector.cli.options import examples

_EXTRA = {"opentelemetry", "rich"}


@click.command(epilog=examples("winnow demo --traces 1000"))
@click.option(
    "--traces",
    default=300,
    show_default=True,
    type=click.IntRange(1, 100_000),
    help="How many to send.",
)
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same scenes.")
@click.option(
    "--endpoint",
    default="127.0.0.1:4317",
    show_default=True,
    help="Where the daemon takes OTLP over gRPC.",
)
@click.option(
    "--telemetry",
    default="http://127.0.0.1:8888",
    show_default=True,
    help="The URL of the daemon's /metrics and /readyz, without these.",
)
@click.option(
    "--archive",
    default="data/archive",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the daemon's archive exporter writes.",
)
@click.option(
    "--wait",
    default=120.0,
    show_default=True,
    type=click.FloatRange(min=0),
    help="Seconds to wait for decisions.",
)
def demo(  # noqa: PLR0913, PLR0917 - one parameter an option
    traces: int, seed: int, endpoint: str, telemetry: str, archive: Path, wait: float
) -> None:
    """Send a simulated agent's traces to a running daemon and show what came out."""
    try:
        from rich.console import Console

        from collector.demo import show
    except ModuleNotFoundError as error:
        raise _explained(error) from error
    from collector.demo.daemon import Daemon, DaemonError

    settings = show.Settings(traces, seed, endpoint, archive, wait)
    try:
        show.run(Daemon(telemetry, endpoint), settings, Console())
    except DaemonError as error:
        raise click.ClickException(str(error)) from error


def _explained(error: ModuleNotFoundError) -> Exception:
    if (error.name or "").partition(".")[0] not in _EXTRA:
        return error
    return click.ClickException(
        f"the demo needs {error.name}: pip install 'winnow-collector[demo]'"
    )
