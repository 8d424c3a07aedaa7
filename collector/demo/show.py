"""The demo as a person sees it: two progress bars, then what came out."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from collector.demo import archive
from collector.demo.agent import play
from collector.demo.archive import Archived
from collector.demo.daemon import Daemon, Snapshot
from collector.demo.tracing import Tracing

_POLL = 0.25
_TOP = 8
Rows: TypeAlias = dict[tuple[str, ...], float]
"""A number for each combination of label values."""


@dataclass(frozen=True)
class Settings:
    """What to send, and where to look for what came of it."""

    traces: int
    seed: int
    endpoint: str
    archive: Path
    wait: float


def run(daemon: Daemon, settings: Settings, console: Console) -> None:
    """Play, wait for the daemon's decisions, show the outcome. Raises DaemonError."""
    daemon.check()
    before = daemon.snapshot()
    with _progress(console) as progress:
        tracing = _send(settings, progress)
        after = _settle(daemon, len(tracing.traces), settings.wait, progress)
    found = archive.read(settings.archive, tracing.traces)
    _show_sums(tracing, before, after, found, console)
    for table in _tables(before, after, found):
        if table.row_count:
            console.print(table)
    _show_files(settings.archive, found, console)


def _progress(console: Console) -> Progress:
    columns = TextColumn("{task.description:<28}"), BarColumn(), TextColumn("{task.completed:.0f}")
    return Progress(*columns, TimeElapsedColumn(), console=console)


def _send(settings: Settings, progress: Progress) -> Tracing:
    tracing = Tracing(settings.endpoint)
    task = progress.add_task("Agents at work: traces", total=settings.traces)
    try:
        for sent in play(tracing, settings.traces, settings.seed):
            progress.update(task, completed=sent)
    finally:
        tracing.close()
    return tracing


def _settle(daemon: Daemon, traces: int, wait: float, progress: Progress) -> Snapshot:
    """Wait until no trace is undecided and every queue is empty, or `wait` seconds are over."""
    task = progress.add_task("Traces decided, delivered", total=traces)
    end = time.monotonic() + wait
    while True:
        now = daemon.snapshot()
        undecided = now.total("winnow_tail_sampling_open_traces")
        progress.update(task, completed=max(0, traces - undecided))
        settled = not undecided and not now.total("winnow_exporter_queue_spans")
        if settled or time.monotonic() > end:
            return now
        time.sleep(_POLL)


def _show_sums(
    tracing: Tracing, before: Snapshot, after: Snapshot, found: Archived, console: Console
) -> None:
    accepted = sum(after.since(before, "winnow_receiver_accepted_spans_total").values())
    kept = f"{len(found.traces)} traces, {found.spans} spans"
    console.print(
        f"\nSent {len(tracing.traces)} traces, {tracing.spans} spans; accepted {accepted:.0f} "
        f"spans; in the archive: {kept}."
    )
    if accepted > tracing.spans or before.total("winnow_tail_sampling_open_traces"):
        console.print("The daemon had other traces as well; they are in the tables, too.")
    waiting = after.total("winnow_tail_sampling_open_traces")
    if waiting:
        console.print(f"{waiting:.0f} traces are still undecided: --wait gives them longer.")


def _tables(before: Snapshot, after: Snapshot, found: Archived) -> Iterable[Table]:
    decided = after.since(before, "winnow_tail_sampling_traces_total", "decision", "policy")
    yield _table("Traces by decision", ("decision", "policy", "traces"), decided, "{:.0f}")
    spent = after.since(before, "llm_cost_usd_total", "model")
    yield _table("Cost of all calls by model", ("model", "USD"), spent, "{:.4f}")
    users: Rows = {(user,): cost for user, cost in found.cost_by_user.items()}
    yield _table("Archived cost by user", ("user", "USD"), users, "{:.4f}")
    models: Rows = {(model,): cost for model, cost in found.cost_by_model.items()}
    yield _table("Archived cost by model", ("model", "USD"), models, "{:.4f}")
    personal = after.since(before, "pii_entities_total", "entity_type", "action")
    yield _table("Personal data found", ("type", "action", "times"), personal, "{:.0f}")


def _table(title: str, header: tuple[str, ...], rows: Rows, form: str) -> Table:
    """The largest rows, the value in the last column."""
    table = Table(*header[:-1], title=title, title_justify="left", min_width=len(title))
    table.add_column(header[-1], justify="right")
    ranked = sorted(rows.items(), key=lambda item: (-item[1], item[0]))
    for group, value in ranked[:_TOP]:
        table.add_row(*(part or "-" for part in group), form.format(value))
    if rest := ranked[_TOP:]:
        filler = [""] * (len(header) - 2)
        table.add_row(f"{len(rest)} more", *filler, form.format(sum(v for _, v in rest)))
    return table


def _show_files(directory: Path, found: Archived, console: Console) -> None:
    if found.files:
        console.print(f"The archive: {found.files} Parquet files in {directory.resolve()}")
    else:
        console.print(
            f"No archive in {directory.resolve()}: name the directory with --archive, "
            "or switch the archive exporter on."
        )
