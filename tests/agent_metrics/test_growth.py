"""The context's growth from one model call of a session to the next."""

from typing import Any

import pytest

from processors.agent_metrics import AgentMetrics
from tests.agent_metrics.test_agent_metrics import CALL
from tests.helpers import START, batch, consume, make, metric, span


def turn(tokens: int, start: float, session: str = "s1", **attributes: Any) -> Any:
    told = {"gen_ai.usage.input_tokens": tokens, "gen_ai.conversation.id": session}
    return span(attributes=CALL | told | attributes, start=START + start)


def growth(processor: AgentMetrics, part: str, agent: str = "agent") -> float:
    return metric(processor, f"llm_context_growth_ratio_{part}", agent=agent)


def test_each_turn_is_compared_with_the_one_before() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(turn(300, 2), turn(100, 1)), batch(turn(150, 3)))
    assert growth(processor, "count") == 2
    assert growth(processor, "sum") == pytest.approx(3 + 0.5)


def test_sessions_and_agents_have_contexts_of_their_own() -> None:
    processor = make(AgentMetrics)
    others = turn(100, 2, "s2"), turn(100, 3, **{"gen_ai.agent.name": "helper"})
    consume(processor, batch(turn(200, 1), *others))
    assert growth(processor, "count") == growth(processor, "count", "helper") == 0


def test_a_call_that_comes_late_says_nothing() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(turn(200, 5)), batch(turn(100, 1)), batch(turn(400, 6)))
    assert growth(processor, "count") == 1
    assert growth(processor, "sum") == pytest.approx(2)


def test_calls_without_a_session_are_not_followed() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(span(attributes=CALL), span(attributes=CALL, start=START + 1)))
    assert growth(processor, "count") == 0


def test_another_attribute_may_name_the_session() -> None:
    processor = make(AgentMetrics, {"session_attributes": ["thread"]})
    consume(processor, batch(turn(100, 1, thread="t"), turn(200, 2, "s2", thread="t")))
    assert growth(processor, "sum") == pytest.approx(2)


def test_the_oldest_sessions_are_forgotten_and_counted() -> None:
    processor = make(AgentMetrics, {"max_sessions": 1})
    turns = turn(100, 1, "s1"), turn(100, 2, "s2"), turn(200, 3, "s1")
    consume(processor, *map(batch, turns))
    assert growth(processor, "count") == 0
    forgotten = "winnow_agent_metrics_forgotten_total"
    assert metric(processor, forgotten, memory="sessions") == 2


def test_a_batch_that_is_refused_and_sent_again_is_one_turn() -> None:
    processor = make(AgentMetrics)
    consume(processor, batch(turn(100, 1)))
    refused = batch(turn(200, 2))
    processor.consume(refused)
    refused.transaction.rolled_back()
    consume(processor, batch(turn(200, 2)))
    assert growth(processor, "sum") == pytest.approx(2)
