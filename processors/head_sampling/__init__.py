"""Head sampling: the same user, session or trace is in the sample everywhere and every time."""

from processors.head_sampling.processor import HeadSampling

__all__ = ["HeadSampling"]
