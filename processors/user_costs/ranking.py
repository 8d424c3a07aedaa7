"""Who spends most, by the table."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from processors.user_costs.amounts import NOTHING, Used
from processors.user_costs.database import Database, Row
from processors.user_costs.table import hour_text

By = Literal["user", "organization", "model", "feature"]
# Numbers of this kind do not overflow, and both databases give them back as floats.
_SUM = "sum(CAST({} AS DOUBLE PRECISION))"
_COLUMNS = ("invocations", "input_tokens", "output_tokens", "cost_usd")
# The windows stand for all groups, also for those beyond the limit.
_OWNERS = """SELECT {name}, {sums}, count(*) OVER (), {totals} FROM user_costs
WHERE hour >= ? GROUP BY 1 ORDER BY 5 DESC, 1 LIMIT ?"""
_NAMES = """SELECT key, {sums}, count(*) OVER (), {totals} FROM user_costs, {each} AS costs
WHERE hour >= ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"""


class Spender(NamedTuple):
    """Who spent, or what was spent on. Models and features are known by their cost alone."""

    name: str
    used: Used | None
    cost: float
    """USD"""


class Ranking(NamedTuple):
    """Who spent most, and what everybody did."""

    spenders: list[Spender]
    """The first of them."""
    number: int
    """How many there are."""
    used: Used | None
    """What all of them took, as far as their kind tells."""
    cost: float
    """What all of them cost, in USD."""


def top(database: Database, by: By, since: float, most: int) -> Ranking:
    """Who spent most, from the hour on in which `since` (Unix time) was."""
    values = (hour_text(int(since // 3600)), most)
    if by in {"user", "organization"}:
        sql = _OWNERS.format(name=f"{by}_id", **_sums(_COLUMNS))
        return _ranking(database.execute(sql, values), len(_COLUMNS))
    each = database.each.format(f"cost_by_{by}")
    sql = _NAMES.format(each=each, **_sums(("value",)))
    return _ranking(database.execute(sql, values), 1)


def _sums(columns: Sequence[str]) -> dict[str, str]:
    sums = [_SUM.format(column) for column in columns]
    return {"sums": ", ".join(sums), "totals": ", ".join(f"sum({one}) OVER ()" for one in sums)}


def _ranking(rows: Sequence[Row], width: int) -> Ranking:
    """From rows of a name, `width` sums, the number of names, and as many sums over all."""
    spenders = [Spender(row[0], *_amounts(row[1 : 1 + width])) for row in rows]
    if not rows:
        return Ranking([], 0, NOTHING if width > 1 else None, 0.0)
    return Ranking(spenders, rows[0][1 + width], *_amounts(rows[0][2 + width :]))


def _amounts(sums: Row) -> tuple[Used | None, float]:
    """What was used, and the cost, which stands last."""
    if len(sums) == 1:
        return None, sums[0]
    calls, tokens_in, tokens_out, cost = sums
    return Used(int(calls), int(tokens_in), int(tokens_out), cost), cost
