"""`winnow costs`."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from collector.cli.moment import moment
from collector.cli.options import config_option, examples, load_or_exit, set_option
from collector.config.load import CollectorConfig, ComponentSpec
from collector.printable import printable

_TYPE = "user_costs"
_HEADINGS = ("USD", "calls", "input tokens", "output tokens")
_NOBODY = "(not told)"


@click.command(epilog=examples("winnow costs --by model --since 24h"))
@config_option
@set_option
@click.option("--top", type=click.IntRange(min=1), default=10, show_default=True, help="How many.")
@click.option(
    "--since",
    callback=moment,
    default="7d",
    show_default=True,
    help="How far back (7d, 24h), or a date in UTC; the hour in which that was counts as a whole.",
)
@click.option(
    "--by",
    type=click.Choice(["user", "organization", "organisation", "model", "feature"]),
    default="user",
    show_default=True,
    help="Whom or what to tell apart.",
)
@click.option("--json", "as_json", is_flag=True, help="A JSON array.")
def costs(  # noqa: PLR0913, PLR0917 - one parameter an option
    config_path: Path,
    overrides: tuple[str, ...],
    top: int,
    since: datetime,
    by: str,
    as_json: bool,
) -> None:
    """Tell who spends most, by the table of the configuration's user_costs processor.

    The collector may be running; what it counted in the last second may not be there yet.
    """
    config = load_or_exit(config_path, overrides)
    by = by.replace("organisation", "organization")
    ranking = _ask(config, _spec(config, config_path), by, since.timestamp(), top)
    if as_json:
        click.echo(json.dumps([_numbers(spender, by) for spender in ranking.spenders], indent=2))
    else:
        click.echo("\n".join(_lines(ranking, by)))


def _spec(config: CollectorConfig, path: Path) -> ComponentSpec:
    for spec in config.processors.values():
        if spec.id.partition("/")[0] == _TYPE:
            return spec
    raise click.ClickException(f"{path}: no pipeline has an enabled {_TYPE} processor: add one")


def _ask(config: CollectorConfig, spec: ComponentSpec, by: str, since: float, most: int) -> Any:
    component: Any = spec.cls
    directory = config.service.storage.directory
    try:
        return component.top(spec.config, spec.id, directory, by, since, most)
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{spec.id}: {error}") from error
    except Exception as error:
        # Not its text: databases quote the address that they were given.
        reason = getattr(error, "sqlstate", None) or type(error).__name__
        raise click.ClickException(
            f"{spec.id}: the table cannot be read ({reason}): "
            "is the database there, and has a collector written to it?"
        ) from error


def _numbers(spender: Any, by: str) -> dict[str, Any]:
    numbers = {by: spender.name, "cost_usd": spender.cost}
    if spender.used is not None:
        numbers["invocations"] = spender.used.calls
        numbers["input_tokens"] = spender.used.input
        numbers["output_tokens"] = spender.used.output
    return numbers


def _lines(ranking: Any, by: str) -> Iterator[str]:
    told = len(_HEADINGS) if by in {"user", "organization"} else 1
    rows: list[Sequence[str]] = [(by, *_HEADINGS[:told])]
    rows += [_row(printable(name) or _NOBODY, used, cost) for name, used, cost in ranking.spenders]
    rows += _totals(ranking)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for name, *cells in rows:
        yield "  ".join([f"{name:{widths[0]}}", *map(str.rjust, cells, widths[1:])])


def _totals(ranking: Any) -> Iterator[Sequence[str]]:
    """What those who are shown took together, where that is not all, and what all did."""
    shown = ranking.spenders
    if len(shown) < ranking.number:
        columns = zip(*(used for _, used, _ in shown if used), strict=True)
        used = ranking.used and ranking.used._make(map(sum, columns))
        yield _row(f"these {len(shown):,}", used, sum(spender.cost for spender in shown))
    yield _row(f"all {ranking.number:,}", ranking.used, ranking.cost)


def _row(name: str, used: Any, cost: float) -> Sequence[str]:
    counts = (used.calls, used.input, used.output) if used else ()
    return (name, f"{cost:,.4f}", *(f"{count:,}" for count in counts))
