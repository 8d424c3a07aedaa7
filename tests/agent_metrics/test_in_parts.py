"""However the spans of a call are split into batches, it counts once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import Batch
from collector.storage import Storage
from processors.agent_metrics import AgentMetrics
from tests.agent_metrics.test_agent_metrics import CALL, LABELS
from tests.helpers import START, batch, consume, make, metric, request, span

OURS, THEIRS = "a.wrapper", "the.client"
FORGOTTEN = "winnow_agent_metrics_forgotten_total"
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search"}


def sums(processor: AgentMetrics) -> tuple[float, ...]:
    """Model calls by every metric that counts them, and tool calls."""
    cost = {"model": "gpt-4o", "environment": "", "agent": "agent", "stage": ""}
    return (
        metric(processor, "llm_tokens_total", model="gpt-4o", direction="output") / 100,
        metric(processor, "llm_cost_usd_total", **cost) / 0.25,
        metric(processor, "llm_finish_reason_total", model="gpt-4o", reason="stop"),
        metric(processor, "gen_ai_client_operation_duration_seconds_count", **LABELS),
        metric(processor, "tool_calls_total", tool="search", server="", status="ok"),
    )


def calls(number: int) -> tuple[float, ...]:
    """So many model calls and no tool call."""
    return number, number, number, number, 0


def told(scope: str, response: str, start: float, seconds: float, trace: int = 1) -> Batch:
    """A batch with a model call that `scope` tells of."""
    attributes = CALL | {"gen_ai.response.id": response}
    made = span(attributes=attributes, start=START + start, seconds=seconds, trace=trace)
    message = request(made)
    message.resource_spans[0].scope_spans[0].scope.name = scope
    return Batch(message)


def test_the_span_around_a_call_may_come_later() -> None:
    processor, outer = make(AgentMetrics), span(attributes=CALL)
    inner = span(attributes=CALL, parent=outer.span_id)
    consume(processor, batch(inner), batch(outer))
    assert sums(processor) == calls(1)


def test_or_earlier() -> None:
    processor, outer = make(AgentMetrics), span(attributes=CALL)
    inner = span(attributes=CALL, parent=outer.span_id)
    consume(processor, batch(outer), batch(inner))
    assert sums(processor) == calls(1)


def test_several_around_each_other_count_once_as_they_end_and_as_they_began() -> None:
    spans = [span(attributes=CALL)]
    for _ in range(3):
        spans.append(span(attributes=CALL, parent=spans[-1].span_id))
    for order in (spans, spans[::-1]):
        processor = make(AgentMetrics)
        consume(processor, *map(batch, order))
        assert sums(processor) == calls(1)


def test_a_call_below_two_spans_of_which_the_outer_was_counted_counts_no_more() -> None:
    processor, outer = make(AgentMetrics), span(attributes=CALL)
    middle = span(attributes=CALL, parent=outer.span_id)
    inner = span(attributes=CALL, parent=middle.span_id)
    late = span(attributes=CALL, parent=middle.span_id)
    consume(processor, batch(outer), batch(inner, middle), batch(late))
    assert sums(processor) == calls(1)


def test_a_span_around_two_calls_leaves_both_counted() -> None:
    processor, outer = make(AgentMetrics), span(attributes=CALL)
    one, two = (span(attributes=CALL, parent=outer.span_id) for _ in range(2))
    consume(processor, batch(one), batch(outer), batch(two))
    assert sums(processor) == calls(2)


def test_calls_of_the_same_parent_in_batches_of_their_own_all_count() -> None:
    processor, parent = make(AgentMetrics), b"\1" * 8
    consume(processor, *(batch(span(attributes=CALL, parent=parent)) for _ in range(3)))
    assert sums(processor) == calls(3)


def test_the_same_span_id_in_another_trace_is_another_call() -> None:
    processor = make(AgentMetrics)
    one, two = span(attributes=CALL, trace=1), span(attributes=CALL, trace=2)
    two.span_id = one.span_id
    consume(processor, batch(one), batch(two))
    assert sums(processor) == calls(2)


def test_a_batch_that_is_sent_again_counts_nothing_more() -> None:
    processor, agent = make(AgentMetrics), span()
    outer = span(attributes=CALL, parent=agent.span_id)
    inner = span(attributes=CALL, parent=outer.span_id)
    tool = span(attributes=TOOL, parent=agent.span_id)
    sent = [inner, outer, tool, agent]
    consume(processor, batch(*sent), batch(*sent), batch(*sent, span(attributes=CALL)))
    assert sums(processor) == (2, 2, 2, 2, 1)
    assert len(processor.next.spans) == 13


def test_the_same_span_twice_in_a_batch_counts_once() -> None:
    processor, sent = make(AgentMetrics), span(attributes=CALL)
    consume(processor, batch(sent, sent))
    assert sums(processor) == calls(1)


def test_a_refused_batch_is_not_remembered() -> None:
    processor, outer = make(AgentMetrics), span(attributes=CALL)
    inner = span(attributes=CALL, parent=outer.span_id)
    for refused in (batch(inner), batch(outer), told(OURS, "msg_1", 0, 1)):
        processor.consume(refused)
        refused.transaction.rolled_back()
    consume(processor, batch(outer), told(THEIRS, "msg_1", 0.1, 0.8))
    assert sums(processor) == calls(2)


def test_while_a_batch_is_under_way_its_calls_are_taken_for_counted() -> None:
    processor, storage, sent = make(AgentMetrics), Storage(), span(attributes=CALL)
    storage.open()
    tellings = told(OURS, "msg_1", 0, 1, trace=2), told(THEIRS, "msg_1", 0.1, 0.8, trace=3)
    for first, second in ((batch(sent), batch(sent)), tellings):
        with storage.transaction() as first.transaction:
            processor.consume(first)
            consume(processor, second)
    assert sums(processor) == calls(2)


def test_also_those_around_which_and_below_which_another_comes() -> None:
    for order in (0, 1), (1, 0):
        processor, storage, outer = make(AgentMetrics), Storage(), span(attributes=CALL)
        storage.open()
        spans = outer, span(attributes=CALL, parent=outer.span_id)
        first, second = (batch(spans[number]) for number in order)
        with storage.transaction() as first.transaction:
            processor.consume(first)
            consume(processor, second)
        assert sums(processor) == calls(1)


@pytest.mark.parametrize("inner_first", [True, False])
def test_a_response_that_another_instrumentation_told_of_before_is_not_counted_again(
    inner_first: bool,
) -> None:
    processor = make(AgentMetrics)
    tellings = [told(THEIRS, "msg_1", 0.1, 0.8, trace=2), told(OURS, "msg_1", 0, 1, trace=1)]
    consume(processor, *(tellings if inner_first else reversed(tellings)))
    assert sums(processor) == calls(1)


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
def test_all_else_are_two_calls(other: tuple[str, str, float, float]) -> None:
    processor = make(AgentMetrics)
    consume(processor, told(OURS, "msg_1", 0, 1), told(*other))
    assert sums(processor) == calls(2)


def test_a_tool_call_told_by_framework_and_client_counts_once_over_batches() -> None:
    processor, framework = make(AgentMetrics), span(attributes=TOOL)
    client = span(attributes=TOOL, parent=framework.span_id, kind=3)
    server = span(attributes=TOOL, parent=client.span_id, kind=2)
    consume(processor, batch(server), batch(client), batch(framework))
    assert sums(processor)[-1] == 1


def test_a_model_call_that_a_tool_makes_counts_beside_it() -> None:
    processor, tool = make(AgentMetrics), span(attributes=TOOL)
    consume(processor, batch(tool), batch(span(attributes=CALL, parent=tool.span_id)))
    assert sums(processor) == (1, 1, 1, 1, 1)


@pytest.mark.parametrize(("memory", "attributes"), [("calls", CALL), ("tools", TOOL)])
def test_what_is_forgotten_for_newer_calls_is_counted_as_forgotten(
    memory: str, attributes: dict[str, object]
) -> None:
    processor = make(AgentMetrics, {"max_calls": 4})
    sent = [span(attributes=attributes, trace=number) for number in range(1, 8)]
    consume(processor, *map(batch, sent))
    assert metric(processor, FORGOTTEN, memory=memory) == 5
    consume(processor, *(batch(sent[-1]) for _ in range(3)))
    assert max(sums(processor)) == 7
    consume(processor, batch(*sent))
    assert max(sums(processor)) == 7 + 5


def test_of_calls_in_one_trace_too() -> None:
    processor = make(AgentMetrics, {"max_calls": 4})
    sent = [span(attributes=CALL) for _ in range(7)]
    consume(processor, *map(batch, sent))
    assert metric(processor, FORGOTTEN, memory="calls") == 4
    consume(processor, batch(*sent[-3:]))
    assert sums(processor) == calls(7)
    consume(processor, batch(*sent[:2]))
    assert sums(processor) == calls(9)


def test_of_responses_too() -> None:
    processor = make(AgentMetrics, {"max_calls": 4})
    sent = [told(OURS, f"msg_{n}", 0, 1, trace=n + 1) for n in range(7)]
    consume(processor, *sent, told(THEIRS, "msg_0", 0.1, 0.8), told(THEIRS, "msg_6", 0.1, 0.8))
    assert metric(processor, FORGOTTEN, memory="responses") == 6
    assert sums(processor) == calls(8)


@st.composite
def traces(draw: st.DrawFn) -> list[Batch]:
    """Spans of a trace, each in a batch of its own: calls and tools, some told by two spans."""
    spans = [span()]
    for kind in draw(st.lists(st.sampled_from([{}, CALL, TOOL]), max_size=6)):
        under = draw(st.sampled_from([one for one in spans if not one.attributes])).span_id
        spans.append(span(attributes=kind, parent=under))
        if kind and draw(st.booleans()):
            spans.append(span(attributes=kind, parent=spans[-1].span_id))
    alone = [batch(one) for one in spans]
    for number in range(draw(st.integers(0, 3))):
        alone.append(told(THEIRS, f"msg_{number}", 0.1, 0.8, trace=10 + number))
        if draw(st.booleans()):
            alone.append(told(OURS, f"msg_{number}", 0, 1, trace=20 + number))
    return draw(st.permutations(alone))


@given(traces(), st.data())
def test_any_split_gives_the_sums_of_one_batch(alone: list[Batch], data: st.DataObject) -> None:
    whole, parts = make(AgentMetrics), make(AgentMetrics)
    payloads = [one.payload for one in alone]
    consume(whole, Batch(payload=b"".join(payloads)))
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=len(payloads), max_size=len(payloads)))
    while payloads:
        size = sizes.pop()
        consume(parts, Batch(payload=b"".join(payloads[:size])))
        if data.draw(st.booleans()):
            consume(parts, Batch(payload=b"".join(payloads[:size])))
        del payloads[:size]
    assert sums(parts) == sums(whole)
