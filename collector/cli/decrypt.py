"""`winnow decrypt`."""

import os
import sys
from pathlib import Path
from typing import Any

import click

from collector.cli.options import examples, load_or_exit
from collector.registry import BrokenComponentError, Registry

_TYPE = "redaction"


@click.command(epilog=examples("winnow decrypt --key-env WINNOW_ENCRYPTION_KEY < redacted.txt"))
@click.option(
    "--key-env",
    metavar="NAME",
    help="The environment variable that holds the encryption_key.",
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Take the key of the first redaction processor of this file that has one.",
)
def decrypt(key_env: str | None, config_path: Path | None) -> None:
    """Copy standard input to standard output, with every encrypted finding put back.

    A line may be any text. In JSON, and between double quotes, a value is escaped as JSON wants it;
    base64 is written anew. What cannot be decrypted stays as it is; the exit code is then 1.
    """
    if (key_env is None) == (config_path is None):
        raise click.UsageError("give the key with one of --key-env and --config")
    decrypter = _from_file(config_path) if config_path else _from_variable(key_env or "")
    output = sys.stdout.buffer
    for line in sys.stdin.buffer:
        restored = decrypter.restore(line.decode(errors="surrogateescape"))
        output.write(restored.encode(errors="surrogateescape"))
    output.flush()
    if decrypter.failed:
        total = decrypter.failed + decrypter.restored
        click.echo(f"{decrypter.failed} of {total} findings are not of this key", err=True)
        sys.exit(1)


def _from_variable(name: str) -> Any:
    key = os.environ.get(name)
    if not key:
        raise click.ClickException(f"{name} is not set: put the encryption_key there")
    try:
        component: Any = Registry().load("processors", _TYPE)
        return component.decrypter(key)
    except (KeyError, BrokenComponentError) as error:
        raise click.ClickException(f"no redaction processor: {error}") from error
    except ValueError as error:
        raise click.ClickException(f"{name}: {error}") from error


def _from_file(path: Path) -> Any:
    for spec in load_or_exit(path).processors.values():
        if spec.id.partition("/")[0] == _TYPE:
            config: Any = spec.config
            if key := config.encryption_key.get_secret_value():
                component: Any = spec.cls
                return component.decrypter(key)
    click.echo(f"{path}: no redaction processor has an encryption_key: add one", err=True)
    sys.exit(1)
