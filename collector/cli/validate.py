"""`winnow validate`."""

from pathlib import Path

import click

from collector.cli.options import examples, load_or_exit, set_option


@click.command(epilog=examples("winnow validate pipeline.yaml"))
@click.argument("file", type=click.Path(path_type=Path))
@set_option
def validate(file: Path, overrides: tuple[str, ...]) -> None:
    """Check FILE and everything that it configures.

    Prints one line a mistake, FILE:LINE:COL: path: message, on standard error, and exits with 1
    if there is any. What is valid, but hardly meant, is a warning there.
    """
    config = load_or_exit(file, overrides)
    click.echo(f"{file}: OK: {', '.join(config.pipelines)}")
