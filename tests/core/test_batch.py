"""A batch is the OTLP message; records, payload and counts stay in step with it."""

from hypothesis import given
from hypothesis import strategies as st

from collector import Batch
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


@given(traces)
def test_grouping_by_trace_keeps_every_span_in_order(numbers):
    item = batch(*(span(trace=number) for number in numbers))
    for trace_id, records in item.by_trace().items():
        assert records == [r for r in item.spans if r.span.trace_id == trace_id]
    assert sum(map(len, item.by_trace().values())) == len(numbers)


def test_removed_spans_are_in_no_group_any_more():
    item = batch(span(trace=1), span(trace=2))
    _, second = item.by_trace()
    item.retain(lambda record: record.span.trace_id == second)
    assert list(item.by_trace()) == [second]


def test_resources_left_without_spans_go_too():
    item = batch(span())
    item.retain(lambda record: False)
    assert not item.message.resource_spans
