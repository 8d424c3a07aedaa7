"""`winnow archive`."""

import functools
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.console import Console

from collector.batch import Batch
from collector.cli.archives import own_place, reader
from collector.cli.moment import moment
from collector.cli.options import config_option, examples, load_or_exit
from collector.errors import StartError
from collector.otlp_json import to_json
from collector.printable import printable
from collector.replay.spool import Period
from collector.replay.tree import tree

_LONGEST_LINE = 10_000
"""Characters: a terminal wraps better than a cut."""
_ROW = "{:32}  {:19}  {:>6}  {:>6}  {:>9}  {:>9}  {}"
_HEX = frozenset("0123456789abcdef")


class _Files(NamedTuple):
    """The files of an archive that were asked for, and the times that spans are to be of."""

    reader: Any
    files: list[Any]
    period: Period

    def batches(self, traces: frozenset[str]) -> Iterator[Batch]:
        """The spans, those of `traces` only if there are any."""
        for file in self.files:
            for batch in self.reader.batches(file, traces):
                batch.retain(self.period.covers)
                if batch.span_count:
                    yield batch


def _of_files(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command the files that its options ask for, and tells what went wrong in them."""

    @config_option
    @click.option(
        "--archive",
        "place",
        metavar="PATH",
        help="The archive's url or directory.  [default: the archive of the configuration]",
    )
    @click.option(
        "--since", callback=moment, help="Only spans that began since: 7d, 24h, or a UTC date."
    )
    @click.option("--until", callback=moment, help="Only spans that began before then.")
    @functools.wraps(command)
    def wrapped(
        config_path: Path,
        place: str | None,
        since: datetime | None,
        until: datetime | None,
        **options: Any,
    ) -> None:
        try:
            files = _find(config_path, place, since, until)
            command(files, **options)
        except BrokenPipeError:  # whoever reads has enough
            raise
        except (StartError, ValueError, OSError) as error:
            raise click.ClickException(str(error)) from error

    return wrapped


def _find(
    config_path: Path, place: str | None, since: datetime | None, until: datetime | None
) -> _Files:
    # A directory can do without a configuration; of a bucket, it may say how to get there.
    wanted = place is None or ("://" in place and config_path.exists())
    config = load_or_exit(config_path) if wanted else None
    if place is None and config is not None:
        place = own_place(config, config_path)
    found = reader(config, str(place))
    files = found.files(since, until)
    if not files:
        when = " from that time: correct --since and --until, or" if since or until else ": correct"
        raise click.ClickException(f"{place}: no file of an archive{when} --archive")
    return _Files(found, files, Period.of(since, until))


@click.group(
    epilog=examples(
        "winnow archive list --since 1d",
        "winnow archive find --errors --since 24h",
        "winnow archive show 5b8efff798038103d269b633813fc60c",
        "winnow archive export --since 24h > spans.jsonl",
    )
)
def archive() -> None:
    """Look into what the archive exporter wrote, in a directory or a bucket."""


@archive.command("list")
@_of_files
def list_hours(files: _Files) -> None:
    """Print how many files, spans and megabytes each hour has.

    An hour that --since or --until cuts is counted whole.
    """
    hours: dict[str, list[int]] = {}
    for file in files.files:
        sums = hours.setdefault(file.path.rpartition("/")[0], [0, 0, 0])
        for place, number in enumerate((1, files.reader.spans(file), file.size)):
            sums[place] += number
    rows = sorted(hours.items())
    rows.append(("in all", [sum(column) for column in zip(*hours.values(), strict=True)]))
    width = max(len(name) for name, _ in rows)
    click.echo(f"{'':{width}}  {'files':>7}  {'spans':>13}  {'MB':>10}")
    for name, (count, spans, size) in rows:
        click.echo(f"{name:{width}}  {count:>7,}  {spans:>13,}  {size / 1e6:>10,.1f}")


@archive.command()
@click.option("--errors", is_flag=True, help="Only where a span failed.")
@click.option("--guardrails", is_flag=True, help="Only where a guardrail fired.")
@click.option("--user", "user_id", help="Only of this user.")
@click.option("--session", "session_id", help="Only of this session.")
@click.option("--agent", "agent_name", help="Only with this agent.")
@click.option("--service", "service_name", help="Only with this service.")
@click.option("--model", "model", help="Only with this model.")
@click.option("--policy", "sampling_policy", help="Only what this policy kept.")
@click.option(
    "--order",
    type=click.Choice(["latest", "slowest", "dearest"]),
    default="latest",
    show_default=True,
    help="What comes first.",
)
@click.option("--top", type=click.IntRange(min=1), default=20, show_default=True, help="How many.")
@_of_files
def find(
    files: _Files, errors: bool, guardrails: bool, order: str, top: int, **values: str | None
) -> None:
    """Print the traces that have a span with all that the options say.

    Hours that --since or --until cuts are searched whole. The cost is that of the model calls.
    """
    wanted: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
    wanted |= {"status_code": "ERROR"} if errors else {}
    wanted |= {"guardrail_fired": True} if guardrails else {}
    found, number = files.reader.find(files.files, wanted, order, top)
    click.echo(_ROW.format("trace", "began (UTC)", "spans", "failed", "seconds", "USD", "name"))
    for one in found:
        began = datetime.fromtimestamp(one.begin // 10**9, UTC).strftime("%Y-%m-%d %H:%M:%S")
        cells = (began, one.spans, one.failed, f"{one.took / 1e9:,.2f}", f"{one.cost:,.4f}")
        click.echo(_ROW.format(one.trace_id, *cells, printable(one.name)))
    if number > len(found):
        click.echo(f"and {number - len(found):,} more: say --top", err=True)


@archive.command()
@click.argument("trace_id")
@_of_files
def show(files: _Files, trace_id: str) -> None:
    """Print a trace as a tree: what took how long, what failed, what it cost."""
    wanted = _ids([trace_id])
    records = [record for batch in files.batches(wanted) for record in batch.spans]
    if not records:
        raise _none_of(files, f"the trace {trace_id}")
    Console(highlight=False, width=_LONGEST_LINE).print(tree(records))


@archive.command()
@click.option("--trace", "traces", multiple=True, metavar="ID", help="Only this one. Repeatable.")
@_of_files
def export(files: _Files, traces: tuple[str, ...]) -> None:
    """Print spans as OTLP JSON, a request a line.

    `winnow test` and `winnow sample` read it, and every OTLP/HTTP receiver takes its lines.
    """
    found = False
    for batch in files.batches(_ids(traces)):
        click.echo(to_json(batch))
        found = True
    if traces and not found:
        raise _none_of(files, "these traces")


def _none_of(files: _Files, traces: str) -> click.ClickException:
    remedy = "correct the id" if files.period == Period() else "correct the id, --since and --until"
    return click.ClickException(f"no span of {traces} is there: {remedy}")


def _ids(traces: Iterable[str]) -> frozenset[str]:
    """Trace ids as the archive has them."""
    ids = frozenset(trace.lower() for trace in traces)
    for trace in ids:
        if len(trace) != 32 or not _HEX.issuperset(trace):
            raise click.ClickException(f"{trace!r} is no trace id: write its 32 hex digits")
    return ids
