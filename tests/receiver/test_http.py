"""OTLP over HTTP answers as the specification says, in the content type of the request."""

import base64
import gzip
import json
import zlib

import httpx2
import pytest
import zstandard
from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.errors import RefusedError
from collector.otlp_json import parse_json
from tests.helpers import request, span

PROTOBUF = "application/x-protobuf"
TRACE_ID, SPAN_ID = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174"
DOCUMENT = {
    "resourceSpans": [
        {
            "resource": {
                "attributes": [{"key": "service.name", "value": {"stringValue": "agent"}}]
            },
            "scopeSpans": [
                {
                    "scope": {"name": "library"},
                    "spans": [
                        {
                            "traceId": TRACE_ID.upper(),
                            "spanId": SPAN_ID,
                            "name": "chat",
                            "kind": 3,
                            "startTimeUnixNano": "1544712660000000000",
                            "endTimeUnixNano": 1544712661000000000,
                            "unknownField": {"is": "ignored"},
                            "attributes": [{"key": "tokens", "value": {"intValue": "42"}}],
                            "links": [{"traceId": TRACE_ID, "spanId": SPAN_ID}],
                        }
                    ],
                }
            ],
        }
    ]
}


@pytest.fixture
def post(receiver):
    with httpx2.Client(base_url=f"http://{receiver.endpoints['http']}", trust_env=False) as client:

        def send(body, content_type=PROTOBUF, path="/v1/traces", **headers):
            fields = {name.replace("_", "-"): value for name, value in headers.items()}
            return client.post(path, content=body, headers={"content-type": content_type} | fields)

        send.client = client
        yield send


def payload(*names: str) -> bytes:
    return request(*(span(name) for name in names)).SerializeToString()


def names(sink) -> list[str]:
    return [record.span.name for record in sink.spans]


@pytest.mark.parametrize("path", ["/v1/traces", "/api/public/otel/v1/traces"])
def test_protobuf_is_taken_on_otlps_path_and_on_langfuses(post, sink, path):
    answer = post(payload("a"), path=path, authorization="Basic cGs6c2s=")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == PROTOBUF
    assert not ExportTraceServiceResponse.FromString(answer.content).HasField("partial_success")
    assert names(sink) == ["a"]


def test_json_has_its_ids_in_hex(post, sink):
    answer = post(json.dumps(DOCUMENT), "application/json; charset=utf-8")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {}
    (record,) = sink.spans
    assert record.span.trace_id.hex() == TRACE_ID
    assert record.span.span_id.hex() == SPAN_ID
    assert record.span.links[0].trace_id.hex() == TRACE_ID
    assert record.attributes.get("tokens") == 42
    assert record.span.end_time_unix_nano - record.span.start_time_unix_nano == 10**9
    assert record.resource.attributes.text("service.name") == "agent"


def test_a_json_span_with_a_bad_id_is_refused_alone(post, sink):
    document = json.loads(json.dumps(DOCUMENT))
    spans = document["resourceSpans"][0]["scopeSpans"][0]["spans"]
    spans.append({**spans[0], "name": "bad", "traceId": "not hex"})
    answer = post(json.dumps(document), "application/json")
    assert answer.status_code == 200
    assert answer.json()["partialSuccess"]["rejectedSpans"] == "1"
    assert names(sink) == ["chat"]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("identity", bytes),
    ],
)
def test_bodies_are_unpacked(post, sink, encoding, pack):
    assert post(pack(payload("a")), content_encoding=encoding).status_code == 200
    assert names(sink) == ["a"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "zstd"])
def test_a_body_that_is_not_in_its_encoding_is_bad(post, encoding):
    assert post(b"plain text", content_encoding=encoding).status_code == 400


PACKERS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd of unknown size": zstandard.ZstdCompressor(write_content_size=False).compress,
}


@pytest.mark.parametrize("packer", PACKERS)
def test_a_body_is_one_whole_stream_or_bad(post, sink, packer):
    encoding = packer.partition(" ")[0]
    packed = PACKERS[packer](payload(*(f"span {number}" for number in range(5_000))))
    for body in (packed[:-1], packed[: len(packed) // 2], packed + packed):
        assert post(body, content_encoding=encoding).status_code == 400
    assert names(sink) == []
    assert post(packed, content_encoding=encoding).status_code == 200
    assert len(names(sink)) == 5_000


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("zstd", zstandard.ZstdCompressor().compress),
        ("identity", bytes),
    ],
)
def test_a_body_over_the_limit_is_too_large_packed_or_not(post, sink, encoding, pack):
    large = request(span(attributes={"text": "x" * 2_000_000})).SerializeToString()
    assert post(pack(large), content_encoding=encoding).status_code == 413
    assert names(sink) == []


@pytest.mark.parametrize("content_type", [PROTOBUF, "application/json"])
def test_a_malformed_body_gets_a_status_in_its_own_content_type(post, sink, content_type):
    answer = post(b"\xff{", content_type)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == content_type
    if content_type == PROTOBUF:
        assert "ExportTraceServiceRequest" in Status.FromString(answer.content).message
    else:
        assert "ExportTraceServiceRequest" in answer.json()["message"]
    assert names(sink) == []


def test_the_wrong_type_method_path_and_encoding_are_told_apart(post):
    assert post(b"", "text/plain").status_code == 415
    assert post(b"", content_encoding="br").status_code == 415
    assert post(b"", path="/v1/metrics").status_code == 404
    assert post.client.get("/v1/traces").status_code == 405


def test_backpressure_is_503_with_a_delay_in_seconds(post, sink):
    sink.error = RefusedError("memory_limited", "no room", retry_after=2.5)
    answer = post(payload("a"))
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "3"
    assert Status.FromString(answer.content).message == "no room"


def test_a_failing_pipeline_is_500_and_says_nothing_of_the_data(post, sink):
    sink.error = ValueError("alice@example.com")
    answer = post(payload("a"))
    assert answer.status_code == 500
    assert b"alice" not in answer.content


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["traceId", "spans", "x"]), inner)
    ),
    max_leaves=10,
)


@given(st.sampled_from(["resourceSpans", "scopeSpans", "spans", "traceId", "links"]), json_values)
def test_any_json_is_decoded_or_refused_and_never_breaks(field, value):
    document = {"resourceSpans": [{"scopeSpans": [{"spans": [{"spanId": SPAN_ID, field: value}]}]}]}
    if field != "spans":
        document[field] = value
    try:
        parse_json(json.dumps(document).encode())
    except ValueError:
        return


def test_json_and_protobuf_say_the_same():
    message = request(span("a", attributes={"list": [1, "b", True], "bytes": b"\x00\xff"}))
    document = json_format.MessageToDict(message)
    for item in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for field in ("traceId", "spanId"):
            item[field] = base64.b64decode(item[field]).hex()
    assert parse_json(json.dumps(document).encode()) == message
