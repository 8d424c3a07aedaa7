"""What the real Collector kept of the same traces.

`collector_vectors.json` holds traces (a list of OTLP requests each, in base64) and cases (which
traces the Collector kept, one bit a trace, the first the lowest; and its `policies`), recorded
with the tailsamplingprocessor of the version named there.
"""

import base64
import json
from pathlib import Path

import pytest

from collector import Batch
from tests.helpers import consume
from tests.tail_sampling.support import sampler, wait

VECTORS = json.loads((Path(__file__).parent / "collector_vectors.json").read_text())
TRACES = [[base64.b64decode(text) for text in trace] for trace in VECTORS["traces"]]
IDS = [Batch(payload=trace[0]).spans[0].span.trace_id for trace in TRACES]


@pytest.mark.parametrize(("mask", "policies"), VECTORS["cases"], ids=range(len(VECTORS["cases"])))
def test_the_same_traces_are_kept_as_by_the_collector(mask, policies):
    tail = sampler(*policies)
    consume(tail, *[Batch(payload=payload) for trace in TRACES for payload in trace])
    wait(tail)
    kept = {record.span.trace_id for record in tail.next.spans}
    assert [trace_id in kept for trace_id in IDS] == [
        bool(int(mask, 16) >> i & 1) for i in range(len(IDS))
    ]
