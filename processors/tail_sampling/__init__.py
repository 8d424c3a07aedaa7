"""Tail sampling: keeps or drops whole traces by policies, with the Collector's YAML."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from processors.tail_sampling.processor import TailSampling

__all__ = ["TailSampling"]


def __getattr__(name: str) -> Any:
    """The component, imported when it is asked for: it imports the policies of other
    distributions, and these import the base of policies from here.
    """
    if name == "TailSampling":
        from processors.tail_sampling.processor import TailSampling

        return TailSampling
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
