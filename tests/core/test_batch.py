"""A batch is the OTLP message; records, payload and counts stay in step with it."""

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector import Batch, pack
from tests.helpers import batch, request, span

traces = st.lists(st.integers(1, 5), max_size=30)


def test_an_unchanged_batch_leaves_as_the_bytes_that_came_in():
    payload = request(span()).SerializeToString()
    assert Batch(payload=payload).payload is payload


def test_a_changed_batch_is_serialized_anew():
    item = Batch(payload=request(span("before")).SerializeToString())
    item.spans[0].span.name = "after"
    item.changed()
    assert Batch(payload=item.payload).spans[0].span.name == "after"


def test_a_copy_shares_nothing_with_its_original():
    original = batch(span("original"))
    original.copy().spans[0].span.name = "copy"
    assert original.spans[0].span.name == "original"


@given(traces)
def test_retain_keeps_exactly_the_chosen_spans_in_order(numbers):
    item = batch(*(span(trace=number) for number in numbers))
    removed = item.retain(lambda record: record.span.trace_id[-1] % 2 == 0)
    kept = [number for number in numbers if number % 2 == 0]
    assert [record.span.trace_id[-1] for record in item.spans] == kept
    assert removed == len(numbers) - len(kept)
    assert item.span_count == len(kept)
    assert Batch(payload=item.payload).span_count == len(kept)


def test_resources_left_without_spans_go_too():
    item = batch(span())
    item.retain(lambda record: False)
    assert not item.message.resource_spans


@given(traces)
def test_packing_by_trace_loses_and_invents_nothing(numbers):
    item = batch(*(span(trace=number) for number in numbers), resource={"service.name": "agent"})
    packed = Batch(payload=b"".join(pack(records) for records in item.by_trace().values()))
    assert sorted(r.span.span_id for r in packed.spans) == sorted(
        r.span.span_id for r in item.spans
    )
    assert all(r.resource.attributes.text("service.name") == "agent" for r in packed.spans)


def test_packing_keeps_scopes_and_schema_urls():
    message = request(span())
    message.resource_spans[0].schema_url = "https://example.com/resource"
    message.resource_spans[0].scope_spans[0].schema_url = "https://example.com/scope"
    packed = ExportTraceServiceRequest.FromString(pack(Batch(message).spans))
    assert packed == message
