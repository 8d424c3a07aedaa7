"""Packed records are, byte for byte, the message that protobuf would have made of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import InstrumentationScope
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from collector import Batch, Packer, pack
from collector.wire import Request
from tests.helpers import batch, request, span

names = st.text(max_size=200)
spans = st.builds(
    Span,
    trace_id=st.sampled_from([b"1" * 16, b"2" * 16]),
    span_id=st.binary(min_size=8, max_size=8),
    name=names,
)
scopes = st.builds(
    ScopeSpans,
    scope=st.builds(InstrumentationScope, name=names),
    spans=st.lists(spans, min_size=1, max_size=4),
    schema_url=names,
)
resources = st.builds(
    ResourceSpans,
    resource=st.builds(Resource, dropped_attributes_count=st.integers(0, 3)),
    scope_spans=st.lists(scopes, min_size=1, max_size=3),
    schema_url=names,
)
messages = st.builds(
    ExportTraceServiceRequest, resource_spans=st.lists(resources, min_size=1, max_size=3)
)


def built(records):
    """The request of these records, made the long way."""
    message = Request()
    resource = scope = target = None
    for record in records:
        if record.resource is not resource:
            resource = record.resource
            resource_spans = message.resource_spans.add(
                resource=resource.resource, schema_url=resource.schema_url
            )
        if record.scope is not scope:
            scope = record.scope
            target = resource_spans.scope_spans.add(scope=scope.scope, schema_url=scope.schema_url)
        target.spans.append(record.span)
    return message.SerializeToString()


@given(messages)
def test_a_whole_batch_is_packed_as_it_would_be_serialized(message):
    assert pack(Batch(message).spans) == message.SerializeToString()


@given(messages)
def test_each_trace_is_packed_as_a_message_of_its_own(message):
    packer = Packer()
    for records in Batch(message).by_trace().values():
        assert packer.pack(records) == built(records)


@pytest.mark.parametrize("length", [0, 127, 128, 16_383, 16_384, 3_000_000])
def test_lengths_of_one_to_four_bytes_are_understood(length):
    message = request(span("x" * length))
    assert pack(Batch(message).spans) == message.SerializeToString()


def test_nothing_packs_to_nothing():
    assert pack([]) == b""


def test_packed_by_trace_and_joined_no_span_is_lost_or_invented():
    item = batch(*(span(trace=number) for number in (1, 2, 1, 3, 2)))
    packed = Batch(payload=b"".join(pack(records) for records in item.by_trace().values()))
    assert sorted(r.span.span_id for r in packed.spans) == sorted(
        r.span.span_id for r in item.spans
    )
    assert all(r.resource.attributes.text("service.name") == "agent" for r in packed.spans)
