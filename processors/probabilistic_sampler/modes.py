"""The Collector's sampler modes: where randomness comes from, and what it is compared with.

Source: contrib `processor/probabilisticsamplerprocessor`, v0.164.1 (`sampler_mode.go`,
`tracesprocessor.go`, `fnvhasher.go`).
"""

from typing import NamedTuple, Protocol

from collector import tracestate as ts
from processors.probabilistic_sampler.carrier import Carrier
from processors.probabilistic_sampler.config import ProbabilisticSamplerConfig, single_precision

ALWAYS = 0
_HIGHEST = ts.NEVER - 1
_BUCKET_BITS = 14
_BUCKETS = 1 << _BUCKET_BITS
_FNV_OFFSET, _FNV_PRIME = 0x811C9DC5, 0x01000193

TRACE_ID_HASH = "trace_id_hash"
TRACE_ID = "trace_id_w3c"
RANDOMNESS = "sampling_randomness"
PRIORITY = "sampling_priority"
MISSING = "missing_randomness"


class Evidence(NamedTuple):
    """What a span is judged by."""

    randomness: int
    policy: str
    """Where the randomness comes from, as the Collector's metric calls it."""
    carrier: Carrier | None
    """What is written back if the span is kept; None leaves the tracestate as it is."""
    sound: bool
    """Whether the span can be judged; `fail_closed` decides otherwise."""


class Mode(Protocol):
    """A way to sample."""

    def evidence(self, trace_id: bytes, tracestate: str) -> Evidence:
        """What there is on a span of this trace with this tracestate."""
        ...

    def threshold(self, carrier: Carrier | None) -> int:
        """The span is kept if its randomness is not below this."""
        ...


class Never:
    """Keeps nothing, unless `sampling.priority` or an error says so."""

    def evidence(self, trace_id: bytes, tracestate: str) -> Evidence:  # noqa: ARG002
        """Randomness that needs no trace id: it is not asked for."""
        carrier = Carrier(tracestate)
        return Evidence(_HIGHEST, PRIORITY, carrier, not carrier.malformed)

    def threshold(self, carrier: Carrier | None) -> int:  # noqa: ARG002
        """What no randomness reaches."""
        return ts.NEVER


class HashSeed:
    """FNV-1a of seed and trace id, in 16384 buckets."""

    def __init__(self, seed: int, kept_buckets: int) -> None:
        self._state = fnv1a_32(seed.to_bytes(4, "little"))
        self._threshold = (_BUCKETS - kept_buckets) << ts.RANDOMNESS_BITS - _BUCKET_BITS

    def evidence(self, trace_id: bytes, tracestate: str) -> Evidence:
        """The hash, made into randomness that samplers further on agree with.

        Incoming randomness or an incoming threshold is an error: they are for the other modes.
        """
        carrier = Carrier(tracestate)
        missing = not any(trace_id)
        policy = MISSING if missing else TRACE_ID_HASH
        randomness = _HIGHEST if missing else self._randomness(trace_id)
        in_use = carrier.randomness is not None or carrier.threshold is not None
        if carrier.malformed or in_use:
            return Evidence(randomness, policy, None, sound=False)
        carrier.set_randomness(randomness)
        return Evidence(randomness, policy, carrier, not missing)

    def threshold(self, carrier: Carrier | None) -> int:  # noqa: ARG002
        """The configured one."""
        return self._threshold

    def _randomness(self, trace_id: bytes) -> int:
        hashed = fnv1a_32(trace_id, self._state)
        bucket, unused = hashed % _BUCKETS, hashed >> 32 - _BUCKET_BITS
        mixed = unused ^ unused << 10
        return (_BUCKETS - 1 - bucket) << 42 | mixed << _BUCKET_BITS | bucket


class Consistent:
    """Randomness as OpenTelemetry specifies it: `rv`, else the last 56 bits of the trace id."""

    def evidence(self, trace_id: bytes, tracestate: str) -> Evidence:
        """The randomness; an incoming threshold above it is an error, and is cleared."""
        carrier = Carrier(tracestate)
        if carrier.malformed:
            return Evidence(_HIGHEST, MISSING, None, sound=False)
        if carrier.randomness is not None:
            randomness, policy = carrier.randomness, RANDOMNESS
        elif any(trace_id):
            randomness, policy = int.from_bytes(trace_id[-7:], "big"), TRACE_ID
        else:
            return Evidence(_HIGHEST, MISSING, carrier, sound=False)
        sound = carrier.threshold is None or carrier.threshold <= randomness
        if not sound:
            carrier.clear_threshold()
        return Evidence(randomness, policy, carrier, sound)


class Equalizing(Consistent):
    """Raises thresholds to one that all spans have then."""

    def __init__(self, ratio: float, precision: int) -> None:
        self._threshold = ts.threshold_for(ratio, precision)

    def threshold(self, carrier: Carrier | None) -> int:
        """The configured one, or the span's own if that is higher."""
        earlier = carrier.threshold if carrier is not None else None
        return max(self._threshold, earlier or ALWAYS)


class Proportional(Consistent):
    """Multiplies the probability that a span came with."""

    def __init__(self, ratio: float, precision: int) -> None:
        self._ratio, self._precision = ratio, precision

    def threshold(self, carrier: Carrier | None) -> int:
        """That of the product."""
        earlier = carrier.threshold if carrier is not None else None
        incoming = (ts.NEVER - (earlier or ALWAYS)) / ts.NEVER
        return ts.threshold_for(incoming * self._ratio, self._precision)


def mode_of(config: ProbabilisticSamplerConfig) -> Mode:
    """The mode that the configuration asks for."""
    percentage = single_precision(min(config.sampling_percentage, 100.0))
    if percentage == 0:
        return Never()
    if config.mode == "equalizing":
        return Equalizing(percentage / 100, config.sampling_precision)
    if config.mode == "proportional":
        return Proportional(percentage / 100, config.sampling_precision)
    # The Collector multiplies in 32 bits and cuts off what is left.
    kept = int(single_precision(percentage * single_precision(_BUCKETS / 100)))
    return HashSeed(config.hash_seed, kept) if kept else Never()


def fnv1a_32(data: bytes, state: int = _FNV_OFFSET) -> int:
    """The 32-bit FNV-1a hash of `data`, going on from `state`."""
    for byte in data:
        state = ((state ^ byte) * _FNV_PRIME) & 0xFFFFFFFF
    return state
