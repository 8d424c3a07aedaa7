"""Many open traces in one tail sampler: memory, cost a span, and a start: `make bench-sampling`.

The sampler holds as many traces as it may, so that every new one has the oldest decided, and each
measurement is of spans that come in and of as many that are dropped or handed on. The store is on
disk, in a directory of its own that is removed at the end. `--full` is 200,000 traces of 50 kB:
10 GB of disk, and some minutes.
"""

import argparse
import gc
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.processes import status
from benchmarks.spans import SPANS_PER_TRACE, Template, templates
from collector import Batch, Context
from collector.clock import SystemClock
from collector.storage import Storage
from collector.telemetry.logs import get_logger
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts
from processors.tail_sampling import TailSampling

FEW = 1_000
_REQUEST = 16
"""Traces a request."""
_MEASURED = 256
"""Requests a measurement."""
_ROUNDS = 5
_EVERY = 8
"""Requests between two rounds of decisions."""
_POLICIES = [
    {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
    {"name": "slow", "type": "latency_percentile", "latency_percentile": {"percentile": 99}},
    {"name": "guardrails", "type": "guardrail"},
    {"name": "sampled", "type": "head_sampled"},
]


class Sink:
    """Takes what is handed on as a queue does."""

    def consume(self, batch: Batch) -> None:
        """Serialize it."""
        _ = batch.payload


def traces_of(kilobytes: int) -> Template:
    """A request of 16 traces with this much in each."""
    payload = templates(_REQUEST * SPANS_PER_TRACE, False)[0].fresh()
    request = ExportTraceServiceRequest.FromString(payload)
    spans = request.resource_spans[0].scope_spans[0].spans
    padding = "x" * max(0, (kilobytes * 1000 * _REQUEST - len(payload)) // len(spans))
    for span in spans:
        span.attributes.add(key="padding").value.string_value = padding
    return Template(request, list(dict.fromkeys(span.trace_id for span in spans)))


@contextmanager
def sampler(directory: Path, open_traces: int) -> Iterator[TailSampling]:
    """A sampler on the directory that holds so many traces; its decisions are made by hand."""
    storage = Storage(directory)
    storage.open()
    settings = {
        "policies": _POLICIES,
        "decision_wait": "24h",
        "num_traces": open_traces,
        "max_bytes": 1 << 40,
    }
    context = Context(
        component_id="tail_sampling",
        state_key=f"bench/{open_traces}",
        counts=SpanCounts(Metrics(), "tail_sampling", "bench"),
        storage=storage,
        clock=SystemClock(),
        logger=get_logger(),
    )
    tail = TailSampling(TailSampling.Config.model_validate(settings), context)
    tail.next = Sink()
    tail.open_store()
    try:
        yield tail
    finally:
        storage.close()


def feed(tail: TailSampling, template: Template, requests: int) -> float:
    """Microseconds of CPU a span, to take requests in and to carry out the decisions due."""
    spent = 0.0
    for number in range(requests):
        batch = Batch(payload=template.fresh())
        _ = batch.message  # decoded by the receiver
        start = time.process_time()
        with tail.context.storage.transaction() as transaction:
            batch.transaction = transaction
            tail.consume(batch)
        if number % _EVERY == _EVERY - 1:
            tail.decide_due()
        spent += time.process_time() - start
    return spent / requests / _REQUEST / SPANS_PER_TRACE * 1e6


def measure(tail: TailSampling, template: Template, most: int) -> float:
    """Fill it up; then the best of some measurements."""
    feed(tail, template, -(-most // _REQUEST) + _EVERY)
    return min(feed(tail, template, _MEASURED) for _ in range(_ROUNDS))


def memory() -> float:
    """MiB that this process has now."""
    return status("self", "VmRSS") / 1024


def run(directory: Path, many: int, kilobytes: int) -> None:
    """Measure and print."""
    template = traces_of(kilobytes)
    with sampler(directory, FEW) as tail:
        few_us = measure(tail, template, FEW)
    before = memory()
    print(f"{FEW:>9,} open: {few_us:6.2f} µs a span, {before:6.0f} MiB")
    with sampler(directory, many) as tail:
        many_us = measure(tail, template, many)
        print(
            f"{len(tail._open):>9,} open: {many_us:6.2f} µs a span, {memory():6.0f} MiB "
            f"({(memory() - before) * 2**20 / many:,.0f} bytes a trace), "
            f"{many_us / few_us:.2f} times the cost"
        )
    size = sum(path.stat().st_size for path in directory.iterdir()) / 1e9
    with sampler(directory, many) as tail:
        start = time.monotonic()
        tail._restore()
        seconds = time.monotonic() - start
        print(f"start with {len(tail._open):,} open traces, {size:.1f} GB: {seconds:.1f} s")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=int, default=20_000)
    parser.add_argument("--kilobytes", type=int, default=10, help="a trace")
    parser.add_argument("--full", action="store_true", help="200,000 traces of 50 kB")
    options = parser.parse_args()
    if options.full:
        options.traces, options.kilobytes = 200_000, 50
    gc.set_threshold(100_000, 10, 10)  # as the daemon does
    with tempfile.TemporaryDirectory(prefix="winnow-open-traces-") as directory:
        run(Path(directory), options.traces, options.kilobytes)


if __name__ == "__main__":
    main()
