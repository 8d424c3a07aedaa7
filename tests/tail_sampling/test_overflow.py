"""What does not fit into what policies remember is counted, by the limit."""

from typing import Any

import pytest

from tests.helpers import batch, consume, metric, span
from tests.tail_sampling.support import sampler, wait

TOOL = {"gen_ai.operation.name": "execute_tool"}


def overflowed(limit: str, policy: dict[str, Any], *traces: list[Any]) -> float:
    tail = sampler({"name": "policy"} | policy)
    consume(tail, *(batch(*trace) for trace in traces))
    wait(tail)
    return metric(tail, "winnow_tail_sampling_overflowed_total", limit=limit)


def kinds(number: int) -> list[list[Any]]:
    return [[span(f"kind {kind}", trace=kind + 1)] for kind in range(number)]


@pytest.mark.parametrize("number", [200, 203])
def test_groups_of_a_percentile_that_made_room(number):
    slow = {"type": "latency_percentile", "latency_percentile": {"group_by": ["name"]}}
    assert overflowed("percentile_groups", slow, *kinds(number)) == number - 200


def test_traces_of_kinds_beyond_those_that_adaptive_tells_apart():
    some = {"type": "adaptive", "adaptive": {"traces_per_second": 5, "max_keys": 2}}
    assert overflowed("adaptive_keys", some, *kinds(5)) == 3


def test_calls_beyond_those_that_retries_looks_at():
    calls = [span("tool", parent=b"parent01", attributes=TOOL) for _ in range(1002)]
    assert overflowed("calls_of_a_trace", {"type": "retries", "retries": {}}, calls) == 2


def test_groups_beyond_those_of_one_trace():
    slow = {
        "type": "latency_percentile",
        "latency_percentile": {"group_by": ["name"], "scope": "span"},
    }
    steps = [span(f"step {number}") for number in range(53)]
    assert overflowed("groups_of_a_trace", slow, steps) == 3
