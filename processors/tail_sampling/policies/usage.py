"""Policies on what the model calls of a trace cost and used together."""

from collections.abc import Iterable
from typing import Literal, Self

from pydantic import Field, model_validator

from processors.tail_sampling.grouping import Group, TraceGroups
from processors.tail_sampling.policies.base import Setup
from processors.tail_sampling.policies.percentile import PercentilePolicy, WindowSettings
from processors.tail_sampling.summary import Summary

_NANO = 1_000_000_000


class CostSettings(WindowSettings):
    """What is dear: by a fixed amount, by a live percentile, or by either."""

    min_usd: float | None = Field(default=None, ge=0)
    """USD that a trace's model calls cost together, at least."""
    percentile: float | None = Field(default=None, gt=0, lt=100)
    """Dearer than this percentile of the window is dear, too."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if self.min_usd is None and self.percentile is None:
            raise ValueError("give min_usd, percentile or both")
        return self


class Cost(PercentilePolicy[CostSettings]):
    """Keeps dear traces, by what the `cost` processor wrote on their model calls.

    Traces without a known cost are never dear, and no samples.
    """

    Settings = CostSettings

    def __init__(self, settings: CostSettings, setup: Setup) -> None:
        super().__init__(settings, setup, settings.percentile)
        self._groups = TraceGroups(settings.group_by if settings.percentile else (), setup)

    def certain(self, summary: Summary) -> bool:
        """Whether the calls with a known cost add up to the fixed amount."""
        least = self.settings.min_usd
        cost = None if least is None else _cost(summary)
        return least is not None and cost is not None and cost >= least

    def samples(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        """The cost of the trace, in 10^-9 USD."""
        cost = _cost(summary)
        return () if cost is None else ((self._groups.of(summary), round(cost * _NANO)),)


def _cost(summary: Summary) -> float | None:
    return summary.totals().get("winnow.trace.cost")


class TokensSettings(WindowSettings):
    """How many tokens a trace's model calls use together, bounds included.

    All bounds that are given must hold, or else the percentile be exceeded.
    """

    min_total: int | None = Field(default=None, ge=0)
    """At least so many input and output tokens."""
    max_total: int | None = Field(default=None, ge=0)
    """At most so many input and output tokens."""
    min_input: int | None = Field(default=None, ge=0)
    """At least so many input tokens."""
    max_input: int | None = Field(default=None, ge=0)
    """At most so many input tokens."""
    min_output: int | None = Field(default=None, ge=0)
    """At least so many output tokens."""
    max_output: int | None = Field(default=None, ge=0)
    """At most so many output tokens."""
    percentile: float | None = Field(default=None, gt=0, lt=100)
    """More than this percentile of the window is kept, too."""
    of: Literal["total", "input", "output"] = "total"
    """Which tokens the percentile is of."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if not any(_bounds(self)) and self.percentile is None:
            raise ValueError("give a bound such as min_total, or percentile")
        for kind, low, high in _bounds(self):
            if low is not None and high is not None and low > high:
                raise ValueError(f"max_{kind} is below min_{kind}: no trace can match")
        return self


def _bounds(settings: TokensSettings) -> list[tuple[str, int | None, int | None]]:
    """The kinds of tokens that have bounds, with these."""
    every = [
        ("total", settings.min_total, settings.max_total),
        ("input", settings.min_input, settings.max_input),
        ("output", settings.min_output, settings.max_output),
    ]
    return [bound for bound in every if bound[1:] != (None, None)]


class Tokens(PercentilePolicy[TokensSettings]):
    """Keeps traces by the tokens of their model calls; never those without a call."""

    Settings = TokensSettings

    def __init__(self, settings: TokensSettings, setup: Setup) -> None:
        super().__init__(settings, setup, settings.percentile)
        self._groups = TraceGroups(settings.group_by if settings.percentile else (), setup)
        self._bounds = _bounds(settings)

    def certain(self, summary: Summary) -> bool:
        """Whether all bounds hold."""
        used = _tokens(summary) if self._bounds else {}
        return bool(used) and all(
            (low is None or used[kind] >= low) and (high is None or used[kind] <= high)
            for kind, low, high in self._bounds
        )

    def samples(self, summary: Summary) -> Iterable[tuple[Group, int]]:
        """The tokens of the trace."""
        used = _tokens(summary)
        return ((self._groups.of(summary), used[self.settings.of]),) if used else ()


def _tokens(summary: Summary) -> dict[str, int]:
    """The tokens by kind; empty for a trace without model calls."""
    totals = summary.totals()
    if not totals.get("winnow.trace.llm_calls"):
        return {}
    used = {kind: int(totals[f"winnow.trace.{kind}_tokens"]) for kind in ("input", "output")}
    return used | {"total": sum(used.values())}
