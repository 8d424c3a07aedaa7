"""What came out against what was to come out: each difference in a line."""

import json
from collections import Counter
from collections.abc import Iterator

from collector.batch import Batch
from collector.testing import samples
from collector.testing.likeness import is_close, names, unlike_spans
from collector.testing.run import Outcome
from collector.testing.suite import Expect


def differences(expect: Expect, outcome: Outcome) -> Iterator[str]:
    """What is not as expected."""
    for name in expect.exporters or outcome.reached:
        for difference in _of_exporter(expect, outcome.sent[name]):
            yield f"{name}: {difference}"
    dropped = samples.by_label(outcome.registry, "winnow_dropped_spans_total", "reason")
    if expect.dropped is not None and dropped != Counter(expect.dropped):
        yield f"dropped: is {dict(+dropped)}, expected {expect.dropped}"
    labels = set(samples.label_values(outcome.registry))
    for text in expect.never:
        if any(text in label for label in labels):
            yield f"never: {text!r} stands in a label of the metrics"
    for written, value in expect.metrics.items():
        yield from _metric(outcome, written, value)


def _of_exporter(expect: Expect, sent: Batch) -> Iterator[str]:
    if expect.count is not None and sent.span_count != expect.count:
        there = names(record.span.name for record in sent.spans)
        yield f"count: is {sent.span_count}, expected {expect.count}{there}"
    yield from unlike_spans(expect.spans, sent.spans)
    for text in expect.never:
        if any(form.encode() in sent.payload for form in _forms(text)):
            yield f"never: {text!r} came out"


def _forms(text: str) -> set[str]:
    """The text as it is, and as JSON escapes it; also in JSON inside of JSON."""
    forms = {text}
    for _ in range(2):
        forms |= {
            json.dumps(form, ensure_ascii=ascii_only)[1:-1]
            for form in forms
            for ascii_only in (True, False)
        }
    return forms


def _metric(outcome: Outcome, written: str, expected: float) -> Iterator[str]:
    try:
        value = samples.total(outcome.registry, samples.read_series(written))
    except ValueError as error:
        yield f"metrics: {written}: {error}"
        return
    if not is_close(value, expected):
        yield f"metrics: {written}: is {value:.15g}, expected {expected:.15g}"
