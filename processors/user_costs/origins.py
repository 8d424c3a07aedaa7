"""Whose a model call is: its user, organisation and feature."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from collector import Attributes, Batch, ResourceRecord, SpanRecord, Value
from processors.user_costs.config import UserCostsConfig

_MOST_STEPS = 64
"""Spans above a call that are looked at; parents that form a circle end here, too."""


class Origin(NamedTuple):
    """Whose a call is; empty where nobody told."""

    user: str
    organization: str
    feature: str


_UNKNOWN = Origin("", "", "")


class Origins:
    """Answers for the calls of one batch.

    Often only the span at the top of a run names the user, so what a call does not tell itself is
    looked for on the spans above it, and at last on its resource.
    """

    def __init__(self, config: UserCostsConfig, batch: Batch) -> None:
        self._keys = (config.user, config.organization, config.feature)
        self._batch = batch
        self._spans: dict[bytes, dict[bytes, SpanRecord]] = {}
        self._parents: dict[tuple[bytes, bytes], Origin] = {}
        self._resources: dict[int, Origin] = {}

    def of(self, record: SpanRecord) -> Origin:
        """The origin of a call."""
        origin = self._read(record.attributes)
        if not all(origin) and record.span.parent_span_id:
            origin = _filled(origin, self._inherited(record))
        return origin if all(origin) else _filled(origin, self._of_resource(record.resource))

    def _inherited(self, record: SpanRecord) -> Origin:
        """What the spans above tell; asked once for all spans with the same parent."""
        key = record.span.trace_id, record.span.parent_span_id
        known = self._parents.get(key)
        if known is None:
            known = _UNKNOWN
            for above in self._above(record):
                known = _filled(known, self._read(above.attributes))
            self._parents[key] = known
        return known

    def _above(self, record: SpanRecord) -> Iterator[SpanRecord]:
        parent: SpanRecord | None = record
        for _ in range(_MOST_STEPS):
            parent = parent and self._parent(parent)
            if parent is None:
                return
            yield parent

    def _parent(self, record: SpanRecord) -> SpanRecord | None:
        trace, parent = record.span.trace_id, record.span.parent_span_id
        if not parent:
            return None
        if trace not in self._spans:
            records = self._batch.by_trace()[trace]
            self._spans[trace] = {other.span.span_id: other for other in records}
        return self._spans[trace].get(parent)

    def _of_resource(self, resource: ResourceRecord) -> Origin:
        identity = id(resource)
        if identity not in self._resources:
            self._resources[identity] = self._read(resource.attributes)
        return self._resources[identity]

    def _read(self, attributes: Attributes) -> Origin:
        user, organization, feature = self._keys
        return Origin(
            _first(attributes, user), _first(attributes, organization), _first(attributes, feature)
        )


def _filled(origin: Origin, other: Origin) -> Origin:
    return Origin(
        origin.user or other.user,
        origin.organization or other.organization,
        origin.feature or other.feature,
    )


def _first(attributes: Attributes, keys: Sequence[str]) -> str:
    values = attributes.values
    for key in keys:
        if key in values and (text := _as_text(values[key])):
            return text
    return ""


def _as_text(value: Value) -> str:
    """A text, or a whole number as text, so that an id may be one; empty for anything else."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
