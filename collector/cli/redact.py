"""`winnow redact`."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from collector.cli.context import lone_context
from collector.cli.options import examples, load_or_exit
from collector.errors import StartError
from collector.registry import BrokenComponentError, Registry

_TYPE = "redaction"


@click.command(
    epilog=examples(
        "echo 'mail jane@example.com' | winnow redact --json",
        "winnow redact --config pipeline.yaml < conversation.txt",
    )
)
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Redact as the first redaction processor of this file does.  [default: its defaults]",
)
@click.option("--json", "as_json", is_flag=True, help="One object a line, with what was found.")
@click.option(
    "--evaluate",
    "labelled",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Read nothing, but print precision, recall and F2 by type for the labelled texts of FILE:"
    " JSON lines as --json writes them, or a JSON list as presidio-research does."
    " With --json, the numbers as JSON.",
)
def redact(config_path: Path | None, as_json: bool, labelled: Path | None) -> None:
    """Send lines of text from standard input through the redaction processor."""
    redaction = _from_file(config_path) if config_path else _default()
    try:
        redaction.start()
    except StartError as error:
        raise click.ClickException(str(error)) from error
    try:
        if labelled is not None:
            _evaluate(redaction, labelled, as_json)
        else:
            _redact_lines(redaction, as_json)
    finally:
        redaction.shutdown()


def _redact_lines(redaction: Any, as_json: bool) -> None:
    for line in sys.stdin.buffer:
        text = line.decode(errors="replace").removesuffix("\n")
        redacted, findings = redaction.redact(text)
        click.echo(_described(text, redacted, findings) if as_json else redacted)


def _evaluate(redaction: Any, path: Path, as_json: bool) -> None:
    try:
        evaluation = redaction.evaluate(path)
    except (ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(evaluation.numbers(), indent=2))
    else:
        click.echo("\n".join(evaluation.lines()))


def _default() -> Any:
    try:
        component: Any = Registry().load("processors", _TYPE)
    except (KeyError, BrokenComponentError) as error:
        raise click.ClickException(f"no redaction processor: {error}") from error
    return component(component.Config(), lone_context(_TYPE))


def _from_file(path: Path) -> Any:
    for spec in load_or_exit(path).processors.values():
        if spec.id.partition("/")[0] == _TYPE:
            # Lines are redacted one by one, here: workers would have nothing to do.
            config = spec.config.model_copy(update={"workers": 0})
            return spec.cls(config, lone_context(spec.id))
    click.echo(f"{path}: no pipeline has an enabled redaction processor: add one", err=True)
    sys.exit(1)


def _described(text: str, redacted: str, findings: list[Any]) -> str:
    entities = [
        {"type": found.type, "start": found.start, "end": found.end, "score": found.score}
        for found in findings
    ]
    return json.dumps({"text": text, "redacted": redacted, "entities": entities})
