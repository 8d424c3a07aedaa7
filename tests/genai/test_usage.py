"""After `genai`, input contains what the cache gave and took, and output the reasoning."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collector.model_calls import Usage, read_usage
from processors.genai import GenAI
from tests.genai.through import translated
from tests.helpers import make

PREFIX = "gen_ai.usage."
RULE = "winnow.usage.rule"


def counted(settings: dict[str, Any] | None = None, scope: str = "test", **told: int) -> Any:
    """Input, output and the rule that was used; `told` has `__` for dots."""
    names = {"gen_ai.operation.name": "chat"} | {
        PREFIX + name.replace("__", "."): number for name, number in told.items()
    }
    result = translated(names, settings, scope=scope)
    return tuple(
        result.get(key) for key in (f"{PREFIX}input_tokens", f"{PREFIX}output_tokens", RULE)
    )


CACHE = {"cache_read__input_tokens": 30, "cache_creation__input_tokens": 10}


def test_counts_without_parts_leave_nothing_to_ask() -> None:
    assert counted(input_tokens=10, output_tokens=5) == (10, 5, None)
    assert counted(input_tokens=10, output_tokens=5, cache_read__input_tokens=0) == (10, 5, None)


def test_who_counts_decides_first() -> None:
    told = {"input_tokens": 100, "output_tokens": 5, **CACHE}
    exclusive = counted(scope="opentelemetry.instrumentation.bedrock", **told)
    assert exclusive == (140, 5, "scope:exclusive")
    inclusive = counted(scope="opentelemetry.instrumentation.anthropic", **told)
    assert inclusive == (100, 5, "scope:inclusive")


def test_more_cached_than_put_in_cannot_be_part_of_it() -> None:
    assert counted(input_tokens=39, output_tokens=5, **CACHE) == (79, 5, "counts:exclusive")
    assert counted(input_tokens=40, output_tokens=5, **CACHE) == (40, 5, "default:inclusive")


def test_what_cannot_be_outweighs_what_is_known() -> None:
    result = counted(scope="pydantic-ai", input_tokens=5, output_tokens=5, **CACHE)
    assert result == (45, 5, "counts:exclusive")


@pytest.mark.parametrize(
    ("total", "result"),
    [
        (105, (100, 5, "total:inclusive")),
        (145, (140, 5, "total:exclusive")),
        (107, (100, 5, "default:inclusive")),
        (20, (100, 5, "default:inclusive")),
    ],
)
def test_then_the_total_tells(total: int, result: tuple[Any, ...]) -> None:
    told = {"input_tokens": 100, "output_tokens": 5, "total_tokens": total, **CACHE}
    assert counted(**told) == result


@pytest.mark.parametrize(
    ("total", "result"),
    [
        (120, (100, 20, "total:inclusive")),
        (127, (100, 27, "total:inclusive")),
        (160, (140, 20, "total:exclusive")),
        (167, (140, 27, "total:exclusive")),
    ],
)
def test_the_total_tells_cache_and_reasoning_apart(total: int, result: tuple[Any, ...]) -> None:
    parts = {**CACHE, "reasoning__output_tokens": 7}
    assert counted(input_tokens=100, output_tokens=20, total_tokens=total, **parts) == result


def test_reasoning_that_outnumbers_the_output_is_added() -> None:
    result = counted(input_tokens=10, output_tokens=5, reasoning__output_tokens=6)
    assert result == (10, 11, "counts:exclusive")


def test_both_names_for_cache_writes_are_read() -> None:
    result = counted(input_tokens=10, output_tokens=5, cache_write__input_tokens=11)
    assert result == (21, 5, "counts:exclusive")


def test_vercel_ai_sdk_5_leaves_out_what_anthropic_had_cached() -> None:
    told = {
        "ai.operationId": "ai.generateText.doGenerate",
        "ai.model.provider": "anthropic.messages",
        "ai.usage.inputTokens": 100,
        "ai.usage.cachedInputTokens": 60,
    }
    assert translated(told, scope="ai")["gen_ai.usage.input_tokens"] == 160
    since_6 = {**told, "ai.usage.inputTokenDetails.noCacheTokens": 40}
    assert translated(since_6, scope="ai")["gen_ai.usage.input_tokens"] == 100
    other = {**told, "ai.model.provider": "openai.responses"}
    assert translated(other, scope="ai")["gen_ai.usage.input_tokens"] == 100


def test_rules_of_ones_own_come_first() -> None:
    own = {"usage": [{"scope": "acme.*", "cache": "exclusive", "reasoning": "inclusive"}]}
    told = {"input_tokens": 100, "output_tokens": 5, "total_tokens": 105, **CACHE}
    assert counted(own, "acme.llm", **told) == (140, 5, "config:exclusive")
    assert counted(own, "other", **told) == (100, 5, "total:inclusive")
    overruled = {"usage": [{"scope": "litellm", "cache": "exclusive"}]}
    assert counted(overruled, "litellm", **told) == (140, 5, "config:exclusive")


def test_a_rule_may_be_for_one_provider() -> None:
    own = {"usage": [{"provider": ["aws.bedrock"], "cache": "exclusive"}]}
    told = {
        "gen_ai.system": "bedrock",
        f"{PREFIX}input_tokens": 100,
        f"{PREFIX}cache_read.input_tokens": 5,
    }
    assert translated(told, own)[f"{PREFIX}input_tokens"] == 105
    assert translated({**told, "gen_ai.system": "openai"}, own)[f"{PREFIX}input_tokens"] == 100


def test_a_misspelt_reading_is_refused() -> None:
    with pytest.raises(ValidationError, match="inclusive"):
        make(GenAI, {"usage": [{"cache": "included"}]})


def test_the_whole_is_the_sum_of_the_modalities_where_only_they_are_told() -> None:
    told = {"text__input_tokens": 20, "audio__input_tokens": 5, "audio__output_tokens": 7}
    assert counted(**told) == (25, 7, None)
    assert counted(input_tokens=30, **told) == (30, 7, None)


_COUNTS = st.dictionaries(
    st.sampled_from(
        [
            "input_tokens",
            "output_tokens",
            "total_tokens",
            "cache_read.input_tokens",
            "cache_creation.input_tokens",
            "reasoning.output_tokens",
        ]
    ),
    st.integers(0, 50),
)


@given(_COUNTS)
def test_each_whole_holds_its_parts_and_nothing_is_added_twice(counts: dict[str, int]) -> None:
    told = {PREFIX + name: number for name, number in counts.items()}
    once = translated(told)
    usage = read_usage(once)
    assert usage is None or usage.input >= usage.cache_read + usage.cache_write
    assert usage is None or usage.output >= usage.reasoning
    assert translated(once) == once


@given(_COUNTS)
def test_without_genai_readers_still_see_wholes_that_hold_their_parts(
    counts: dict[str, int],
) -> None:
    usage = read_usage({PREFIX + name: number for name, number in counts.items()})
    assert usage is None or usage.input >= usage.cache_read + usage.cache_write
    assert usage is None or usage.output >= usage.reasoning


def test_what_was_repaired_is_read_as_it_stands() -> None:
    told = {f"{PREFIX}input_tokens": 10, f"{PREFIX}cache_read.input_tokens": 90}
    assert read_usage(translated(told)) == Usage(100, 0, cache_read=90)
