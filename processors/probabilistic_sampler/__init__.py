"""Probabilistic sampling: the Collector's `probabilistic_sampler`, decision by decision."""

from processors.probabilistic_sampler.processor import ProbabilisticSampler

__all__ = ["ProbabilisticSampler"]
