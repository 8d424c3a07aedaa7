"""Randomness: 56 bits a trace, from what came in with the span, the best key, or the trace id."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

import mmh3

from collector import Attributes, SpanRecord, Value
from collector import tracestate as ts
from processors.head_sampling.config import TRACE_ID

INCOMING = 0
"""The rank of randomness that came with the span; the configured keys follow as 1, 2, …"""


class Draw(NamedTuple):
    """The randomness of a trace, and how good the key is that it came from (0 is best)."""

    rank: int
    randomness: int


Resources: TypeAlias = "dict[int, Draw | None]"
"""What each resource of a batch offers, by the identity of its record."""


class Keys:
    """Draws by the configured attributes: the low 56 bits of the low word of MurmurHash3 x64."""

    def __init__(self, names: Sequence[str], seed: int) -> None:
        self._keys = [(rank, name) for rank, name in enumerate(names, 1) if name != TRACE_ID]
        self._seed = seed
        self.worst = len(self._keys) + 1
        """The rank of a draw by the trace id, which says the same every time."""

    def draw(self, trace_id: bytes, records: Sequence[SpanRecord], resources: Resources) -> Draw:
        """The hash of the best key on the spans or their resources, else of the trace id."""
        best: Draw | None = None
        for record in records if self._keys else ():
            found = self._of(record, resources)
            if found is not None and (best is None or found.rank < best.rank):
                best = found
                if best.rank == 1:
                    break
        return best or Draw(self.worst, self._hash(trace_id))

    def _of(self, record: SpanRecord, resources: Resources) -> Draw | None:
        own = self._first(record.attributes)
        identity = id(record.resource)
        if identity not in resources:
            resources[identity] = self._first(record.resource.attributes)
        shared = resources[identity]
        if own is None or (shared is not None and shared.rank < own.rank):
            return shared
        return own

    def _first(self, attributes: Attributes) -> Draw | None:
        values = attributes.values
        for rank, key in self._keys:
            if key in values and (text := as_key(values[key])):
                return Draw(rank, self._hash(text))
        return None

    def _hash(self, key: str | bytes) -> int:
        low, _ = mmh3.hash64(key, self._seed, signed=False)
        return low & (ts.NEVER - 1)


def as_key(value: Value) -> str:
    """A text, or a number as text, so that a user id may be one; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def drawn_before(trace_id: bytes, tracestates: Iterable[str]) -> Draw | None:
    """The best of what earlier samplers drew for the trace."""
    found = [_incoming(text, trace_id) for text in set(tracestates) if text]
    drawn = [draw for draw in found if draw is not None]
    return min(drawn, key=lambda draw: (draw.rank, -draw.randomness), default=None)


def _incoming(tracestate: str, trace_id: bytes) -> Draw | None:
    """What an earlier sampler drew; a `th` without `rv` was judged by the trace id itself."""
    ot = ts.subkeys(ts.member(tracestate, "ot"))
    randomness = ts.parse_randomness(ot.get("rv"))
    if randomness is None:
        if ts.parse_threshold(ot.get("th")) is None:
            return None
        randomness = int.from_bytes(trace_id[-7:], "big")
    rank = ts.subkeys(ts.member(tracestate, "winnow")).get("k", "")
    return Draw(int(rank) if rank.isdecimal() else INCOMING, randomness)
