"""Options that several commands share, and how they tell of mistakes."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from collector.config.load import CollectorConfig, load_config
from collector.errors import ConfigError

config_option = click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("pipeline.yaml"),
    show_default=True,
    help="The configuration file.",
)

set_option = click.option(
    "--set",
    "overrides",
    metavar="PATH=VALUE",
    multiple=True,
    help="A setting that stands above the file, such as service.drain_timeout=5s. Repeatable.",
)


def examples(*lines: str) -> str:
    """For a command's `epilog`: what people type, as it stands."""
    return "\n  ".join(("\b\nExamples:", *lines))


def load_or_exit(path: Path, overrides: Sequence[str] = ()) -> CollectorConfig:
    """The configuration, with its warnings on standard error; its problems there, and exit 1."""
    try:
        config = load_config(path, overrides)
    except ConfigError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        sys.exit(1)
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    return config
