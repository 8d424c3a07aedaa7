"""What a decision writes into the tracestate of its spans."""

from collections.abc import Sequence

from collector import SpanRecord
from collector import tracestate as ts
from processors.head_sampling.draws import Draw
from processors.head_sampling.shares import Share


def write(
    records: Sequence[SpanRecord],
    tracestates: Sequence[str],
    draw: Draw,
    share: Share,
    private: bool,
) -> None:
    """Mark the spans of a trace, whose tracestates are these; none where all are empty.

    `private` is whether `tail_sampling` is told more than others are.
    """
    if not tracestates:  # most traces
        new = _new(draw, share, private)
        for record in records:
            record.span.trace_state = new
        return
    after = {before: _after(before, draw, share, private) for before in set(tracestates)}
    for record, before in zip(records, tracestates, strict=True):
        record.span.trace_state = after[before]


def _new(draw: Draw, share: Share, private: bool) -> str:
    th = f";th:{share.th}" if draw.randomness >= share.threshold else ""
    member = f",winnow=k:{draw.rank}{share.private}" if private else ""
    return f"ot=rv:{draw.randomness:014x}{th}{member}"


def _after(before: str, draw: Draw, share: Share, private: bool) -> str:
    """A span's tracestate with this decision in it; an earlier `th` is never lowered."""
    ot = ts.subkeys(ts.member(before, "ot"))
    earlier = _earlier_threshold(ot.pop("th", None), ts.member(before, "winnow"), draw)
    ot["rv"] = ts.format_randomness(draw.randomness)
    if draw.randomness >= share.threshold:
        ot["th"] = ts.format_threshold(max(share.threshold, earlier or 0))
    after = before
    if private:
        t = "" if earlier is None else f";t:{ts.format_threshold(earlier)}"
        after = ts.with_member(after, "winnow", f"k:{draw.rank}{share.private}{t}")
    return ts.with_member(after, "ot", ts.join_subkeys(ot))


def _earlier_threshold(th: str | None, private: str, draw: Draw) -> int | None:
    """The threshold that spans were dropped by before; None for none, or one not kept to.

    A deferred `th` next to a `winnow` member has dropped nothing yet.
    """
    threshold = ts.parse_threshold(ts.subkeys(private).get("t") if private else th)
    return threshold if threshold is not None and threshold <= draw.randomness else None
