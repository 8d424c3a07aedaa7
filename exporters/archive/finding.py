"""Traces of an archive by what their spans say. Imports pyarrow: import this on first use only."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from collector.model_calls import MODEL_CALLS

Order: TypeAlias = Literal["latest", "slowest", "dearest"]
COLUMNS = (
    *("trace_id", "span_id", "parent_span_id", "name", "start_time", "end_time"),
    *("status_code", "operation", "cost_usd"),
)
"""What is read of a span to sum its trace up."""
_SPAN = ["trace_id", "span_id"]
_SUMS = [
    *[("start_time", "min"), ("end_time", "max"), ("span_id", "count")],
    *[("failed", "sum"), ("cost", "sum"), ("name", "first")],
]
_ORDERS: dict[Order, str] = {"latest": "begin", "slowest": "took", "dearest": "cost"}


class FoundTrace(NamedTuple):
    """A trace, as far as it was read."""

    trace_id: str
    begin: int
    """Nanoseconds since the Unix epoch."""
    took: int
    """Nanoseconds."""
    spans: int
    failed: int
    """How many of the spans failed."""
    cost: float
    """USD, of its model calls."""
    name: str
    """That of its root, or else of the span that began first."""


def matching(spans: pa.Table, wanted: Mapping[str, Any]) -> pa.Array:
    """The ids of the traces with a span that has each value of `wanted`, by column."""
    for column, value in wanted.items():
        spans = spans.filter(pc.equal(spans.column(column), value))
    return spans.column("trace_id").unique()


def sum_up(spans: pa.Table) -> pa.Table:
    """A row a trace, named as `FoundTrace`; a span that was written twice counts once.

    `spans` has `COLUMNS`, with times as numbers.
    """
    below = pc.is_valid(spans.column("parent_span_id"))
    ordered = spans.append_column("below", below).sort_by(
        [("below", "ascending"), ("start_time", "ascending")]
    )
    others = [name for name in COLUMNS if name not in _SPAN]
    once = ordered.group_by(_SPAN, use_threads=False).aggregate([(c, "first") for c in others])
    once = once.rename_columns([name.removesuffix("_first") for name in once.column_names])
    sums = _with_numbers(once).group_by("trace_id", use_threads=False).aggregate(_SUMS)
    begin, end = sums.column("start_time_min"), sums.column("end_time_max")
    columns = (
        *(sums.column("trace_id"), begin, pc.subtract(end, begin), sums.column("span_id_count")),
        *(sums.column("failed_sum"), sums.column("cost_sum"), sums.column("name_first")),
    )
    return pa.table(dict(zip(FoundTrace._fields, columns, strict=True)))


def first(traces: pa.Table, order: Order, most: int) -> list[FoundTrace]:
    """The first `most` of the rows that `sum_up` gave."""
    ordered = traces.sort_by([(_ORDERS[order], "descending"), ("trace_id", "ascending")])
    return [FoundTrace(**row) for row in ordered.slice(0, most).to_pylist()]


def _with_numbers(spans: pa.Table) -> pa.Table:
    """With what is to be added up: failures, and what model calls cost."""
    failed = pc.equal(spans.column("status_code"), "ERROR").cast(pa.int64())
    billed = pc.is_in(spans.column("operation"), pa.array(sorted(MODEL_CALLS)))
    cost = pc.if_else(billed, pc.fill_null(spans.column("cost_usd"), 0.0), 0.0)
    return spans.append_column("failed", failed).append_column("cost", cost)
