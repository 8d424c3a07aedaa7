"""The tally: what would be kept, beside what was kept then."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from collector.replay.spool import Trace

GB = 2**30
"""Bytes in a GB as S3 bills them."""


@dataclass
class Share:
    """So many traces, and what they weigh."""

    traces: int = 0
    spans: int = 0
    otlp_bytes: int = 0
    stored_bytes: float = 0.0
    """Of the files that they were read from; OTLP's own where these are no archive."""
    estimated_traces: float = 0.0
    """Each trace counted as often as its sampling threshold says."""
    estimated_bytes: float = 0.0
    """Of `stored_bytes`, likewise."""

    def add(self, other: "Share", count: float = 1.0) -> None:
        """Count `other` in, which stands for `count` of its like."""
        self.traces += other.traces
        self.spans += other.spans
        self.otlp_bytes += other.otlp_bytes
        self.stored_bytes += other.stored_bytes
        self.estimated_traces += other.traces * count
        self.estimated_bytes += other.stored_bytes * count

    def numbers(self, usd_per_gb_month: float) -> dict[str, float]:
        """For JSON."""
        return {
            "traces": self.traces,
            "spans": self.spans,
            "otlp_bytes": self.otlp_bytes,
            "stored_bytes": round(self.stored_bytes),
            "usd_per_month": self.stored_bytes / GB * usd_per_gb_month,
        }

    def with_estimates(self, usd_per_gb_month: float) -> dict[str, float]:
        """For JSON, with what the thresholds say."""
        return self.numbers(usd_per_gb_month) | {
            "estimated_traces": self.estimated_traces,
            "estimated_usd_per_month": self.estimated_bytes / GB * usd_per_gb_month,
        }


def share_of(trace: Trace) -> Share:
    """One trace, as it was read."""
    return Share(1, trace.batch.span_count, trace.size, trace.stored)


def total(shares: Mapping[str, Share]) -> Share:
    """All of them together."""
    result = Share()
    for share in shares.values():
        result.traces += share.traces
        result.spans += share.spans
        result.otlp_bytes += share.otlp_bytes
        result.stored_bytes += share.stored_bytes
        result.estimated_traces += share.estimated_traces
        result.estimated_bytes += share.estimated_bytes
    return result


def _by_policy() -> dict[str, Share]:
    return defaultdict(Share)


@dataclass
class Comparison:
    """What was read, by the policy that decides and by the one that decided then."""

    policies: list[str]
    """Names, in the order of the configuration."""
    kept: dict[str, Share] = field(default_factory=_by_policy)
    dropped: dict[str, Share] = field(default_factory=_by_policy)
    then: dict[str, Share] = field(default_factory=_by_policy)
    """An empty name is for traces on which no policy is named."""
    uncounted: int = 0
    """Traces that a policy kept by a chance that no threshold tells."""
    unready: Sequence[Any] = ()
    """Policies that judged some traces before they had enough samples for their percentile, as
    `tail_sampling` tells them."""
    duplicates: int = 0
    """Spans that were read twice."""
    first: int = 0
    """When the first trace to end ended; nanoseconds since the Unix epoch."""
    last: int = 0

    def read(self, trace: Trace) -> Share:
        """A trace was read; what to hand in with it."""
        self.duplicates += trace.duplicates
        self.first = self.first or trace.finished
        self.last = trace.finished
        return share_of(trace)

    def decided(self, outcomes: Iterable[Any]) -> None:
        """Traces were decided (outcomes of `tail_sampling`, their share as tag)."""
        for outcome in outcomes:
            side = self.kept if outcome.kept else self.dropped
            side[outcome.policy].add(outcome.tag, outcome.stands_for)
            earlier = outcome.earlier
            self.then[earlier.policy].add(outcome.tag, earlier.stands_for)
            self.uncounted += bool(earlier.policy) and earlier.threshold is None

    @property
    def estimates(self) -> bool:
        """Whether traces stand for more than themselves."""
        return any(share.estimated_traces > share.traces for share in self.then.values())

    def numbers(self, usd_per_gb_month: float) -> dict[str, Any]:
        """For JSON."""

        def numbers(shares: dict[str, Share]) -> dict[str, Any]:
            return {name: s.with_estimates(usd_per_gb_month) for name, s in shares.items()}

        return {
            "usd_per_gb_month": usd_per_gb_month,
            "duplicate_spans": self.duplicates,
            "traces_without_threshold": self.uncounted,
            "traces_without_percentile": {one.policy: one.traces for one in self.unready},
            "would_keep": numbers({name: Share() for name in self.policies} | self.kept),
            "would_keep_in_all": total(self.kept).with_estimates(usd_per_gb_month),
            "would_drop": {
                name: share.numbers(usd_per_gb_month) for name, share in self.dropped.items()
            },
            "was_kept": numbers(self.then),
            "was_kept_in_all": total(self.then).with_estimates(usd_per_gb_month),
        }
