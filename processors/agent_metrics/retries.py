"""Which spans are a call made again."""

from collections.abc import Collection, Iterable, Iterator, Sequence

from collector import SpanRecord

UNKNOWN = "unknown"
Call = tuple[bytes, bytes, str]


def retries(
    records: Sequence[SpanRecord], again: Iterable[SpanRecord], attributes: Collection[str]
) -> Iterator[tuple[SpanRecord, str]]:
    """Each of `records` that is a retry, with the reason that it was made for.

    A span is a retry if a sibling of the same name (same trace and parent) failed before it began,
    or if one of `attributes` counts above 0 on it; only those `again` have any. The reason is the
    failed sibling's `error.type`, or `unknown`.
    """
    failed = _failures(records)
    told = {id(record) for record in again if _counts(record, attributes)}
    if not failed and not told:  # as in most batches
        return
    parents = {parent for _, parent, _ in failed}
    for record in records:
        reason = ""
        if parents and record.span.parent_span_id in parents:
            reason = _reason(record, failed.get(_call(record), ()))
        if reason:
            yield record, reason
        elif id(record) in told:
            yield record, UNKNOWN


def _failures(records: Iterable[SpanRecord]) -> dict[Call, list[SpanRecord]]:
    failed: dict[Call, list[SpanRecord]] = {}
    for record in records:
        if record.failed and record.span.parent_span_id:
            failed.setdefault(_call(record), []).append(record)
    return failed


def _call(record: SpanRecord) -> Call:
    span = record.span
    return span.trace_id, span.parent_span_id, span.name


def _reason(record: SpanRecord, failed: Iterable[SpanRecord]) -> str:
    """Why the last of the failed siblings before `record` failed; empty where none is."""
    start = record.span.start_time_unix_nano
    before = [
        other for other in failed if other is not record and other.span.end_time_unix_nano <= start
    ]
    if not before:
        return ""
    last = max(before, key=lambda other: other.span.end_time_unix_nano)
    return last.attributes.text("error.type") or UNKNOWN


def _counts(record: SpanRecord, attributes: Iterable[str]) -> bool:
    values = map(record.attributes.values.get, attributes)
    return any(value > 0 for value in values if isinstance(value, int))
