"""A trace as a tree for people."""

from collections.abc import Container, Iterable, Iterator, Mapping

from rich.text import Text
from rich.tree import Tree

from collector.batch import SpanRecord
from collector.model_calls import MODEL_CALLS, model_call
from collector.printable import printable

_POLICY = "winnow.sampling.policy"
_GUARDRAIL = "winnow.guardrail.fired"
_DEEPEST = 100
"""Levels. A line begins with four characters for each."""


def tree(records: Iterable[SpanRecord]) -> Tree:
    """The spans of one trace, each below its parent and after what began before it.

    A span whose parent is not there is at the top. One that is there twice is shown once.
    """
    spans = {record.span.span_id: record for record in records}
    ordered = sorted(spans.values(), key=lambda record: record.span.start_time_unix_nano)
    branches = {record.span.span_id: Tree(_line(record)) for record in ordered}
    top = Tree(_title(ordered))
    above = _above({record.span.span_id: record.span.parent_span_id for record in ordered})
    for span_id, branch in branches.items():
        parent = above[span_id]
        (top if parent is None else branches[parent]).children.append(branch)
    return top


def _above(parents: Mapping[bytes, bytes]) -> dict[bytes, bytes | None]:
    """The span below which each is shown; None: at the top.

    Spans that are each other's parents begin at the top with one of them. What is deeper than a
    line has room for stands beside its parent.
    """
    above: dict[bytes, bytes | None] = {}
    levels: dict[bytes | None, int] = {None: 0}
    for lowest in parents:
        for span_id in reversed(_climb(lowest, parents, levels)):
            parent = parents[span_id] if parents[span_id] in levels else None
            if parent is not None and levels[parent] == _DEEPEST:
                parent = above[parent]
            above[span_id] = parent
            levels[span_id] = levels[parent] + 1
    return above


def _climb(
    span_id: bytes, parents: Mapping[bytes, bytes], known: Container[bytes | None]
) -> list[bytes]:
    """The span and those above it, up to one that is known, is not there, or was met before."""
    climbed: dict[bytes, None] = {}
    while span_id in parents and span_id not in known and span_id not in climbed:
        climbed[span_id] = None
        span_id = parents[span_id]
    return list(climbed)


def _title(records: list[SpanRecord]) -> Text:
    spans = [record.span for record in records]
    begin = min(span.start_time_unix_nano for span in spans)
    seconds = (max(span.end_time_unix_nano for span in spans) - begin) / 1e9
    parts = [f"trace {spans[0].trace_id.hex()}", f"{len(spans)} spans", f"{seconds:.2f} s"]
    if policy := next(filter(None, (record.attributes.text(_POLICY) for record in records)), ""):
        parts.append(f"kept by {printable(policy)}")
    return Text("  ".join(parts), style="bold")


def _line(record: SpanRecord) -> Text:
    line = Text(printable(record.span.name))
    line.append(f"  {record.duration:.2f} s", style="dim")
    for told in _told(record):
        line.append(f"  {printable(told)}")
    if record.attributes.get(_GUARDRAIL) is True:
        line.append("  guardrail", style="yellow")
    if record.failed:
        line.append(f"  ERROR {printable(record.span.status.message)}".rstrip(), style="red")
    return line


def _told(record: SpanRecord) -> Iterator[str]:
    """What a model call used."""
    call = model_call(record.attributes)
    if call.operation not in MODEL_CALLS:
        return
    model = call.asked or call.answered
    if model and model not in record.span.name:
        yield model
    if call.usage is not None:
        yield f"{call.usage.input:,} → {call.usage.output:,} tokens"
    if call.cost is not None:
        yield f"${call.cost:.4f}"
