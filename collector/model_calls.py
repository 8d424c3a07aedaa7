"""What a model call is and what it used: one reading for whatever prices, counts or samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector.attributes import Attributes
from collector.batch import SpanRecord

OPERATION = "gen_ai.operation.name"
COST = "gen_ai.usage.cost"
UTILIZATION = "winnow.context.utilization"
FINISH_REASONS = "gen_ai.response.finish_reasons"

MODEL_CALLS = frozenset({"chat", "generate_content", "text_completion", "embeddings"})
"""Operations that a provider bills. `invoke_agent` and its like repeat what the calls below them
used, and `fetch_response` only reads back what was billed before."""
TOOL_CALL = "execute_tool"
AGENT_RUN = "invoke_agent"

RETRY_ATTRIBUTES = (
    "gen_ai.request.retry_count",
    "http.request.resend_count",
    "retry.attempt",
)
"""Attributes with a number that is above 0 on a call that was made again."""

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


@dataclass(slots=True, eq=False)
class ModelCall:
    """What a span in the current vocabulary tells of a model call; empty where it does not."""

    operation: str
    provider: str
    asked: str
    """`gen_ai.request.model`"""
    answered: str
    """`gen_ai.response.model`"""
    usage: Usage | None
    """None where no tokens are told."""
    reasons: Sequence[str]
    """`gen_ai.response.finish_reasons`"""
    cost: float | None
    """`gen_ai.usage.cost`, USD."""
    utilization: float | None
    """`winnow.context.utilization`, 0 to 1."""


# Every processor asks for the same few things, so the answers stay with the attributes until
# these are written to: first the operation alone, as a string, then the whole model call.


def operation(attributes: Attributes) -> str:
    """`gen_ai.operation.name`; empty on a span that is not about GenAI."""
    memo = attributes.memo
    if memo is None:
        memo = attributes.memo = attributes.text(OPERATION)
    return memo if memo.__class__ is str else memo.operation


def model_call(attributes: Attributes) -> ModelCall:
    """The model call that a span with these attributes stands for."""
    memo = attributes.memo
    if memo.__class__ is not ModelCall:
        memo = attributes.memo = _read(attributes)
    return memo


def remember(attributes: Attributes, call: ModelCall) -> None:
    """After writing to the attributes: this is what `model_call` would read from them now."""
    attributes.memo = call


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
    return leaves(record for record in spans if operation(record.attributes) in MODEL_CALLS)


def read_usage(entries: Mapping[str, KeyValue]) -> Usage | None:
    """The usage among attributes in the current vocabulary; None where no tokens are told.

    The conventions say that `input_tokens` includes what the cache gave or took, but some
    instrumentations leave it out. Where the cached tokens outnumber the input they cannot be
    part of it, so they are added; reasoning and output tokens likewise.
    """
    told_input = entries.get("gen_ai.usage.input_tokens")
    told_output = entries.get("gen_ai.usage.output_tokens")
    if told_input is None and told_output is None:
        return None
    total_input, total_output = _count(told_input), _count(told_output)
    if _DETAILS.isdisjoint(entries):
        return Usage(total_input, total_output)
    cache_read = _count(entries.get("gen_ai.usage.cache_read.input_tokens"))
    cache_write = _count(
        entries.get("gen_ai.usage.cache_creation.input_tokens")
        or entries.get("gen_ai.usage.cache_write.input_tokens")
    )
    reasoning = _count(entries.get("gen_ai.usage.reasoning.output_tokens"))
    cached = cache_read + cache_write
    return Usage(
        total_input + cached if cached > total_input else total_input,
        total_output + reasoning if reasoning > total_output else total_output,
        cache_read,
        cache_write,
        reasoning,
    )


def _read(attributes: Attributes) -> ModelCall:
    text, get = attributes.text, attributes.entries.get
    reasons, cost, utilization = get(FINISH_REASONS), get(COST), get(UTILIZATION)
    return ModelCall(
        operation(attributes),
        text("gen_ai.provider.name"),
        text("gen_ai.request.model"),
        text("gen_ai.response.model"),
        read_usage(attributes.entries),
        () if reasons is None else _texts(reasons.value),
        None if cost is None else _number(cost.value),
        None if utilization is None else _number(utilization.value),
    )


def _texts(value: AnyValue) -> Sequence[str]:
    """The strings of an array, or the one string that stands in its place."""
    return [item.string_value for item in value.array_value.values] or [value.string_value]


def _number(value: AnyValue) -> float:
    return value.double_value or float(value.int_value)


def _count(entry: KeyValue | None) -> int:
    """A token count of at least 0; what is no sensible number counts as 0."""
    if entry is None:
        return 0
    value = entry.value
    if count := value.int_value:
        return max(count, 0)
    count_as_float = value.double_value
    return int(count_as_float) if 0 < count_as_float < 2**53 else 0
