"""Whatever OTLP can say about a span can be read back from the archive."""

import tempfile
from pathlib import Path
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import (
    AnyValue,
    ArrayValue,
    EntityRef,
    InstrumentationScope,
    KeyValue,
    KeyValueList,
)
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from collector import Batch
from exporters.archive import Archive
from exporters.archive.values import encode_map
from tests.archive.reading import fill, read, to_message
from tests.helpers import make

_keys = st.text(max_size=3) | st.sampled_from(["bytesValue", "doubleValue", "kvlistValue"])
_uint32 = st.integers(0, 2**32 - 1)
_nanos = st.integers(0, 2**63 - 1)
_text = st.text(max_size=5)


def _key_values(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    return st.lists(st.builds(KeyValue, key=_keys, value=values), max_size=3)


_any_values = st.recursive(
    st.just(AnyValue())
    | st.builds(AnyValue, string_value=_text)
    | st.builds(AnyValue, bool_value=st.booleans())
    | st.builds(AnyValue, int_value=st.integers(-(2**63), 2**63 - 1))
    | st.builds(AnyValue, double_value=st.floats(allow_nan=False))
    | st.just(AnyValue(double_value=float("nan")))
    | st.builds(AnyValue, bytes_value=st.binary(max_size=5))
    | st.builds(AnyValue, string_value_strindex=st.integers(0, 9)),
    lambda inner: (
        st.builds(
            AnyValue,
            array_value=st.builds(ArrayValue, values=st.lists(inner, max_size=3)),
        )
        | st.builds(AnyValue, kvlist_value=st.builds(KeyValueList, values=_key_values(inner)))
    ),
    max_leaves=6,
)
_attributes = _key_values(_any_values)
_events = st.builds(
    Span.Event,
    time_unix_nano=st.integers(0, 2**64 - 1),
    name=_text,
    attributes=_attributes,
    dropped_attributes_count=_uint32,
)
_links = st.builds(
    Span.Link,
    trace_id=st.binary(max_size=16),
    span_id=st.binary(max_size=8),
    trace_state=_text,
    attributes=_attributes,
    dropped_attributes_count=_uint32,
    flags=_uint32,
)
_spans = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16),
    span_id=st.binary(min_size=8, max_size=8),
    parent_span_id=st.sampled_from([b"", bytes(8), b"parentid"]),
    trace_state=_text,
    flags=_uint32,
    name=_text,
    kind=st.integers(0, 7),
    start_time_unix_nano=_nanos,
    end_time_unix_nano=_nanos,
    attributes=_attributes,
    dropped_attributes_count=_uint32,
    events=st.lists(_events, max_size=2),
    dropped_events_count=_uint32,
    links=st.lists(_links, max_size=2),
    dropped_links_count=_uint32,
    status=st.builds(Status, code=st.integers(0, 4), message=_text),
)
_refs = st.builds(EntityRef, schema_url=_text, type=_text, id_keys=st.lists(_text, max_size=2))
_resources = st.builds(
    Resource,
    attributes=_attributes,
    dropped_attributes_count=_uint32,
    entity_refs=st.lists(_refs, max_size=1),
)
_scopes = st.builds(
    InstrumentationScope,
    name=_text,
    version=_text,
    attributes=_attributes,
    dropped_attributes_count=_uint32,
)
_resource_spans = st.builds(
    ResourceSpans,
    resource=_resources,
    schema_url=_text,
    scope_spans=st.lists(
        st.builds(ScopeSpans, scope=_scopes, schema_url=_text, spans=st.lists(_spans, max_size=2)),
        max_size=2,
    ),
)
_requests = st.builds(
    ExportTraceServiceRequest, resource_spans=st.lists(_resource_spans, max_size=2)
)


def _single_spans(request: ExportTraceServiceRequest) -> list[bytes]:
    """Each span alone in its scope and resource, as bytes, in an order of their own."""
    return sorted(
        ResourceSpans(
            resource=resource.resource,
            schema_url=resource.schema_url,
            scope_spans=[ScopeSpans(scope=scope.scope, schema_url=scope.schema_url, spans=[span])],
        ).SerializeToString(deterministic=True)
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


@given(request=_requests)
def test_every_span_can_be_read_back_as_it_came(request):
    with tempfile.TemporaryDirectory() as directory:
        archive = make(Archive, {"url": directory})
        archive.start()
        archive.push(Batch(request))
        rows = read(Path(directory)) if any(Path(directory).iterdir()) else []
    written = [to_message(row).SerializeToString(deterministic=True) for row in rows]
    assert sorted(written) == _single_spans(request)


@given(entries=_attributes)
def test_encoded_attributes_survive_any_json_reader(entries: list[Any]):
    decoded = Span()
    fill(decoded.attributes, orjson.loads(orjson.dumps(encode_map(entries))))
    expected = Span(attributes=entries)
    assert decoded.SerializeToString() == expected.SerializeToString()


def test_common_values_read_naturally():
    span = Span()
    fill(span.attributes, {"s": "a", "b": True, "i": 7, "d": 1.0, "l": ["x", 1], "m": {"k": None}})
    encoded = orjson.dumps(encode_map(span.attributes))
    assert encoded == b'{"s":"a","b":true,"i":7,"d":1.0,"l":["x",1],"m":{"k":null}}'
