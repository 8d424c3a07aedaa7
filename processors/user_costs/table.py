"""The table, to which amounts are added once each."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import NamedTuple

import orjson

from processors.user_costs.amounts import NOTHING, OTHER, Amount, Used, decode
from processors.user_costs.database import Database
from processors.user_costs.outbox import Parcel

Owner = tuple[str, str]
"""A user and an organisation."""
_REST: Owner = (OTHER, OTHER)
_MOST_OWNERS = 500
"""Owners a query: databases limit the values of a statement."""
_APPLIED = "SELECT entry FROM user_costs_applied WHERE run = ?"
_APPLY = """INSERT INTO user_costs_applied (run, entry, at) VALUES (?, ?, ?)
ON CONFLICT (run) DO UPDATE SET entry = excluded.entry, at = excluded.at"""
_COUNT = """SELECT count(*) FROM user_costs
WHERE hour = ? AND NOT (user_id = ? AND organization_id = ?)"""
_FIND = """SELECT user_id, organization_id, invocations, input_tokens, output_tokens, cost_usd,
CAST(cost_by_model AS TEXT), CAST(cost_by_feature AS TEXT) FROM user_costs
WHERE hour = ? AND (user_id, organization_id) IN (VALUES {})"""
_PUT = """INSERT INTO user_costs (hour, user_id, organization_id, invocations, input_tokens,
output_tokens, cost_usd, cost_by_model, cost_by_feature) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (hour, user_id, organization_id) DO UPDATE SET invocations = excluded.invocations,
input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
cost_usd = excluded.cost_usd, cost_by_model = excluded.cost_by_model,
cost_by_feature = excluded.cost_by_feature"""
_PRUNE = ("DELETE FROM user_costs WHERE hour < ?", "DELETE FROM user_costs_applied WHERE at < ?")


class Added(NamedTuple):
    """What adding a parcel came to."""

    rows: int
    """Rows written."""
    overflow: Mapping[str, int]
    """Calls that were put under `other`, by what there was no room for."""


@dataclass
class _Line:
    """A row while amounts are added to it."""

    used: Used = NOTHING
    models: dict[str, float] = field(default_factory=dict)
    features: dict[str, float] = field(default_factory=dict)


class Table:
    """An hourly table, in a database that holds at most so much of it."""

    def __init__(self, database: Database, max_owners: int, max_names: int) -> None:
        """`max_owners` rows an hour, and `max_names` models and features a row."""
        self._database = database
        self._max_owners, self._max_names = max_owners, max_names
        self._made = False

    def open(self) -> None:
        """Make the tables if they are not there. Raises what the database raises."""
        if not self._made:
            with self._database.writing():
                for statement in self._database.tables:
                    self._database.execute(statement)
            self._made = True

    def add(self, parcel: Parcel, now: float) -> Added:
        """Add what of the parcel was not added before: all of it, or, if this raises, nothing."""
        self.open()
        with self._database.writing():
            found = self._database.execute(_APPLIED, (parcel.run,))
            before = found[0][0] if found else 0
            payloads = [entry.payload for entry in parcel.entries if entry.id > before]
            added = self._add(amount for payload in payloads for amount in decode(payload))
            if payloads:
                last = parcel.entries[-1].id
                self._database.execute(_APPLY, (parcel.run, last, timestamp(now)))
        return added

    def prune(self, before: float) -> None:
        """Forget the hours that ended before this time, and runs that were last seen before."""
        self.open()
        with self._database.writing():
            for statement in _PRUNE:
                self._database.execute(statement, (hour_text(int(before // 3600)),))

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _add(self, amounts: Iterable[Amount]) -> Added:
        hours: dict[int, dict[Owner, list[Amount]]] = {}
        for amount in amounts:
            key = amount.key
            owners = hours.setdefault(key.hour, {})
            owners.setdefault((key.user, key.organization), []).append(amount)
        overflow: Counter[str] = Counter()
        rows = sum(self._add_hour(hour, owners, overflow) for hour, owners in hours.items())
        return Added(rows, overflow)

    def _add_hour(
        self, hour: int, owners: Mapping[Owner, Sequence[Amount]], overflow: Counter[str]
    ) -> int:
        lines = self._find(hour, [*owners, _REST])
        room = self._room(hour) if owners.keys() - lines.keys() else 0
        touched: dict[Owner, _Line] = {}
        for owner, amounts in owners.items():
            goal = owner
            if owner not in lines and owner != _REST:
                room -= 1
                if room < 0:
                    goal = _REST
                    overflow["user"] += sum(amount.used.calls for amount in amounts)
            line = touched[goal] = lines.setdefault(goal, _Line())
            for amount in amounts:
                self._add_to(line, amount, overflow)
        self._put(hour, touched)
        return len(touched)

    def _room(self, hour: int) -> int:
        ((rows,),) = self._database.execute(_COUNT, (hour_text(hour), *_REST))
        return self._max_owners - int(rows)

    def _add_to(self, line: _Line, amount: Amount, overflow: Counter[str]) -> None:
        key, used = amount
        line.used = line.used.plus(used)
        for what, costs, name in (
            ("model", line.models, key.model),
            ("feature", line.features, key.feature),
        ):
            goal = name
            if name not in costs and len(costs) >= self._max_names:
                goal = OTHER
                overflow[what] += used.calls
            costs[goal] = costs.get(goal, 0.0) + used.cost

    def _find(self, hour: int, owners: Sequence[Owner]) -> dict[Owner, _Line]:
        lines: dict[Owner, _Line] = {}
        rest = iter(owners)
        while some := list(islice(rest, _MOST_OWNERS)):
            sql = _FIND.format(", ".join(["(?, ?)"] * len(some)))
            values = [hour_text(hour), *(part for owner in some for part in owner)]
            for user, organization, *used, models, features in self._database.execute(sql, values):
                lines[user, organization] = _Line(
                    Used(*used), orjson.loads(models), orjson.loads(features)
                )
        return lines

    def _put(self, hour: int, lines: Mapping[Owner, _Line]) -> None:
        rows = [
            (
                *(hour_text(hour), *owner, *line.used),
                orjson.dumps(line.models).decode(),
                orjson.dumps(line.features).decode(),
            )
            for owner, line in lines.items()
        ]
        self._database.execute_many(_PUT, rows)


def timestamp(seconds: float) -> str:
    """A time as both databases understand and order it: `2025-06-15T15:06:40Z`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%SZ}"


def hour_text(hour: int) -> str:
    """The beginning of an hour, counted since the Unix epoch."""
    return timestamp(hour * 3600)
