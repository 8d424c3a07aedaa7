"""What a trace or a span is grouped by: the values of some attributes, or its name."""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeAlias

from collector import SpanRecord
from processors._match import as_text
from processors.tail_sampling.policies.base import Setup
from processors.tail_sampling.summary import Summary

Group: TypeAlias = "tuple[str, ...]"
"""A value for each key; empty where there is none."""

NAME = "name"
"""Stands for the name of the span, or of a trace's root span, instead of an attribute."""
_LONGEST = 200
_REMEMBERED = 1000


class SpanGroups:
    """The groups of spans."""

    def __init__(self, keys: Sequence[str]) -> None:
        """`keys` are attributes of spans or of their resources, or `name`."""
        self.keys = keys
        self.none: Group = ("",) * len(keys)
        self.shared = lru_cache(maxsize=_REMEMBERED)(_itself)

    def of(self, record: SpanRecord) -> Group:
        """The group of a span."""
        return self.shared(tuple(_read(record, key) for key in self.keys))

    def fill(self, known: Group, record: SpanRecord) -> Group:
        """`known`, with the span's attributes where it has no value yet."""
        return tuple(
            value or (_read(record, key) if key != NAME else "")
            for key, value in zip(self.keys, known, strict=True)
        )


class TraceGroups:
    """The groups of traces: the root span's values, else the first that were seen."""

    def __init__(self, keys: Sequence[str], setup: Setup) -> None:
        """Looks at spans only if there are `keys`."""
        self._groups = SpanGroups(keys)
        self._slot = setup.slot(self) if keys else None

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Find out what is not known of the trace yet."""
        known = found = self.of(summary)
        for record in records:
            if not record.span.parent_span_id:
                own = self._groups.of(record)
                found = tuple(value or seen for value, seen in zip(own, found, strict=True))
            elif not all(found):
                found = self._groups.fill(found, record)
        if found != known and self._slot is not None:
            summary.state[self._slot] = self._groups.shared(found)

    def of(self, summary: Summary) -> Group:
        """The group of a trace, as far as it is known."""
        known: Group | None = None if self._slot is None else summary.state[self._slot]
        return known or self._groups.none


def _read(record: SpanRecord, key: str) -> str:
    if key == NAME:
        return record.span.name[:_LONGEST]
    own, shared = record.attributes, record.resource.attributes
    return (as_text(own.get(key)) or as_text(shared.get(key)) or "")[:_LONGEST]


def _itself(group: Group) -> Group:
    """Behind a cache, one object for all equal groups: there may be 100,000s of open traces."""
    return group
