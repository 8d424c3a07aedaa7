"""What model calls add up to, on their way from a batch to the table."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

OTHER = "other"
"""Who and what is counted together because there is no room to tell it apart."""
_MOST_TOKENS = 2**63 - 1
"""What an SQL BIGINT holds."""


class Key(NamedTuple):
    """What calls have in common that are added up."""

    hour: int
    """Hours since the Unix epoch."""
    user: str
    organization: str
    model: str
    feature: str


class Used(NamedTuple):
    """What calls took."""

    calls: int
    input: int
    output: int
    cost: float
    """USD"""

    def plus(self, other: "Used") -> "Used":
        """The sum, as far as the table can hold it."""
        return Used(
            min(self.calls + other.calls, _MOST_TOKENS),
            min(self.input + other.input, _MOST_TOKENS),
            min(self.output + other.output, _MOST_TOKENS),
            self.cost + other.cost,
        )


NOTHING = Used(0, 0, 0, 0.0)


class Amount(NamedTuple):
    """What the calls of one key took."""

    key: Key
    used: Used


def summed(amounts: Iterable[Amount]) -> list[Amount]:
    """One amount a key."""
    sums: dict[Key, Used] = {}
    for key, used in amounts:
        sums[key] = sums[key].plus(used) if key in sums else used
    return [Amount(key, used) for key, used in sums.items()]


def encode(amounts: Sequence[Amount]) -> bytes:
    """As the outbox keeps them: JSON."""
    return orjson.dumps([[*key, *used] for key, used in amounts])


def decode(payload: bytes) -> Iterator[Amount]:
    """What `encode` was given."""
    for values in orjson.loads(payload):
        yield Amount(Key(*values[:5]), Used(*values[5:]))
