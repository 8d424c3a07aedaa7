"""Tail sampling: keeps or drops whole traces by policies, with the Collector's YAML."""

from processors.tail_sampling.processor import TailSampling

__all__ = ["TailSampling"]
