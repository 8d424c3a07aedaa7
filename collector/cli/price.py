"""`winnow price`."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from collector.cli.context import lone_context
from collector.cli.options import examples, load_or_exit
from collector.errors import StartError
from collector.registry import BrokenComponentError, Registry

_TYPE = "cost"
_COUNT = click.IntRange(min=0)
_TIME = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])


@click.command(
    epilog=examples("winnow price --provider openai --model gpt-4o --input 12000 --output 400")
)
@click.option("--model", required=True, help="The model, as spans name it.")
@click.option("--provider", default="", help="The provider, as gen_ai.provider.name has it.")
@click.option(
    "--input",
    "input_tokens",
    type=_COUNT,
    required=True,
    help="Input tokens, those read from and written to a cache included.",
)
@click.option(
    "--output",
    "output_tokens",
    type=_COUNT,
    required=True,
    help="Output tokens, those of reasoning included.",
)
@click.option("--cache-read", type=_COUNT, default=0, help="Input tokens read from a cache.")
@click.option("--cache-write", type=_COUNT, default=0, help="Input tokens written to a cache.")
@click.option(
    "--cache-write-1h", type=_COUNT, default=0, help="Those of --cache-write that stay for an hour."
)
@click.option("--reasoning", type=_COUNT, default=0, help="Output tokens of reasoning.")
@click.option("--web-searches", type=_COUNT, default=0, help="Searches that the provider made.")
@click.option("--at", type=_TIME, help="When the call began, in UTC.  [default: now]")
@click.option(
    "--tier",
    type=click.Choice(["standard", "batch", "flex", "priority", "fast"]),
    default="standard",
    show_default=True,
    help="How the call was served.",
)
@click.option("--batch", is_flag=True, help="The same as --tier batch.")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    help="Price as the first cost processor of this file does.  [default: its defaults]",
)
@click.option("--json", "as_json", is_flag=True, help="The answer as JSON.")
def price(  # noqa: PLR0913 - one parameter an option
    *,
    model: str,
    provider: str,
    input_tokens: int,
    output_tokens: int,
    cache_read: int,
    cache_write: int,
    cache_write_1h: int,
    reasoning: int,
    web_searches: int,
    at: datetime | None,
    tier: str,
    batch: bool,
    config_path: Path | None,
    as_json: bool,
) -> None:
    """Tell what a model call costs, and which price that follows from.

    The exit code is 1 where no price is known.
    """
    used = {
        "input": input_tokens,
        "output": output_tokens,
        "cache_read": cache_read,
        "cache_write": cache_write,
        "cache_write_1h": cache_write_1h,
        "reasoning": reasoning,
        "web_searches": web_searches,
    }
    _check(used)
    cost = _started(_from_file(config_path) if config_path else _default())
    moment = None if at is None else int(at.replace(tzinfo=UTC).timestamp()) * 10**9
    try:
        quote = cost.quote(provider, model, used, moment, "batch" if batch else tier)
        if quote is None:
            _unknown(cost, provider, model)
    finally:
        cost.shutdown()
    click.echo(json.dumps(quote.numbers(), indent=2) if as_json else "\n".join(quote.lines()))


def _check(used: dict[str, int]) -> None:
    if used["cache_read"] + used["cache_write"] > used["input"]:
        raise click.UsageError("--input contains what is cached: raise it, or lower --cache-*")
    if used["cache_write_1h"] > used["cache_write"]:
        raise click.UsageError("--cache-write contains --cache-write-1h: raise it")
    if used["reasoning"] > used["output"]:
        raise click.UsageError("--output contains --reasoning: raise it")


def _default() -> Any:
    try:
        component: Any = Registry().load("processors", _TYPE)
    except (KeyError, BrokenComponentError) as error:
        raise click.ClickException(f"no cost processor: {error}") from error
    return component(component.Config(), lone_context(_TYPE))


def _from_file(path: Path) -> Any:
    for spec in load_or_exit(path).processors.values():
        if spec.id.partition("/")[0] == _TYPE:
            return spec.cls(spec.config, lone_context(spec.id))
    click.echo(f"{path}: no pipeline has an enabled cost processor: add one", err=True)
    sys.exit(1)


def _started(cost: Any) -> Any:
    try:
        cost.start()
    except StartError as error:
        raise click.ClickException(str(error)) from error
    return cost


def _unknown(cost: Any, provider: str, model: str) -> None:
    where = f" of {provider}" if provider else ""
    click.echo(f"no price is known for {model!r}{where}", err=True)
    near = cost.near(provider, model)
    if near:
        click.echo(f"near it: {', '.join(near)}", err=True)
    sys.exit(1)
