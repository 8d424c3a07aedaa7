"""Type, usage and cost, said in Langfuse's own keys."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.langfuse.observations import COMPLETION_START, COST, TYPE, USAGE, describe
from tests.helpers import START, attributes, batch, span

CHAT = {"gen_ai.operation.name": "chat"}


def described(own: dict[str, object]) -> dict[str, object]:
    """The attributes of a span that had these, after it was described."""
    one = batch(span(attributes=own))
    describe(one.spans[0])
    return attributes(one.spans)[0]


def usage(own: dict[str, object]) -> dict[str, int]:
    return json.loads(str(described(CHAT | own).get(USAGE, "{}")))


@pytest.mark.parametrize(
    ("operation", "kind"),
    [
        ("chat", "generation"),
        ("text_completion", "generation"),
        ("generate_content", "generation"),
        ("embeddings", "embedding"),
        ("retrieval", "retriever"),
        ("execute_tool", "tool"),
        ("invoke_agent", "agent"),
        ("create_agent", "agent"),
        ("invoke_workflow", "chain"),
        ("run_guardrail", "guardrail"),
    ],
)
def test_the_operation_says_the_type(operation, kind):
    assert described({"gen_ai.operation.name": operation})[TYPE] == kind


def test_openinference_says_the_type_before_the_operation():
    own = {"openinference.span.kind": "GUARDRAIL", "gen_ai.operation.name": "chat"}
    assert described(own)[TYPE] == "guardrail"


def test_a_model_makes_a_generation_of_an_unknown_operation():
    assert described({"gen_ai.request.model": "gpt-4o"})[TYPE] == "generation"


def test_a_type_that_is_said_already_stays():
    assert described(CHAT | {TYPE: "chain"})[TYPE] == "chain"


def test_an_ordinary_span_is_left_alone():
    assert described({"http.route": "/"}) == {"http.route": "/"}


def test_buckets_do_not_overlap():
    own = {
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.output_tokens": 50,
        "gen_ai.usage.cache_read.input_tokens": 30,
        "gen_ai.usage.cache_creation.input_tokens": 5,
        "gen_ai.usage.reasoning.output_tokens": 20,
    }
    assert usage(own) == {
        "input": 65,
        "output": 30,
        "input_cached_tokens": 30,
        "input_cache_creation": 5,
        "output_reasoning_tokens": 20,
    }


def test_cache_writes_have_two_names():
    old = usage({"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_creation.input_tokens": 4})
    new = usage({"gen_ai.usage.input_tokens": 9, "gen_ai.usage.cache_write.input_tokens": 4})
    assert old == new == {"input": 5, "input_cache_creation": 4}


def test_the_current_name_wins_over_the_old_one():
    own = {"gen_ai.usage.prompt_tokens": 1, "gen_ai.usage.input_tokens": 2}
    assert usage(own) == {"input": 2}


def test_parts_larger_than_the_whole_stood_beside_it():
    own = {"gen_ai.usage.input_tokens": 10, "gen_ai.usage.cache_read.input_tokens": 900}
    assert usage(own) == {"input": 10, "input_cached_tokens": 900}


def test_audio_is_a_bucket_of_its_own():
    own = {"gen_ai.usage.output_tokens": 10, "gen_ai.usage.audio.output_tokens": 7}
    assert usage(own) == {"output": 3, "output_audio_tokens": 7}


@pytest.mark.parametrize("value", ["12", True, -1, float("nan"), float("inf"), 1e300, 2**62, [1]])
def test_what_is_no_count_of_tokens_is_no_bucket(value):
    assert usage({"gen_ai.usage.input_tokens": value}) == {}


def test_usage_that_is_said_already_stays():
    own = CHAT | {"gen_ai.usage.input_tokens": 3, USAGE: '{"input": 1}'}
    assert described(own)[USAGE] == '{"input": 1}'


def test_cost_is_a_string_of_json_with_a_total():
    assert json.loads(str(described(CHAT | {"gen_ai.usage.cost": 0.0125})[COST])) == {
        "total": 0.0125
    }


@pytest.mark.parametrize("cost", [{}, {"gen_ai.usage.cost": float("nan")}])
def test_an_unknown_cost_leaves_langfuse_to_its_own_prices(cost):
    assert COST not in described(CHAT | cost)


def test_a_cost_of_nothing_is_a_cost():
    assert json.loads(str(described(CHAT | {"gen_ai.usage.cost": 0.0})[COST])) == {"total": 0.0}


@pytest.mark.parametrize("operation", ["invoke_agent", "agent_step"])
def test_an_agent_s_sum_of_its_calls_is_not_counted_again(operation):
    own = {
        "gen_ai.operation.name": operation,
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.cost": 1.0,
    }
    found = described(own)
    assert found[TYPE] == "agent"
    assert USAGE not in found
    assert COST not in found


@pytest.mark.parametrize("source", ["reported", "config", "genai-prices", "litellm"])
def test_an_agent_that_was_priced_as_a_call_keeps_its_usage_and_cost(source):
    own = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": 100,
        "gen_ai.usage.cost": 1.0,
        "winnow.cost.source": source,
    }
    found = described(own)
    assert "gen_ai.operation.name" not in found
    assert found[TYPE] == "agent"
    assert json.loads(str(found[USAGE])) == {"input": 100}
    assert json.loads(str(found[COST])) == {"total": 1.0}


def test_a_tool_has_no_usage():
    own = {"gen_ai.operation.name": "execute_tool", "gen_ai.usage.input_tokens": 3}
    assert USAGE not in described(own)


def test_the_first_chunk_is_told_as_a_time():
    found = described(CHAT | {"gen_ai.response.time_to_first_chunk": 1.5})
    assert found[COMPLETION_START] == "2025-06-15T15:06:41.500+00:00"
    assert START == 1_750_000_000


@pytest.mark.parametrize("seconds", [float("inf"), float("nan"), -1e300, "1.5", True])
def test_a_first_chunk_at_no_time_is_not_told(seconds):
    assert COMPLETION_START not in described(
        CHAT | {"gen_ai.response.time_to_first_chunk": seconds}
    )


tokens = st.integers(0, 10**6)


@given(whole=tokens, read=tokens, written=tokens)
def test_no_token_is_lost_or_counted_twice(whole, read, written):
    buckets = usage(
        {
            "gen_ai.usage.input_tokens": whole,
            "gen_ai.usage.cache_read.input_tokens": read,
            "gen_ai.usage.cache_write.input_tokens": written,
        }
    )
    inclusive = read + written <= whole
    assert sum(buckets.values()) == (whole if inclusive else whole + read + written)


values = st.one_of(
    st.text(max_size=5), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(), st.binary()
)
keys = st.sampled_from(
    [
        "gen_ai.operation.name",
        "openinference.span.kind",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cost",
        "gen_ai.response.time_to_first_chunk",
        "winnow.cost.source",
    ]
)


@given(st.dictionaries(keys, values))
def test_no_attribute_can_break_it(own):
    described(CHAT | own)
    described(own | {TYPE: "generation"})
