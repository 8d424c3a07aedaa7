"""Policies on what every span says: its status, its number, its tracestate."""

from typing import Literal

from pydantic import Field

from collector import ConfigModel
from collector import tracestate as ts
from processors.tail_sampling.policies.base import EmptySettings, Policy, Setup, Verdict, Weight
from processors.tail_sampling.summary import Summary

_CODES = {"UNSET": 0, "OK": 1, "ERROR": 2}


class AlwaysSample(Policy[EmptySettings]):
    """Keeps every trace."""

    lasting = True

    def decide(self, summary: Summary) -> Verdict:  # noqa: ARG002
        """Always sampled."""
        return Verdict.SAMPLED


class StatusCodeSettings(ConfigModel):
    """Which status codes to look for."""

    status_codes: list[Literal["OK", "ERROR", "UNSET"]] = Field(min_length=1)
    """A trace is kept if one of its spans has one of these."""


class StatusCode(Policy[StatusCodeSettings]):
    """Keeps traces with a span of the given status."""

    Settings = StatusCodeSettings
    lasting = True

    def __init__(self, settings: StatusCodeSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._wanted = sum(1 << _CODES[code] for code in set(settings.status_codes))

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if a wanted status was seen."""
        return Verdict.of(bool(summary.statuses & self._wanted))


class SpanCountSettings(ConfigModel):
    """How many spans, bounds included."""

    min_spans: int = Field(default=0, ge=0)
    """At least so many."""
    max_spans: int = Field(default=0, ge=0)
    """At most so many; 0 is no bound."""


class SpanCount(Policy[SpanCountSettings]):
    """Keeps traces by their number of spans."""

    Settings = SpanCountSettings

    def __init__(self, settings: SpanCountSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self.lasting = not settings.max_spans

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the number is within the bounds."""
        most = self.settings.max_spans
        within = self.settings.min_spans <= summary.spans and (not most or summary.spans <= most)
        return Verdict.of(within)


class HeadSampled(Policy[EmptySettings]):
    """Keeps what head sampling chose, by the best key seen in the trace."""

    weight = Weight.HEAD

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the trace is in the head sample."""
        return Verdict.of(summary.head is not None and summary.head.sampled)

    def threshold(self, summary: Summary) -> int:
        """That of the head sample."""
        ot = ts.subkeys(summary.head.ot) if summary.head else {}
        return ts.parse_threshold(ot.get("th")) or 0
