"""`winnow schema`."""

import json

import click

from collector.cli.options import examples
from collector.config.schema import json_schema
from collector.registry import Registry


@click.command(epilog=examples("winnow schema > winnow.schema.json"))
def schema() -> None:
    """Print the JSON Schema of the configuration file, with all installed components.

    Editors use it through a first line `# yaml-language-server: $schema=FILE`.
    """
    document, broken = json_schema(Registry())
    for message in broken:
        click.echo(f"warning: {message}", err=True)
    click.echo(json.dumps(document, indent=2))
