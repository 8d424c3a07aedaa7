"""The load: traces that look like an agent's, and are new each time they are sent."""

import json
from collections import Counter

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from benchmarks.spans import templates


def spans_of(payload: bytes) -> list[Span]:
    message = ExportTraceServiceRequest.FromString(payload)
    return [s for r in message.resource_spans for scope in r.scope_spans for s in scope.spans]


def messages_of(spans: list[Span]) -> list[str]:
    return [
        entry.value.string_value
        for span in spans
        for entry in span.attributes
        if entry.key == "gen_ai.input.messages"
    ]


@pytest.mark.parametrize("spans", [16, 512])
def test_a_request_holds_whole_traces_of_eight_spans_under_one_root(spans):
    sent = spans_of(templates(spans, prompts=False)[0].fresh())
    assert len(sent) == spans
    assert set(Counter(span.trace_id for span in sent).values()) == {8}
    ids = {span.span_id for span in sent}
    assert len(ids) == spans
    assert sum(not span.parent_span_id for span in sent) == spans // 8
    assert all(span.parent_span_id in ids for span in sent if span.parent_span_id)


def test_sending_again_sends_traces_never_seen_before():
    template = templates(16, prompts=True)[0]
    first, again = spans_of(template.fresh()), spans_of(template.fresh())
    assert {span.trace_id for span in first}.isdisjoint(span.trace_id for span in again)
    assert [span.name for span in first] == [span.name for span in again]


def test_sending_again_sends_prompts_never_seen_before():
    template = templates(16, prompts=True)[0]
    first, again = messages_of(spans_of(template.fresh())), messages_of(spans_of(template.fresh()))
    assert set(first).isdisjoint(again)


def test_a_trace_repeats_its_own_history_as_agents_do():
    spans = spans_of(templates(16, prompts=True)[0].fresh())
    short, longer, longest = (json.loads(text) for text in messages_of(spans)[:3])
    assert longer[: len(short)] == short
    assert longest[: len(longer)] == longer


def test_spans_and_prompts_are_as_large_as_the_figures_say():
    bare = templates(512, prompts=False)[0].fresh()
    assert 270 < len(bare) / 512 < 350
    prompts = messages_of(spans_of(templates(512, prompts=True)[0].fresh()))
    assert 1900 < sum(map(len, prompts)) / len(prompts) < 2200


def test_about_two_traces_in_a_hundred_fail():
    spans = [s for t in templates(512, prompts=False) for s in spans_of(t.fresh())]
    failed = {s.trace_id for s in spans if s.status.code == Status.STATUS_CODE_ERROR}
    assert 0.005 < len(failed) / (len(spans) / 8) < 0.05


def test_the_same_seed_makes_the_same_load():
    first, again = (spans_of(templates(16, prompts=False)[0].fresh()) for _ in range(2))
    assert [len(span.attributes) for span in first] == [len(span.attributes) for span in again]
    assert [span.attributes for span in first] == [span.attributes for span in again]
