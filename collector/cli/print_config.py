"""`winnow print-config`."""

from pathlib import Path

import click
import yaml

from collector.cli.options import config_option, examples, load_or_exit, set_option
from collector.config.printed import printed


@click.command(epilog=examples("winnow print-config --config pipeline.yaml"))
@config_option
@set_option
def print_config(config_path: Path, overrides: tuple[str, ...]) -> None:
    """Show what runs: the configuration with every default, and without secrets."""
    config = load_or_exit(config_path, overrides)
    text = yaml.safe_dump(printed(config), sort_keys=False, allow_unicode=True)
    click.echo(text, nl=False)
