"""What became of answers, and how long the good ones took."""

from typing import Any

import pytest

from processors.agent_metrics import AgentMetrics
from tests.helpers import START, batch, consume, make, metric, span

ACCEPTED = {"agent.outcome": "accepted"}


def event(name: str, at: float, **fields: Any) -> Any:
    made = span(**fields)
    made.events.add(name=name, time_unix_nano=int((START + at) * 1e9))
    return made


def outcomes(processor: AgentMetrics, outcome: str) -> float:
    return metric(processor, "agent_outcomes_total", agent="agent", outcome=outcome)


def good(processor: AgentMetrics, part: str) -> float:
    return metric(processor, f"agent_time_to_good_output_seconds_{part}", agent="agent")


@pytest.mark.parametrize("outcome", ["accepted", "regenerated", "abandoned"])
def test_outcomes_are_counted_from_events(outcome: str) -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(event(f"agent.outcome.{outcome}", 30)))
    assert outcomes(processor, outcome) == 1
    assert good(processor, "count") == (outcome == "accepted")


def test_the_time_runs_from_the_roots_start_to_the_accepting_event() -> None:
    processor = make(AgentMetrics)
    root = span("root")
    consume(processor, batch(event("agent.outcome.accepted", 42, parent=root.span_id), root))
    assert good(processor, "sum") == pytest.approx(42)


def test_an_attribute_tells_at_the_end_of_its_span() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(span(attributes=ACCEPTED, seconds=7)))
    assert outcomes(processor, "accepted") == 1
    assert good(processor, "sum") == pytest.approx(7)


@pytest.mark.parametrize("root_first", [True, False])
def test_root_and_outcome_may_arrive_apart(root_first: bool) -> None:
    processor = make(AgentMetrics)
    root = span("root")
    batches = [batch(root), batch(event("agent.outcome.accepted", 90, parent=root.span_id))]
    consume(processor, *(batches if root_first else batches[::-1]))
    assert good(processor, "count") == 1
    assert good(processor, "sum") == pytest.approx(90)


def test_an_outcome_told_by_attribute_and_event_of_a_span_is_one() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(event("agent.outcome.accepted", 5, attributes=ACCEPTED)))
    assert outcomes(processor, "accepted") == good(processor, "count") == 1
    assert good(processor, "sum") == pytest.approx(5)


def test_names_are_configurable() -> None:
    settings = {
        "attributes": ["verdict"],
        "events": {"thumbs_up": "liked"},
        "accepted": ["liked", "fine"],
    }
    processor = make(AgentMetrics, {"outcomes": settings})
    consume(processor, batch(span(attributes={"verdict": "fine"}), event("thumbs_up", 3, trace=2)))
    assert outcomes(processor, "fine") == outcomes(processor, "liked") == 1
    assert good(processor, "count") == 2


def test_a_root_that_never_comes_takes_no_room_for_ever() -> None:
    processor = make(AgentMetrics, {"max_traces": 2})
    waiting = (
        event("agent.outcome.accepted", 1, parent=b"elsewher", trace=number)
        for number in range(1, 6)
    )
    consume(processor, *map(batch, waiting))
    assert metric(processor, "winnow_agent_metrics_forgotten_total", memory="roots") == 3
