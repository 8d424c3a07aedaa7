"""The results as a Markdown table, a line as soon as it is measured."""

from collections.abc import Iterable, Iterator

from benchmarks.measure import Result
from benchmarks.probe import PATHS

HEADER = (
    f"{'target':>16}",
    "spans/request",
    "CPU µs/span",
    "/ floor",
    f"{'spans/s':>8}",
    "idle MiB",
    "peak MiB",
    "ack p50 ms",
    "ack p99 ms",
    "refused",
    "delivered",
    *(f"{path} ms" for path in PATHS),
)


def table(results: Iterable[Result]) -> Iterator[str]:
    """The lines; each ratio is to the floor that was loaded in turns with the target."""
    yield _line(HEADER)
    yield "|" + "|".join(f"{'-' * (len(title) + 1)}:" for title in HEADER) + "|"
    for result in results:
        yield _line(_row(result))


def failures(results: Iterable[Result]) -> list[str]:
    """One line for each result that had errors."""
    return [f"{r.name} at {r.shape}: {r.errors}" for r in results if r.errors]


def _row(result: Result) -> tuple[str, ...]:
    return (
        result.name,
        str(result.shape),
        f"{result.cpu_us:.2f}",
        f"{result.cpu_us / result.floor_us:.1f}",
        f"{result.spans_per_second:,.0f}",
        f"{result.idle_mib:.0f}",
        f"{result.peak_mib:.0f}",
        f"{result.p50_ms:.1f}",
        f"{result.p99_ms:.1f}",
        str(result.refused),
        f"{result.delivered:.1%}" if result.delivered else "-",
        *(f"{result.worst[p] * 1e3:.0f}" if p in result.worst else "-" for p in PATHS),
    )


def _line(cells: tuple[str, ...]) -> str:
    padded = (cell.rjust(len(title)) for cell, title in zip(cells, HEADER, strict=True))
    return "| " + " | ".join(padded) + " |"
