"""`winnow sample`."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from collector.cli.archives import own_place, reader
from collector.cli.context import lone_context
from collector.cli.moment import moment
from collector.cli.options import examples, load_or_exit
from collector.component import Processor
from collector.config.load import CollectorConfig, ComponentSpec
from collector.errors import StartError
from collector.replay import recorded
from collector.replay.comparison import Comparison
from collector.replay.spool import Period, Spool
from collector.replay.table import lines

_HEAD, _TAIL = "head_sampling", "tail_sampling"
_S3_STANDARD = 0.023
"""USD a GB-month: Amazon S3's public price list, S3 Standard, us-east-1, the first 50 TB."""


@click.command(epilog=examples("winnow sample --config new.yaml --archive data/archive --since 7d"))
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path),
    default=Path("pipeline.yaml"),
    show_default=True,
    help="The configuration whose samplers are tried: those of its first pipeline with"
    " tail_sampling.",
)
@click.option(
    "--archive",
    "places",
    metavar="PATH",
    multiple=True,
    help="Traces to try them on: an archive's url, directory or file, or recorded OTLP"
    " (.json and .jsonl: JSON lines; .pb, .binpb, .proto: protobuf). Repeatable."
    "  [default: the archive of the configuration]",
)
@click.option(
    "--since", callback=moment, help="Only spans that began since: 7d, 24h, or a UTC date."
)
@click.option("--until", callback=moment, help="Only spans that began before: 1d, or a UTC date.")
@click.option(
    "--usd-per-gb-month",
    type=click.FloatRange(min=0),
    default=_S3_STANDARD,
    show_default=True,
    help="What storage costs. The default is the list price of S3 Standard.",
)
@click.option("--json", "as_json", is_flag=True, help="The numbers as JSON.")
def sample(  # noqa: PLR0913, PLR0917 - one parameter an option
    config_path: Path,
    places: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    usd_per_gb_month: float,
    as_json: bool,
) -> None:
    """Tell what a configuration's sampling would have kept of archived or recorded traces."""
    config = load_or_exit(config_path)
    samplers = _samplers(config, config_path)
    times = since, until
    try:
        sources = _sources(config, places or [own_place(config, config_path)], *times)
        comparison = _compare(samplers, sources, Period.of(*times))
    except (StartError, ValueError, OSError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(comparison.numbers(usd_per_gb_month), indent=2))
    else:
        click.echo("\n".join(lines(comparison, usd_per_gb_month)))


# What decides.


class _Samplers(NamedTuple):
    tail: ComponentSpec
    before: list[Processor[Any]]


def _samplers(config: CollectorConfig, path: Path) -> _Samplers:
    """Tail sampling of the first pipeline that has it, and the head samplers before it."""
    for pipeline in config.pipelines.values():
        before: list[Processor[Any]] = []
        for spec in (config.processors[name] for name in pipeline.processors):
            if _type(spec) == _TAIL:
                return _Samplers(spec, before)
            if _type(spec) == _HEAD:
                before.append(spec.cls(spec.config, lone_context(spec.id)))
    click.echo(f"{path}: no pipeline has an enabled {_TAIL} processor: add one", err=True)
    sys.exit(1)


def _type(spec: ComponentSpec) -> str:
    return spec.id.partition("/")[0]


# What is decided on.


class _Source(NamedTuple):
    batches: Iterable[Any]
    stored: int | None


def _sources(
    config: CollectorConfig,
    places: Iterable[str],
    since: datetime | None,
    until: datetime | None,
) -> list[_Source]:
    sources: list[_Source] = []
    for place in places:
        found = [_Source(recorded.batches(path), None) for path in recorded.files(Path(place))]
        if Path(place).suffix not in recorded.SUFFIXES:
            archive = reader(config, place)
            files = archive.files(since, until)
            found += [_Source(archive.batches(file), file.size) for file in files]
        if not found:
            raise click.ClickException(_nothing(place, since, until))
        sources += found
    return sources


def _nothing(place: str, since: datetime | None, until: datetime | None) -> str:
    if since or until:
        return f"{place}: nothing from that time: correct --since and --until, or --archive"
    kinds = ", ".join((".parquet", *recorded.SUFFIXES))
    return f"{place}: no file ({kinds}) is there: name an archive's url, or a file of spans"


# Deciding.


def _compare(samplers: _Samplers, sources: Iterable[_Source], period: Period) -> Comparison:
    settings: Any = samplers.tail.config
    failures: Counter[str] = Counter()
    replay = samplers.tail.cls.replay(
        settings, samplers.before, lambda error: failures.update([type(error).__name__])
    )
    comparison = Comparison([policy.name for policy in settings.policies])
    with Spool(period) as spool:
        for source in sources:
            spool.add(source.batches, source.stored)
        for trace in spool.traces():
            share = comparison.read(trace)
            comparison.decided(replay.add(trace.batch, trace.finished / 1e9, share))
    comparison.decided(replay.finish())
    comparison.unready = replay.unready
    if not comparison.then:
        raise ValueError("no span is there: correct --archive, --since and --until")
    for name, number in failures.items():
        click.echo(f"warning: policies failed {number} times: {name}", err=True)
    return comparison
