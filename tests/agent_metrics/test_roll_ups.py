"""An agent's own account of its usage counts where no model call tells the same."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from processors.agent_metrics import AgentMetrics
from tests.agent_metrics.test_agent_metrics import CALL, counted
from tests.helpers import batch, consume, make, metric, span

RUN = {
    "gen_ai.operation.name": "invoke_agent",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.usage.input_tokens": 700,
    "gen_ai.usage.output_tokens": 70,
    "gen_ai.usage.cost": 0.5,
}


def tokens(processor: AgentMetrics) -> float:
    return metric(processor, "llm_tokens_total", model="gpt-4o", direction="input")


def test_an_agent_without_model_calls_is_counted() -> None:
    processor = counted(span(attributes=RUN))
    assert tokens(processor) == 700
    cost = {"model": "gpt-4o", "environment": "", "agent": "agent", "stage": ""}
    assert metric(processor, "llm_cost_usd_total", **cost) == 0.5
    duration = "gen_ai_client_operation_duration_seconds_count"
    assert not processor.context.counts.metrics.registry.get_sample_value(duration, {})


def test_an_agent_is_not_counted_above_a_model_call_however_far() -> None:
    agent = span(attributes=RUN)
    step = span("step", parent=agent.span_id)
    call = span(attributes=CALL, parent=step.span_id)
    assert tokens(counted(call, step, agent)) == 1_000


def test_beside_a_model_call_it_is() -> None:
    root = span("root")
    agent = span(attributes=RUN, parent=root.span_id)
    call = span(attributes=CALL, parent=root.span_id)
    assert tokens(counted(call, agent, root)) == 1_700


def test_of_agents_within_agents_the_innermost_counts() -> None:
    workflow = span(attributes=RUN | {"gen_ai.operation.name": "invoke_workflow"})
    outer = span(attributes=RUN, parent=workflow.span_id)
    inner = span(attributes=RUN, parent=outer.span_id)
    assert tokens(counted(inner, outer, workflow)) == 700


def test_an_agent_that_arrives_after_its_calls_is_not_counted() -> None:
    processor = make(AgentMetrics)
    agent = span(attributes=RUN)
    consume(processor, batch(span(attributes=CALL, parent=agent.span_id)), batch(agent))
    assert tokens(processor) == 1_000


def test_nor_is_one_that_arrives_after_an_agent_within_it() -> None:
    processor = make(AgentMetrics)
    outer = span(attributes=RUN)
    consume(processor, batch(span(attributes=RUN, parent=outer.span_id)), batch(outer))
    assert tokens(processor) == 700


def test_a_refused_batch_is_not_remembered() -> None:
    processor = make(AgentMetrics)
    refused = batch(span(attributes=CALL))
    processor.consume(refused)
    refused.transaction.rolled_back()
    consume(processor, batch(span(attributes=RUN)))
    assert tokens(processor) == 700


def test_what_is_forgotten_for_newer_traces_is_counted_as_forgotten() -> None:
    processor = make(AgentMetrics, {"max_traces": 2})
    consume(processor, *(batch(span(attributes=CALL, trace=number)) for number in range(1, 5)))
    forgotten = "winnow_agent_metrics_forgotten_total"
    assert metric(processor, forgotten, memory="traces") == 2


def test_agents_may_be_left_out() -> None:
    assert tokens(counted(span(attributes=RUN), agent_usage=False)) == 0


def test_parents_in_a_circle_do_no_harm() -> None:
    one, two = span(attributes=RUN), span(attributes=RUN)
    one.parent_span_id, two.parent_span_id = two.span_id, one.span_id
    assert tokens(counted(one, two)) == 0


TELLING = {"call": CALL, "run": RUN | {"gen_ai.usage.input_tokens": 1_000}, "step": {}}


@given(
    st.lists(st.tuples(st.sampled_from(["run", "step"]), st.integers(0, 99)), max_size=9),
    st.lists(st.tuples(st.sampled_from(["call", "run", "step"]), st.integers(0, 99)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_on_no_way_down_from_the_root_is_anything_counted_twice(
    inner: list[tuple[str, int]], leaves: list[tuple[str, int]], chance: Random
) -> None:
    spans, above, telling = [span("root")], {b"": b""}, []
    for number, (kind, parent) in enumerate(inner + leaves):
        under = spans[parent % (min(number, len(inner)) + 1)].span_id
        made = span(attributes=TELLING[kind], parent=under)
        spans.append(made)
        above[made.span_id] = under
        telling += [made.span_id] if kind != "step" else []
    covered = set()
    for one in telling:
        while one := above.get(one, b""):
            covered.add(one)
    chance.shuffle(spans)
    assert tokens(counted(*spans)) == 1_000 * len(set(telling) - covered)
