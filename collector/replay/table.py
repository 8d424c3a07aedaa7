"""The comparison as a table for people."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from collector.replay.comparison import GB, Comparison, Share, total

_UNNAMED = "(no policy named)"
_HEADINGS = ("traces", "spans", "bytes", "USD/month")
_Cells = Sequence[str]


def lines(comparison: Comparison, usd_per_gb_month: float) -> Iterator[str]:
    """The table, and below it what must be known to read it."""
    sides = (dict.fromkeys(comparison.policies, Share()) | comparison.kept, comparison.then)
    names = dict.fromkeys([*sides[0], *sides[1]])
    rows = [
        _row(name or _UNNAMED, [s.get(name) for s in sides], usd_per_gb_month) for name in names
    ]
    rows.append(_row("in all", [total(side) for side in sides], usd_per_gb_month))
    for name, share in sorted(comparison.dropped.items()):
        rows.append(_row(f"not kept: {name}", [share, None], usd_per_gb_month))
    yield from _aligned([("policy", *_HEADINGS, *_HEADINGS), *rows])
    yield ""
    yield from _notes(comparison, usd_per_gb_month)


def _row(name: str, shares: Sequence[Share | None], usd_per_gb_month: float) -> _Cells:
    cells = [name]
    for share in shares:
        cells += _cells(share, usd_per_gb_month) if share else [""] * len(_HEADINGS)
    return cells


def _cells(share: Share, usd_per_gb_month: float) -> _Cells:
    usd = share.stored_bytes / GB * usd_per_gb_month
    counts = (share.traces, share.spans, round(share.stored_bytes))
    return [*(f"{count:,}" for count in counts), _usd(usd)]


def _usd(amount: float) -> str:
    """Cents, or two digits of what is less."""
    zeros = -math.floor(math.log10(amount)) if 0 < amount < 1 else 1
    return f"{amount:,.{max(2, zeros + 1)}f}"


def _aligned(rows: Sequence[_Cells]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[1 + len(_HEADINGS)] += 3  # a gap between then and now
    side = sum(widths[1 : 1 + len(_HEADINGS)]) + 2 * len(_HEADINGS)
    yield f"{'':{widths[0]}}{'would be kept':>{side}}{'was kept then':>{_rest(widths)}}".rstrip()
    for first, *others in rows:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield "  ".join([f"{first:{widths[0]}}", *cells]).rstrip()


def _rest(widths: Sequence[int]) -> int:
    return sum(widths[1 + len(_HEADINGS) :]) + 2 * len(_HEADINGS)


def _notes(comparison: Comparison, usd_per_gb_month: float) -> Iterator[str]:
    yield (
        f"The traces ended between {_time(comparison.first)} and {_time(comparison.last)}. "
        f"USD/month: storage at {usd_per_gb_month:g} USD a GB-month."
    )
    if comparison.duplicates:
        yield f"{comparison.duplicates:,} spans were there twice, and are counted once."
    yield (
        "Only what was kept then can be read now: policies that are looser than those of then "
        "keep more than is shown here."
    )
    for policy, traces, enough in comparison.unready:
        yield (
            f"{policy}: {traces:,} of {total(comparison.then).traces:,} traces were judged without "
            f"a percentile, before there were {enough:,} samples (min_samples)."
        )
    if comparison.estimates:
        yield from _estimates(comparison.kept, comparison.then, usd_per_gb_month)
        if comparison.uncounted:
            yield (
                f"{comparison.uncounted:,} traces carry no threshold (th): they stand for "
                "themselves only, so there were more."
            )


def _estimates(
    kept: Mapping[str, Share], then: Mapping[str, Share], usd_per_gb_month: float
) -> Iterator[str]:
    now, before = total(kept), total(then)
    usd = now.estimated_bytes / GB * usd_per_gb_month
    yield (
        f"Estimate: by their thresholds (th) the traces stand for about "
        f"{before.estimated_traces:,.0f}; of these about {now.estimated_traces:,.0f} would be "
        f"kept, for {_usd(usd)} USD/month."
    )


def _time(nanoseconds: int) -> str:
    return f"{datetime.fromtimestamp(nanoseconds // 10**9, UTC):%Y-%m-%d %H:%M:%S} UTC"
