"""The policy that keeps a share of all traces."""

from fractions import Fraction

from pydantic import Field

from collector import ConfigModel
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.summary import Summary

_FNV_OFFSET = 0xCBF29CE484222325
_FNV_PRIME = 0x100000001B3
_64_BITS = 0xFFFFFFFFFFFFFFFF


def fnv1a_64(data: bytes, state: int = _FNV_OFFSET) -> int:
    """The 64-bit FNV-1a hash of `data`, going on from `state`."""
    for byte in data:
        state = ((state ^ byte) * _FNV_PRIME) & _64_BITS
    return state


class ProbabilisticSettings(ConfigModel):
    """How large a share."""

    hash_salt: str = ""
    """Another salt keeps other traces. Empty is the Collector's own, `default-hash-seed`."""
    sampling_percentage: float = Field(default=0.0, ge=0)
    """In percent of the traces; 100 and more is all of them."""


class Probabilistic(Policy[ProbabilisticSettings]):
    """Keeps a share of all traces: the same ones as the Collector's policy of this name."""

    Settings = ProbabilisticSettings
    weight = Weight.UNKNOWN
    lasting = True

    def __init__(self, settings: ProbabilisticSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        salt = settings.hash_salt or "default-hash-seed"
        self._salted = fnv1a_64(salt.encode())
        share = Fraction(settings.sampling_percentage / 100)
        self._none = share <= 0
        self._threshold = min(_64_BITS, int(share * _64_BITS))

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the trace id hashes low enough."""
        if self._none:
            return Verdict.NOT_SAMPLED
        return Verdict.of(fnv1a_64(summary.trace_id, self._salted) <= self._threshold)
