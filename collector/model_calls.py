"""What a model call is and what it used: one reading for whatever prices, counts or samples."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import orjson

from collector.attributes import Attributes, Value
from collector.batch import SpanRecord

OPERATION = "gen_ai.operation.name"
COST = "gen_ai.usage.cost"
USAGE_RULE = "winnow.usage.rule"
"""How the token counts of a span were brought into the form that `Usage` describes."""
UTILIZATION = "winnow.context.utilization"
FINISH_REASONS = "gen_ai.response.finish_reasons"
RESPONSE_ID = "gen_ai.response.id"

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

USAGE_DETAILS = frozenset(
    {
        "gen_ai.usage.cache_read.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.reasoning.output_tokens",
    }
)
"""Parts of input and output tokens. Without one of them, counts leave nothing to ask."""


_NUMBERS = (int, float)
_MOST_TOKENS = 2**53


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


def told_once(calls: Sequence[SpanRecord]) -> Sequence[SpanRecord]:
    """`calls` without those that a second instrumentation tells of too, in a trace of its own.

    They tell the same `gen_ai.response.id`, and one happened within the other's time. As with
    `leaves`, the inner span is the call. What one instrumentation tells is never taken for two
    tellings.
    """
    # The spans of a batch come scope by scope: most batches are done with here.
    if not calls or calls[0].scope is calls[-1].scope:
        return calls
    if len({call.scope.scope.name for call in calls}) < 2:
        return calls
    inner: dict[str, SpanRecord] = {}
    for call in sorted(calls, key=_began):
        if response := call.attributes.text(RESPONSE_ID):
            inner[response] = call
    return [call for call in calls if not _around(call, inner)]


def _around(call: SpanRecord, inner: Mapping[str, SpanRecord]) -> bool:
    other = inner.get(call.attributes.text(RESPONSE_ID))
    return (
        other is not None
        and call.scope.scope.name != other.scope.scope.name
        and call.span.start_time_unix_nano <= other.span.start_time_unix_nano
        and other.span.end_time_unix_nano <= call.span.end_time_unix_nano
    )


def _began(record: SpanRecord) -> int:
    return record.span.start_time_unix_nano


def model_calls(spans: Iterable[SpanRecord]) -> list[SpanRecord]:
    """The spans that stand for one billed model call each."""
    return leaves(record for record in spans if operation(record.attributes) in MODEL_CALLS)


def read_usage(values: Mapping[str, Value]) -> Usage | None:
    """The usage among attributes in the current vocabulary; None where no tokens are told.

    The conventions say that `input_tokens` includes what the cache gave or took, but some
    instrumentations leave it out. The `genai` processor adds it, by who counted. Without it, this
    much is certain: cached tokens that outnumber the input cannot be part of it, so they are
    added; reasoning and output tokens likewise.
    """
    told = told_usage(values)
    if told is None or not any(told[2:]):
        return told
    cached = told.cache_read + told.cache_write
    return Usage(
        told.input + cached if cached > told.input else told.input,
        told.output + told.reasoning if told.reasoning > told.output else told.output,
        *told[2:],
    )


def told_usage(values: Mapping[str, Value]) -> Usage | None:
    """The counts as they stand among attributes in the current vocabulary, right or wrong."""
    told_input = values.get("gen_ai.usage.input_tokens")
    told_output = values.get("gen_ai.usage.output_tokens")
    if told_input is None and told_output is None:
        return None
    if USAGE_DETAILS.isdisjoint(values):
        return Usage(token_count(told_input), token_count(told_output))
    return Usage(
        token_count(told_input),
        token_count(told_output),
        token_count(values.get("gen_ai.usage.cache_read.input_tokens")),
        token_count(
            values.get("gen_ai.usage.cache_creation.input_tokens")
            or values.get("gen_ai.usage.cache_write.input_tokens")
        ),
        token_count(values.get("gen_ai.usage.reasoning.output_tokens")),
    )


def token_count(value: Value) -> int:
    """A token count of at least 0; what is no sensible number counts as 0."""
    if isinstance(value, _NUMBERS) and 0 < value < _MOST_TOKENS:
        return int(value)
    return 0


def _read(attributes: Attributes) -> ModelCall:
    text, get = attributes.text, attributes.values.get
    reasons, cost, utilization = get(FINISH_REASONS), get(COST), get(UTILIZATION)
    return ModelCall(
        operation(attributes),
        text("gen_ai.provider.name"),
        text("gen_ai.request.model"),
        text("gen_ai.response.model"),
        read_usage(attributes.values),
        () if reasons is None else _texts(reasons),
        None if cost is None else _number(cost),
        None if utilization is None else _number(utilization),
    )


def _texts(value: Value) -> Sequence[str]:
    """The strings of an array, or the one string that stands in its place, or the array as JSON,
    which is how LiteLLM writes it.
    """
    if isinstance(value, str):
        value = _array(value) if value.startswith("[") else [value]
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, str)]


def _array(text: str) -> Value:
    try:
        found: Value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return found


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
