"""What one model call adds to the table, in values that any database can take."""

import math
from collections import Counter

from collector import SpanRecord
from collector.model_calls import model_call
from processors.user_costs.amounts import OTHER, Amount, Key, Used
from processors.user_costs.origins import Origins

_LONGEST = 256
"""Characters of an id or name; longer ones are counted as `other`."""
_MOST_USD = 1e9
"""More than this no single call costs."""
HOUR = 3600 * 10**9
"""In nanoseconds."""


def read(record: SpanRecord, origins: Origins, now: int, results: Counter[str]) -> Amount:
    """The amount of one call. `now` is in nanoseconds; `results["length"]` counts long names."""
    call = model_call(record.attributes)
    origin = origins.of(record)
    texts = (origin.user, origin.organization, call.asked or call.answered, origin.feature)
    if any(len(text) > _LONGEST for text in texts):
        results["length"] += 1
    began = record.span.start_time_unix_nano
    # A clock that runs an hour ahead is wrong, and would make hours that nothing prunes.
    hour = (began if 0 < began <= now + HOUR else now) // HOUR
    tokens = (call.usage.input, call.usage.output) if call.usage else (0, 0)
    return Amount(Key(hour, *map(_bounded, texts)), Used(1, *tokens, _cost(call.cost)))


def _bounded(text: str) -> str:
    """As a database can take it: PostgreSQL refuses NUL."""
    return OTHER if len(text) > _LONGEST else text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _cost(cost: float | None) -> float:
    return cost if cost is not None and math.isfinite(cost) and 0 < cost <= _MOST_USD else 0.0
