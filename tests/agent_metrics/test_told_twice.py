"""A response that two instrumentations tell of, in traces of their own, counts once."""

import pytest

from collector import Batch
from processors.agent_metrics import AgentMetrics
from tests.agent_metrics.test_agent_metrics import CALL
from tests.helpers import START, consume, make, metric, request, span

OURS, THEIRS = "a.wrapper", "the.client"
Told = tuple[str, str, float, float]
"""Scope, response id, begin and duration in seconds."""


def calls(*told: Told) -> float:
    """How many model calls are counted, each told in a trace of its own."""
    message = request()
    del message.resource_spans[0].scope_spans[:]
    for number, (scope, response, start, seconds) in enumerate(told, start=1):
        attributes = CALL | ({"gen_ai.response.id": response} if response else {})
        made = span(trace=number, attributes=attributes, start=START + start, seconds=seconds)
        spans = message.resource_spans[0].scope_spans.add()
        spans.scope.name = scope
        spans.spans.append(made)
    processor = make(AgentMetrics)
    consume(processor, Batch(message))
    return metric(processor, "llm_tokens_total", model="gpt-4o", direction="output") / 100


WRAPPED = (OURS, "msg_1", 0.0, 1.0)


@pytest.mark.parametrize("again", [[], [(THEIRS, "msg_2", 2.0, 1.0)]])
def test_one_response_within_the_others_time_is_one_call(again: list[Told]) -> None:
    inner = (THEIRS, "msg_1", 0.1, 0.8)
    assert calls(WRAPPED, inner, *again) == calls(inner, WRAPPED, *again) == 1 + len(again)


@pytest.mark.parametrize(
    "other",
    [
        (THEIRS, "msg_2", 0.1, 0.8),
        (THEIRS, "", 0.1, 0.8),
        (THEIRS, "msg_1", 5.0, 0.8),  # some servers give the same few ids again and again
        (OURS, "msg_1", 0.1, 0.8),
    ],
    ids=["another response", "no response", "another time", "the same instrumentation"],
)
def test_all_else_are_two_calls(other: Told) -> None:
    assert calls(WRAPPED, other) == 2


def test_calls_that_tell_no_response_are_never_the_same() -> None:
    assert calls((OURS, "", 0.0, 1.0), (THEIRS, "", 0.1, 0.8)) == 2
