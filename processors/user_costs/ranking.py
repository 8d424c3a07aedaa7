"""Who spends most, by the table."""

from typing import Literal, NamedTuple

from processors.user_costs.amounts import Used
from processors.user_costs.database import Database
from processors.user_costs.table import hour_text

By = Literal["user", "organization", "model", "feature"]
# Numbers of this kind do not overflow, and both databases give them back as floats.
_SUM = "sum(CAST({} AS DOUBLE PRECISION))"
_SUMS = ", ".join(map(_SUM.format, ("invocations", "input_tokens", "output_tokens", "cost_usd")))
_OWNERS = """SELECT {name}, {sums} FROM user_costs
WHERE hour >= ? GROUP BY 1 ORDER BY 5 DESC, 1 LIMIT ?"""
_NAMES = """SELECT key, {sum} FROM user_costs, {each} AS costs
WHERE hour >= ? GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?"""


class Spender(NamedTuple):
    """Who spent, or what was spent on. Models and features are known by their cost alone."""

    name: str
    used: Used | None
    cost: float
    """USD"""


def top(database: Database, by: By, since: float, most: int) -> list[Spender]:
    """Who spent most, from the hour on in which `since` (Unix time) was."""
    values = (hour_text(int(since // 3600)), most)
    if by in {"user", "organization"}:
        rows = database.execute(_OWNERS.format(name=f"{by}_id", sums=_SUMS), values)
        return [
            Spender(name, Used(int(calls), int(tokens_in), int(tokens_out), cost), cost)
            for name, calls, tokens_in, tokens_out, cost in rows
        ]
    each = database.each.format(f"cost_by_{by}")
    rows = database.execute(_NAMES.format(sum=_SUM.format("value"), each=each), values)
    return [Spender(name, None, cost) for name, cost in rows]
