"""Policies on what came with the trace context: its flags and its tracestate."""

from collections.abc import Sequence

from pydantic import Field

from collector import ConfigModel, SpanRecord
from collector import tracestate as ts
from processors.tail_sampling.policies.base import EmptySettings, Observer, Setup, Verdict
from processors.tail_sampling.summary import Summary

_SAMPLED_FLAG = 1
_MEMBER_LENGTH = 256


class TraceFlags(Observer[EmptySettings]):
    """Keeps traces with a span that has the W3C `sampled` flag."""

    lasting = True

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember that one had it."""
        if not summary.state[self.slot]:
            summary.state[self.slot] = any(record.span.flags & _SAMPLED_FLAG for record in records)

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if one had it."""
        return Verdict.of(bool(summary.state[self.slot]))


class TraceStateSettings(ConfigModel):
    """Which member of the tracestate to look for."""

    key: str = Field(min_length=1)
    """The member's key."""
    values: list[str] = Field(min_length=1)
    """Its value is one of these. Empty ones, and such that make 256 characters with the key, are
    never found."""


class TraceState(Observer[TraceStateSettings]):
    """Keeps traces with a span that has one of the given values in its tracestate."""

    Settings = TraceStateSettings
    lasting = True

    def __init__(self, settings: TraceStateSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        room = _MEMBER_LENGTH - len(settings.key)
        self._wanted = frozenset(value for value in settings.values if 0 < len(value) < room)

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Remember that one had it; a tracestate that breaks W3C's rules has nothing."""
        if summary.state[self.slot]:
            return
        seen = {record.span.trace_state for record in records} - {""}
        summary.state[self.slot] = any(map(self._matches, seen))

    def _matches(self, tracestate: str) -> bool:
        members = ts.members(tracestate) or {}
        return members.get(self.settings.key) in self._wanted

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if a value matched."""
        return Verdict.of(bool(summary.state[self.slot]))
