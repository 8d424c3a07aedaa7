"""Redaction against stock Presidio, in one process on one core: `make bench-redaction`.

Both look for Winnow's default entities at its default threshold; Winnow also looks for secrets, and
replaces what it finds. Stock Presidio gets a blank spaCy model with lower-cased lemmas, the fastest
set-up in which its context words count. Both get each text once, when neither has seen it yet; the
conversation comes as agents send it, with all messages so far in one attribute of every turn.
"""

import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from benchmarks import corpus, presidio
from collector import Batch, Context
from collector.clock import SystemClock
from collector.storage import Storage
from collector.telemetry.logs import get_logger
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts
from processors.redaction import Redaction, RedactionConfig

TEXTS = 20
_ATTRIBUTE = "gen_ai.input.messages"
_SEED = 7
_WARM_UP_SEEDS = range(8, 12)


class Case(NamedTuple):
    """What is measured, and how many times as fast as stock it should be."""

    name: str
    make: Callable[[random.Random], Iterable[str]]
    target: int


class Row(NamedTuple):
    """Milliseconds for all texts of a case."""

    case: Case
    kilobytes: float
    stock: float
    winnow: float


def several(make: Callable[[random.Random], str]) -> Callable[[random.Random], Iterable[str]]:
    """Some texts of a kind."""
    return lambda numbers: [make(numbers) for _ in range(TEXTS)]


CASES = (
    Case("clean prose", several(corpus.prose), 60),
    Case("fresh code", several(corpus.code), 15),
    Case("fresh JSON", several(corpus.json_text), 15),
    Case("dense personal data", several(corpus.dense), 5),
    Case(f"{corpus.TURNS}-turn conversation", corpus.conversation, 100),
)


def measure(case: Case, redaction: Redaction) -> Row:
    """Both, on the same texts, after others of the kind: RE2 builds its automaton as it reads."""
    for seed in _WARM_UP_SEEDS:
        for text in case.make(random.Random(seed)):
            redaction.process(_batch(text))
    texts = list(case.make(random.Random(_SEED)))
    winnow = _milliseconds(lambda text: redaction.process(_batch(text)), texts)
    stock = _milliseconds(presidio.analyze, texts)
    return Row(case, sum(map(len, texts)) / 1e3, stock, winnow)


def _milliseconds(work: Callable[[str], object], texts: list[str]) -> float:
    started = time.thread_time()
    for text in texts:
        work(text)
    return (time.thread_time() - started) * 1e3


def _batch(text: str) -> Batch:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.CopyFrom(Span(trace_id=bytes(16), span_id=bytes(8), name="chat"))
    span.attributes.add(key=_ATTRIBUTE).value.string_value = text
    return Batch(request)


def started() -> Redaction:
    """The processor with its defaults, which has redacted something already."""
    context = Context(
        component_id="redaction",
        state_key="redaction",
        counts=SpanCounts(Metrics(), "redaction"),
        storage=Storage(),
        clock=SystemClock(),
        logger=get_logger(component="redaction"),
    )
    made = Redaction(RedactionConfig.model_validate({"batch_timeout": "10m"}), context)
    made.start()
    return made


def lines(rows: Iterable[Row]) -> Iterator[str]:
    """The table, a line as soon as it is measured."""
    yield f"| {'text':<22} | kB sent | Presidio ms | Winnow ms | Winnow µs/kB | ratio | target |"
    yield "|" + "|".join("-" * (width - 1) + ":" for width in (24, 9, 13, 11, 14, 7, 8)) + "|"
    for case, kilobytes, stock, winnow in rows:
        yield (
            f"| {case.name:<22} | {kilobytes:>7,.0f} | {stock:>11,.0f} | {winnow:>9,.1f} "
            f"| {winnow / kilobytes * 1e3:>12,.0f} | {stock / winnow:>5,.0f} | {case.target:>6} |"
        )


def main() -> None:
    """Print the table."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    redaction = started()
    presidio.analyze("Write to jane@example.com.")
    for line in lines(measure(case, redaction) for case in CASES):
        print(line, flush=True)


if __name__ == "__main__":
    main()
