"""`winnow test`."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from collector.batch import Batch
from collector.cli.options import examples
from collector.config.load import CollectorConfig
from collector.errors import ConfigError, WinnowError
from collector.replay import recorded
from collector.telemetry.logs import configure_logs
from collector.testing.judge import differences
from collector.testing.run import run
from collector.testing.spans import request
from collector.testing.suite import Case, LoadedSuite, read_suite


@click.command(epilog=examples("winnow test support.test.yaml"))
@click.argument("files", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
def test(files: tuple[Path, ...]) -> None:
    """Run the tests in each FILE: send spans through a configuration, and compare what comes out.

    No port is opened, and nothing leaves for a backend. Exits with 1 if anything is not as the
    file expects.
    """
    configure_logs("error", "console")
    suites = _read(files)
    failed = total = 0
    for file, suite in suites.items():
        for line, faults in _results(file, suite):
            click.echo(line)
            for fault in faults:
                click.echo(f"    {fault}")
            total += 1
            failed += bool(faults)
    click.echo(f"{total - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def _read(files: Iterable[Path]) -> dict[Path, LoadedSuite]:
    """Every file, before the first test runs."""
    suites: dict[Path, LoadedSuite] = {}
    problems: list[str] = []
    for file in files:
        try:
            suites[file] = read_suite(file)
        except ConfigError as error:
            problems += error.problems
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    return suites


def _results(file: Path, loaded: LoadedSuite) -> Iterator[tuple[str, list[str]]]:
    """A line for each test, and what is not as expected."""
    for case, place in zip(loaded.suite.tests, loaded.places, strict=True):
        faults = _faults(case, file, loaded.config)
        yield (f"{place}: FAILED: {case.name}" if faults else f"ok: {case.name}"), faults


def _faults(case: Case, file: Path, config: CollectorConfig) -> list[str]:
    try:
        receiver = case.receiver or next(iter(config.receivers))
        outcome = run(config, receiver, _batches(case, file))
    except (WinnowError, ValueError, OSError) as error:
        return [str(error)]
    return list(differences(case.expect, outcome))


def _batches(case: Case, file: Path) -> Iterator[Batch]:
    if case.spans:
        yield Batch(request(case))
    if case.file is not None:
        yield from _recorded(file.parent / case.file)


def _recorded(path: Path) -> Iterator[Batch]:
    empty = True
    try:
        for batch in recorded.batches(path):
            yield batch
            empty = empty and not batch.span_count
    except OSError as error:
        raise ValueError(f"{path}: cannot be read: {error.strerror}") from error
    if empty:
        raise ValueError(f"{path}: no span is in it: record it again")
