"""The policy on conditions: which spans and events it asks, and what errors do."""

from tests.helpers import batch, consume, metric, span
from tests.tail_sampling.support import ALWAYS, kept, sampler, wait

LENGTH = 'Len(attributes["n"]) > 1'  # no answer where it is a number


def policy(**settings):
    return {"name": "policy", "type": "ottl_condition", "ottl_condition": settings}


def with_event(event, trace, name="step"):
    made = span(name, trace=trace)
    made.events.add(name=event)
    return made


def failures(tail):
    name = "winnow_processor_errors_total"
    return metric(tail, name, component="test", error="ConditionError")


def test_one_condition_on_one_span_is_enough():
    conditions = policy(span=['name == "chat"', 'attributes["n"] > 5'])
    traces = [[span("chat", trace=1), span(trace=1)], [span(trace=2, attributes={"n": 6})]]
    assert kept(conditions, *traces, [span(trace=3)]) == [True, True, False]


def test_conditions_on_events_see_the_event_its_span_and_its_resource():
    parts = ['name == "exception"', 'span.name == "chat"', 'resource.attributes["a"] == nil']
    conditions = policy(spanevent=[" and ".join(parts)])
    traces = [with_event("exception", 1, "chat"), with_event("exception", 2), span(trace=3)]
    assert kept(conditions, *[[one] for one in traces]) == [True, False, False]


def test_what_one_batch_met_holds_for_the_trace():
    tail = sampler(policy(span=['name == "chat"']))
    consume(tail, batch(span("chat")), batch(span("other")))
    wait(tail)
    assert len(tail.next.spans) == 2


def test_a_condition_without_an_answer_is_not_met_and_counted_with_ignore():
    tail = sampler(policy(span=[LENGTH, 'name == "chat"']))
    consume(tail, batch(span(attributes={"n": 5}), span("chat", attributes={"n": 5})))
    wait(tail)
    assert len(tail.next.spans) == 2
    assert failures(tail) == 1


def test_silent_counts_nothing():
    tail = sampler(policy(span=[LENGTH], error_mode="silent"))
    consume(tail, batch(span(attributes={"n": 5})))
    wait(tail)
    assert tail.next.spans == []
    assert failures(tail) == 0


def test_with_propagate_the_policy_has_no_say_on_the_trace():
    strict = policy(span=[LENGTH, 'name == "chat"'], error_mode="propagate")
    inverted = {"name": "not", "type": "not", "not": {"not_sub_policy": strict}}
    tail = sampler(inverted)
    consume(tail, batch(span("chat", attributes={"n": 5}), span("chat")))
    wait(tail)
    assert tail.next.spans == []
    assert failures(tail) == 1


def test_what_was_met_before_an_error_holds_with_propagate():
    strict = policy(span=[LENGTH, 'name == "chat"'], error_mode="propagate")
    first = span("chat", attributes={"n": "text"})
    assert kept(strict, [first, span(attributes={"n": 5})]) == [True]


def test_an_error_of_one_policy_does_not_keep_others_from_deciding():
    tail = sampler(policy(span=[LENGTH], error_mode="propagate"), ALWAYS)
    consume(tail, batch(span(attributes={"n": 5})))
    wait(tail)
    assert len(tail.next.spans) == 1
