"""How much is kept of which traces: forced ones, the canary, rules, and the rest."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from collector import Attributes, Batch, SpanRecord
from collector import tracestate as ts
from processors._match import Rule, matcher
from processors._priority import SAMPLING_PRIORITY, wish
from processors.head_sampling.canary import Cohort
from processors.head_sampling.config import CANARY, DEFAULT, PRIORITY, HeadSamplingConfig
from processors.head_sampling.draws import as_key
from processors.head_sampling.memory import RememberedShares

WANTED, COHORT, UNWANTED, FIRST_RULE = range(4)
"""The numbers of the shares; of those that a trace belongs to, the lowest holds."""


class Share(NamedTuple):
    """A percentage, ready to compare with."""

    label: str
    """What the metric calls it."""
    threshold: int
    """Randomness from here on is in the sample."""
    th: str
    """The threshold as it is written; empty where nothing is kept."""
    private: str
    """What `tail_sampling` is told of it: `;r:<number>`, empty for the default."""


class Shares:
    """Finds the share of every trace, by all its spans that came so far."""

    def __init__(self, config: HeadSamplingConfig, cohort: Cohort | None) -> None:
        named = [(PRIORITY, 100.0), (CANARY, 100.0), (PRIORITY, 0.0)]
        named += zip(config.rule_names, (rule.percentage for rule in config.rules), strict=True)
        self.all = [_share(*each, f";r:{number}") for number, each in enumerate(named)]
        """The shares by number."""
        self.default = _share(DEFAULT, config.percentage, "")
        """The share of what is in no other."""
        self._default = len(self.all)
        self.all.append(self.default)
        self._rules = [(n, matcher(rule.match)) for n, rule in enumerate(config.rules, FIRST_RULE)]
        self._cohort, self._cohort_key = cohort, config.canary.key if config.canary else ""
        self._specific = bool(config.rules or config.canary)
        self._priority = config.sampling_priority
        self._remembered = RememberedShares(config.trace_cache_size)

    def find(self, batch: Batch) -> dict[bytes, Share]:
        """The share of each trace of the batch that has another than the default."""
        traces, found = batch.by_trace(), dict[bytes, int]()
        if self._specific or (self._priority and _has_priority(batch.spans)):
            members = self._cohort.current() if self._cohort is not None else frozenset[str]()
            for trace_id, records in traces.items():
                share = min(self._of(record, members) for record in records)
                if share < self._default:
                    found[trace_id] = share
        self._remembered.improve(found, traces)
        return {trace_id: self.all[share] for trace_id, share in found.items()}

    def _of(self, record: SpanRecord, members: frozenset[str]) -> int:
        wished = self._wished(record.attributes) if self._priority else self._default
        if wished == WANTED:
            return WANTED
        if members and (
            self._is_member(record.attributes, members)
            or self._is_member(record.resource.attributes, members)
        ):
            return COHORT
        return wished if wished == UNWANTED else _first(self._rules, record, self._default)

    def _is_member(self, attributes: Attributes, members: frozenset[str]) -> bool:
        return as_key(attributes.get(self._cohort_key)) in members

    def _wished(self, attributes: Attributes) -> int:
        wished = wish(attributes)
        if wished is None:
            return self._default
        return WANTED if wished else UNWANTED


def _has_priority(records: Iterable[SpanRecord]) -> bool:
    for record in records:  # noqa: SIM110 - a generator costs a quarter more, and this is every span
        if SAMPLING_PRIORITY in record.attributes.values:
            return True
    return False


def _first(rules: Sequence[tuple[int, Rule]], record: SpanRecord, default: int) -> int:
    return next((number for number, matches in rules if matches(record)), default)


def _share(label: str, percentage: float, private: str) -> Share:
    threshold = ts.threshold_for(percentage / 100)
    th = "" if threshold == ts.NEVER else ts.format_threshold(threshold)
    return Share(label, threshold, th, private)
