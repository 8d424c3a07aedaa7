"""The simulated agent, sending through the real SDK to a real gRPC server."""

import re
import time
from collections import defaultdict

import pytest

from collector import Batch, SpanRecord
from collector.demo.agent import play
from collector.demo.tracing import Tracing
from tests.doubles.otlp_grpc import GrpcSink

TRACES = 120


def sent(traces: int = TRACES, seed: int = 1) -> tuple[Tracing, list[SpanRecord]]:
    with GrpcSink() as sink:
        tracing = Tracing(sink.endpoint)
        assert list(play(tracing, traces, seed))[-1] == traces
        tracing.close()
    return tracing, [record for message in sink.requests for record in Batch(message).spans]


@pytest.fixture(scope="module")
def played() -> tuple[Tracing, list[SpanRecord]]:
    return sent()


def test_every_span_that_was_ended_arrives(played):
    tracing, spans = played
    assert len(spans) == tracing.spans
    assert {record.span.trace_id.hex() for record in spans} == tracing.traces
    assert len(tracing.traces) == TRACES


def test_every_trace_has_one_root_that_spans_the_rest(played):
    traces = defaultdict(list)
    for record in played[1]:
        traces[record.span.trace_id].append(record.span)
    for spans in traces.values():
        (root,) = (span for span in spans if not span.parent_span_id)
        assert root.name.startswith("invoke_agent")
        assert all(root.start_time_unix_nano <= s.start_time_unix_nano for s in spans)
        assert all(s.end_time_unix_nano <= root.end_time_unix_nano for s in spans)


def test_the_spans_are_of_the_recent_past(played):
    now = time.time()
    for record in played[1]:
        assert now - 3600 < record.span.start_time_unix_nano / 1e9 < now
        assert record.span.end_time_unix_nano / 1e9 < now


def test_the_play_has_all_that_winnow_looks_for(played):
    _, spans = played
    keys = {key for record in spans for key in record.attributes}
    assert {"gen_ai.input.messages", "llm.token_count.prompt"} <= keys, "two vocabularies"
    models = {record.attributes.text("gen_ai.request.model") for record in spans}
    assert len(models) > 4
    errors = {record.attributes.text("error.type") for record in spans if record.failed}
    assert {"RateLimitError", "ToolError"} <= errors
    verdicts = {record.attributes.text("gen_ai.guardrail.verdict.type") for record in spans}
    assert {"allow", "deny"} <= verdicts
    assert max(record.duration for record in spans) > 30, "a stall"
    users = {record.attributes.text("user.id") for record in spans}
    assert len(users) > 10


def test_the_personal_data_is_invented(played):
    text = " ".join(str(value) for record in played[1] for _, value in record.attributes.items())
    mails = set(re.findall(r"[\w.]+@[\w.]*\w", text))
    assert mails
    assert all(mail.endswith("@example.com") for mail in mails)
    assert set(re.findall(r"\+1 415 (\d{3} \d{2})", text)) == {"555 01"}
    assert "4111 1111 1111 1111" in text


def shape(spans: list[SpanRecord]) -> list[tuple[str, int, bool]]:
    return [(record.span.name, len(record.attributes), record.failed) for record in spans]


def test_the_same_seed_plays_the_same_scenes_in_new_traces():
    first, again = sent(12, seed=7), sent(12, seed=7)
    assert shape(first[1]) == shape(again[1])
    assert first[0].traces.isdisjoint(again[0].traces)
    assert shape(sent(12, seed=8)[1]) != shape(first[1])
