"""`winnow run`."""

import os
import sys
from pathlib import Path

import click

from collector.cli.options import config_option, examples, load_or_exit, set_option
from collector.config.load import load_config


@click.command(
    epilog=examples(
        "winnow run",
        "winnow run --config gateway.yaml --set service.telemetry.endpoint=0.0.0.0:8888",
    )
)
@config_option
@set_option
def run(config_path: Path, overrides: tuple[str, ...]) -> None:
    """Run the collector until it is told to stop (SIGTERM, Ctrl-C). SIGHUP reloads the file."""
    # gRPC's C core writes lines of its own to standard error; what matters comes as an error too.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    config = load_or_exit(config_path, overrides)
    from collector import service

    sys.exit(service.run(config, lambda: load_config(config_path, overrides)))
