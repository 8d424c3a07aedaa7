"""The policies of the tail sampler, and what it takes to write another one."""

from processors.tail_sampling.policies.base import (
    EmptySettings,
    Observer,
    Policy,
    Setup,
    Verdict,
    Weight,
)
from processors.tail_sampling.summary import Summary

__all__ = ["EmptySettings", "Observer", "Policy", "Setup", "Summary", "Verdict", "Weight"]
