"""What a model call adds to the table, and what adds nothing."""

import pytest

from collector import Batch
from tests.helpers import START, attributes, batch, consume, metric, request, span
from tests.user_costs.support import HOUR, Line, call


def test_calls_add_up_by_hour_user_and_organisation(collector):
    one = collector()
    acme = {"organization.id": "acme"}
    consume(
        one.processor,
        batch(
            call("ada", attributes=acme, tokens=(10, 5), cost=0.5),
            call("ada", attributes=acme, tokens=(1, 2), cost=0.25, model="gpt-5"),
            call("ada", start=START + 3600),
            call("bob", cost=None),
        ),
    )
    consume(one.processor, batch(call("bob", tokens=(7, 7)), resource={"service.name": "bot"}))
    both = {"gpt-4o": 0.5, "gpt-5": 0.25}
    assert one.rows == [
        Line(HOUR, "ada", "acme", 2, 11, 7, 0.75, both, {"agent": 0.75}),
        Line(HOUR, "bob", "", 2, 17, 12, 0.5, {"gpt-4o": 0.5}, {"agent": 0.0, "bot": 0.5}),
        Line("2025-06-15T16:00:00Z", "ada", "", 1, 10, 5, 0.5, {"gpt-4o": 0.5}, {"agent": 0.5}),
    ]


def test_agent_spans_that_repeat_their_childrens_usage_add_nothing(collector):
    one = collector()
    run = call(operation="invoke_agent", tokens=(30, 15), cost=1.5)
    step = call(operation="chat", tokens=(30, 15), cost=1.5, parent=run.span_id)
    calls = [call(parent=step.span_id) for _ in range(3)]
    consume(one.processor, batch(*calls, step, run))
    assert [row[3:7] for row in one.rows] == [(3, 30, 15, 1.5)]


def test_a_response_that_two_instrumentations_tell_of_in_traces_of_their_own_counts_once(collector):
    one = collector()
    told = {"gen_ai.response.id": "msg_1"}
    outer = call(attributes=told, trace=1, seconds=1.0)
    inner = call(attributes=told, trace=2, start=START + 0.1, seconds=0.8)
    message = request(outer)
    scope = message.resource_spans[0].scope_spans.add(spans=[inner])
    scope.scope.name = "the.client"
    consume(one.processor, Batch(message))
    assert [row[3:7] for row in one.rows] == [(1, 10, 5, 0.5)]


def test_what_a_call_does_not_tell_is_taken_from_the_spans_above_and_its_resource(collector):
    one = collector()
    top = span(attributes={"user.id": "ada", "gen_ai.agent.name": "planner"})
    agent = span(attributes={"gen_ai.agent.name": "searcher"}, parent=top.span_id)
    consume(
        one.processor,
        batch(call(None, parent=agent.span_id), agent, top, resource={"tenant.id": "acme"}),
    )
    (row,) = one.rows
    assert (row.user, row.organization, row.features) == ("ada", "acme", {"searcher": 0.5})


def test_spans_that_are_each_others_parents_do_not_hold_the_batch_up(collector):
    one = collector()
    first, second = span(), span()
    first.parent_span_id, second.parent_span_id = second.span_id, first.span_id
    consume(one.processor, batch(call(None, parent=first.span_id), first, second))
    assert [row.user for row in one.rows] == [""]


def test_the_attributes_that_tell_user_organisation_and_feature_are_settings(collector):
    one = collector(user=["who"], organization=["team"], feature=["task", "job"])
    told = {"who": 17, "team": "red", "job": "summary"}
    consume(one.processor, batch(call("ada", attributes=told)))
    (row,) = one.rows
    assert (row.user, row.organization, row.features) == ("17", "red", {"summary": 0.5})


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), -1.0, 1e300])
def test_a_cost_that_makes_no_sense_is_none(collector, cost):
    one = collector()
    consume(one.processor, batch(call(cost=cost), call(cost=0.25)))
    assert [(row.invocations, row.cost) for row in one.rows] == [(2, 0.25)]


@pytest.mark.parametrize("began", [0, START + 86_400])
def test_a_call_that_cannot_have_begun_then_counts_in_the_hour_in_which_it_arrives(
    collector, began
):
    one = collector()
    consume(one.processor, batch(call(start=began)))
    assert [row.hour for row in one.rows] == [HOUR]


def test_spans_pass_as_they_came_and_calls_are_counted_in_the_metrics(collector):
    one = collector()
    sent = batch(call(), span())
    before = sent.payload
    consume(one.processor, sent)
    assert [found.payload for found in one.processor.next.batches] == [before]
    assert len(attributes(one.processor.next.spans)) == 2
    labels = {"pipeline": "traces", "component": "user_costs"}
    assert metric(one.processor, "winnow_user_costs_calls_total", **labels, result="counted") == 1
    assert metric(one.processor, "winnow_user_costs_backlog", **labels) == 1
    assert one.rows
    assert metric(one.processor, "winnow_user_costs_backlog", **labels) == 0
    assert metric(one.processor, "winnow_user_costs_rows_total", **labels) == 1
