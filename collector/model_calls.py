"""What a model call is and what it used: one reading for whatever prices, counts or samples."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from collector.batch import SpanRecord

OPERATION = "gen_ai.operation.name"

MODEL_CALLS = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
"""Operations that a provider bills. `invoke_agent` and its like repeat what the calls below them
used, and `fetch_response` only reads back what was billed before."""


_DETAILS = frozenset(
    {
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.reasoning.output_tokens",
    }
)


class Usage(NamedTuple):
    """Tokens of one model call. `input` contains both cache kinds, `output` the reasoning."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0


def leaves(spans: Iterable[SpanRecord]) -> list[SpanRecord]:
    """Those of `spans` that are not the parent of another of them.

    An instrumented framework on top of an instrumented client tells the same call twice; the
    inner span is the call. Only sees what is in `spans`, so give it what travels together.
    """
    candidates = list(spans)
    parents = {record.span.parent_span_id for record in candidates}
    return [record for record in candidates if record.span.span_id not in parents]


def model_calls(spans: Iterable[SpanRecord]) -> list[SpanRecord]:
    """The spans that stand for one billed model call each."""
    return leaves(
        record
        for record in spans
        if (operation := record.attributes.values.get(OPERATION)) is not None
        and operation.string_value in MODEL_CALLS
    )


def read_usage(values: Mapping[str, AnyValue]) -> Usage | None:
    """The usage on a span in the current vocabulary; None where no tokens are told.

    The conventions say that `input_tokens` includes what the cache gave or took, but some
    instrumentations leave it out. Where the cached tokens outnumber the input they cannot be
    part of it, so they are added; reasoning and output tokens likewise.
    """
    get = values.get
    told_input = get("gen_ai.usage.input_tokens")
    told_output = get("gen_ai.usage.output_tokens")
    if told_input is None and told_output is None:
        return None
    total_input, total_output = _count(told_input), _count(told_output)
    if _DETAILS.isdisjoint(values):
        return Usage(total_input, total_output)
    cache_read = _count(get("gen_ai.usage.cache_read.input_tokens"))
    cache_write = _count(
        get("gen_ai.usage.cache_creation.input_tokens")
        or get("gen_ai.usage.cache_write.input_tokens")
    )
    reasoning = _count(get("gen_ai.usage.reasoning.output_tokens"))
    cached = cache_read + cache_write
    return Usage(
        total_input + cached if cached > total_input else total_input,
        total_output + reasoning if reasoning > total_output else total_output,
        cache_read,
        cache_write,
        reasoning,
    )


def _count(value: AnyValue | None) -> int:
    """A token count of at least 0; what is no sensible number counts as 0."""
    if value is None:
        return 0
    if count := value.int_value:
        return max(count, 0)
    count_as_float = value.double_value
    return int(count_as_float) if 0 < count_as_float < 2**53 else 0
