"""The model calls of a trace, each once."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from collector import SpanRecord
from collector.model_calls import RESPONSE_ID, Usage, model_call

_NO_USAGE = Usage(0, 0)

Call: TypeAlias = "tuple[bytes, float | None, int, int, int, int]"
"""One model call: the parent span's id, the cost if it is known, input and output tokens, and the
hashes of `gen_ai.response.id` and of the scope's name, 0 and 0 where no response is told."""


def read_call(record: SpanRecord) -> Call:
    """What is remembered of a model call."""
    attributes, span = record.attributes, record.span
    call = model_call(attributes)
    usage = call.usage or _NO_USAGE
    response = attributes.values.get(RESPONSE_ID)
    if not response or response.__class__ is not str:
        return span.parent_span_id, call.cost, usage.input, usage.output, 0, 0
    told, scope = hash(response), hash(record.scope.scope.name)
    return span.parent_span_id, call.cost, usage.input, usage.output, told, scope


def counted(calls: Mapping[bytes, Call]) -> list[Call]:
    """Those of `calls`, by span id, that no other one repeats.

    A call that made another one (a client's wrapper span) repeats its numbers. Where several
    instrumentations tell of a response, the one that told of it most often counts.
    """
    wrappers = {call[0] for call in calls.values()}
    leaves = [call for span_id, call in calls.items() if span_id not in wrappers]
    scopes = {call[5] for call in leaves}
    return leaves if len(scopes) < 2 else _told_once(leaves)


def _told_once(calls: Sequence[Call]) -> list[Call]:
    # By numbers, not by times, of which a summary has none to spare: some servers give the same
    # few ids again and again, and all calls that one instrumentation tells of are different ones.
    tellings: dict[int, dict[int, int]] = {}
    for *_, response, scope in calls:
        scopes = tellings.setdefault(response, {})
        scopes[scope] = scopes.get(scope, 0) + 1
    most = {told: max(scopes, key=scopes.__getitem__) for told, scopes in tellings.items()}
    return [call for call in calls if call[5] == most[call[4]]]
