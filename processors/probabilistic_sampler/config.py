"""Settings of `probabilistic_sampler`, as in the Collector."""

import struct
from typing import Literal

from pydantic import Field, field_validator

from collector import ComponentConfig
from collector import tracestate as ts


class ProbabilisticSamplerConfig(ComponentConfig):
    """A share of the traces, by their id or by the randomness that they carry."""

    mode: Literal["hash_seed", "proportional", "equalizing"] = "hash_seed"
    """`hash_seed` hashes the trace id, and is for spans that carry neither `th` nor `rv`;
    `proportional` keeps this share of what comes; `equalizing` keeps this share of what there was
    before earlier samplers, whose `th` the spans carry."""
    sampling_percentage: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How much is kept, in percent; 100 and more is everything. Read as a 32-bit float."""
    hash_seed: int = Field(default=0, ge=0, le=0xFFFFFFFF)
    """Another seed keeps other traces, in mode `hash_seed`."""
    fail_closed: bool = True
    """Whether a span that cannot be judged (no trace id, a malformed tracestate, a threshold that
    its randomness contradicts) is dropped; it is kept otherwise."""
    sampling_precision: int = Field(default=4, ge=1, le=14)
    """Significant hex digits of the threshold, in the modes other than `hash_seed`."""

    @field_validator("sampling_percentage")
    @classmethod
    def _can_be_written(cls, percentage: float) -> float:
        single = single_precision(min(percentage, 100.0))
        if percentage > 0 and single / 100 < 1 / ts.NEVER:
            raise ValueError("this is less than 1 in 2^56: use 0, or a larger percentage")
        return percentage


def single_precision(number: float) -> float:
    """The 32-bit float next to a number."""
    return float(struct.unpack("f", struct.pack("f", number))[0])
