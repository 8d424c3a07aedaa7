"""What reached the archive, read from its Parquet files as any user would."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.dataset as ds

_COLUMNS = ["trace_id", "user_id", "model", "cost_usd"]


@dataclass
class Archived:
    """The demo's part of the archive. Costs are in USD."""

    spans: int = 0
    traces: set[str] = field(default_factory=set)
    cost_by_user: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    cost_by_model: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    files: int = 0


def read(directory: Path, traces: Collection[str]) -> Archived:
    """The spans of these traces (ids as 32 hex digits); nothing where no archive is."""
    found = Archived(files=sum(1 for _ in directory.rglob("*.parquet")))
    if not found.files:
        return found
    dataset = ds.dataset(directory, format="parquet", partitioning="hive")
    table = dataset.to_table(columns=_COLUMNS, filter=pc.field("trace_id").isin(list(traces)))
    found.spans = table.num_rows
    for row in table.to_pylist():
        found.traces.add(row["trace_id"])
        if row["cost_usd"]:
            found.cost_by_user[row["user_id"]] += row["cost_usd"]
            found.cost_by_model[row["model"]] += row["cost_usd"]
    return found
