"""What counts as a call made again, and as a loop."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from collector.model_calls import RETRY_ATTRIBUTES
from processors.agent_metrics.retries import retries
from processors.tail_sampling.policies.base import Setup, Verdict
from processors.tail_sampling.policies.retries import Retries, RetriesSettings
from processors.tail_sampling.summary import Summary
from tests.helpers import ManualClock, batch, consume, span
from tests.tail_sampling.support import kept, sampler, wait

numbers = itertools.count(1)


def trace(*spans):
    """The spans given as a trace of its own."""
    number = next(numbers)
    for one in spans:
        one.trace_id = number.to_bytes(16, "big")
    return list(spans)


def policy(**settings):
    return {"name": "again", "type": "retries", "retries": settings}


def step(operation, name, start, *, parent=b"rootroot", kind=Span.SPAN_KIND_INTERNAL, **fields):
    """A call of half a second."""
    told = fields.pop("attributes", {})
    return span(
        name,
        attributes={"gen_ai.operation.name": operation} | told,
        start=1_000_000 + start,
        seconds=0.5,
        parent=parent,
        kind=kind,
        **fields,
    )


def tool(name, start, arguments=None, **fields):
    told = {} if arguments is None else {"gen_ai.tool.call.arguments": arguments}
    attributes = {"gen_ai.tool.name": name} | told
    return step("execute_tool", f"execute_tool {name}", start, attributes=attributes, **fields)


RETRIES = policy()


@pytest.mark.parametrize("operation", ["chat", "execute_tool", "invoke_agent"])
def test_a_call_after_a_failed_one_of_its_name_is_a_retry(operation):
    failed, again = step(operation, "x", 0, error=True), step(operation, "x", 1)
    assert kept(RETRIES, trace(failed, again)) == [True]


@pytest.mark.parametrize(
    "second",
    [
        step("chat", "y", 1),
        step("chat", "x", 1, parent=b"elsewhre"),
        step("chat", "x", 0.4),
        step("other", "x", 1),
    ],
    ids=["another name", "another parent", "begun before", "no call"],
)
def test_not_everything_after_a_failure_is_a_retry(second):
    assert kept(RETRIES, trace(step("chat", "x", 0, error=True), second)) == [False]


def test_repeating_without_a_failure_is_no_retry():
    assert kept(RETRIES, trace(tool("search", 0), tool("search", 1))) == [False]


def test_retries_are_found_across_batches_in_any_order():
    for order in itertools.permutations(range(3)):
        tail = sampler(policy(min_retries=2))
        spans = trace(*(step("chat", "x", i, error=i < 2) for i in range(3)))
        consume(tail, *(batch(spans[i]) for i in order))
        wait(tail)
        assert len(tail.next.spans) == 3


def test_a_span_that_was_sent_twice_is_no_retry():
    tail = sampler(policy(min_repeats=2))
    (once,) = trace(step("chat", "x", 0, error=True))
    consume(tail, batch(once), batch(once))
    wait(tail)
    assert tail.next.spans == []


def test_an_attribute_may_say_that_a_call_was_made_again():
    def calls_of(key, *values):
        return [trace(step("chat", "x", 0, attributes={key: value})) for value in values]

    resent = calls_of("http.request.resend_count", 0, 1)
    assert kept(RETRIES, *resent) == [False, True]
    mine = policy(retry_attributes=["my.attempt"])
    assert kept(mine, *resent, *calls_of("my.attempt", 2)) == [False, False, True]


def test_a_loop_is_one_tool_called_often_with_the_same_arguments():
    loop = [tool("search", i, '{"q": "a"}') for i in range(3)]
    search = [tool("search", i, f'{{"q": "{i}"}}') for i in range(3)]
    untold = [tool("search", i) for i in range(3)]
    traces = [trace(*loop), trace(*search), trace(*untold)]
    assert kept(policy(min_repeats=3), *traces) == [True, False, True]
    any_arguments = policy(min_repeats=3, same_arguments=False)
    assert kept(any_arguments, *traces) == [True, True, True]
    assert kept(policy(min_repeats=4), *traces) == [False, False, False]


def test_a_loop_may_be_one_agent_run_often():
    def agent(name, start):
        return step("invoke_agent", "run", start, attributes={"gen_ai.agent.name": name})

    traces = [trace(agent("a", 0), agent("a", 1)), trace(agent("a", 0), agent("b", 1))]
    assert kept(policy(min_repeats=2), *traces) == [True, False]


def test_what_client_and_server_tell_of_a_call_is_one_call():
    spans = [
        tool("search", 0),
        tool("search", 0, kind=Span.SPAN_KIND_CLIENT),
        tool("search", 0, kind=Span.SPAN_KIND_SERVER),
    ]
    assert kept(policy(min_repeats=2), trace(*spans)) == [False]


def test_so_many_calls_of_a_trace_are_followed_and_no_more():
    spans = trace(*(step("chat", f"x{i}", i) for i in range(1500)))
    tail = sampler(RETRIES)
    consume(tail, batch(*spans))
    (open_trace,) = tail._open.traces()
    assert len(open_trace.summary.state[0]) <= 1000 * 48


def test_retries_need_something_to_count():
    with pytest.raises(ValidationError, match="give min_retries, min_repeats or both"):
        RetriesSettings(min_retries=0)


calls = st.builds(
    step,
    st.sampled_from(["chat", "execute_tool", "invoke_agent"]),
    st.sampled_from(["x", "y"]),
    st.integers(min_value=0, max_value=5),
    parent=st.sampled_from([b"", b"parent-1", b"parent-2"]),
    error=st.booleans(),
    attributes=st.sampled_from([{}, {"retry.attempt": 0}, {"retry.attempt": 2}]),
)


@given(st.lists(calls, max_size=12))
def test_retries_are_those_that_agent_retries_total_counts(spans):
    records = batch(*spans).spans
    counted = sum(1 for _ in retries(records, records, frozenset(RETRY_ATTRIBUTES)))
    for wanted in (counted, counted + 1):
        setup = Setup(ManualClock())
        asked = Retries(RetriesSettings(min_retries=max(1, wanted)), setup)
        summary = Summary(bytes(16), slots=1)
        asked.observe(summary, records)
        assert asked.decide(summary) is Verdict.of(0 < wanted <= counted)
