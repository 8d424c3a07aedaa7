"""A million traces: samples are as large as asked for, the same elsewhere, and add up again."""

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans

from collector import Batch
from collector import tracestate as ts
from processors.head_sampling import HeadSampling
from processors.probabilistic_sampler import ProbabilisticSampler
from tests.helpers import make, span

TRACES = 1_000_000
A_BATCH = 10_000
Z_999 = 3.2905
"""Standard deviations that hold 99.9% of a normal distribution, which this binomial is near."""
SAMPLERS = {
    "head": (HeadSampling, {"percentage": 10, "mode": "drop"}),
    "hash_seed": (ProbabilisticSampler, {"sampling_percentage": 25}),
    "proportional": (ProbabilisticSampler, {"mode": "proportional", "sampling_percentage": 10}),
}


def kept(name: str, traces: int) -> tuple[int, float, str]:
    """How many traces a sampler keeps, how many these stand for, and a digest of their ids."""
    kind, settings = SAMPLERS[name]
    sampler, chance = make(kind, settings), random.Random(1)
    count, estimate, digest = 0, 0.0, hashlib.sha256()
    for start in range(0, traces, A_BATCH):
        batch = Batch(made(chance, range(start, start + A_BATCH)))
        sampler.process(batch)
        for record in batch.spans:
            th = ts.subkeys(ts.member(record.span.trace_state, "ot"))["th"]
            count += 1
            estimate += ts.NEVER / (ts.NEVER - ts.parse_threshold(th))
            digest.update(record.span.trace_id)
    return count, estimate, digest.hexdigest()


def made(chance: random.Random, numbers: range) -> ExportTraceServiceRequest:
    """A request with a span of one trace and one user for each number."""
    one = span(attributes={"user.id": "user-_______"})
    one.trace_id = bytes(16)
    serialized = ScopeSpans(spans=[one]).SerializeToString()
    before, rest = serialized.split(bytes(16))
    between, after = rest.split(b"_______")
    message = ExportTraceServiceRequest()
    message.resource_spans.add().scope_spans.add().MergeFromString(
        b"".join(
            before + chance.randbytes(16) + between + b"%07d" % number + after for number in numbers
        )
    )
    return message


def share(name: str) -> float:
    _, settings = SAMPLERS[name]
    return settings.get("percentage", settings.get("sampling_percentage")) / 100


@pytest.mark.long
@pytest.mark.parametrize("name", SAMPLERS)
def test_a_million_traces_are_sampled_as_asked_and_count_up_to_a_million_again(name):
    count, estimate, _ = kept(name, TRACES)
    expected = TRACES * share(name)
    assert abs(count - expected) < Z_999 * (expected * (1 - share(name))) ** 0.5
    assert estimate == pytest.approx(TRACES, rel=0.01)


@pytest.mark.parametrize("name", SAMPLERS)
def test_another_process_keeps_the_same_traces(name):
    answer = subprocess.run(
        [
            sys.executable,
            "-c",
            "from tests.head_sampling import test_statistics as t;"
            f"print(t.kept({name!r}, {2 * A_BATCH}))",
        ],
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": "12345"},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert answer.strip() == str(kept(name, 2 * A_BATCH))
