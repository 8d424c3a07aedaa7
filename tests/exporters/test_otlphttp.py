"""The `otlphttp` exporter against a real HTTP server."""

import email.utils
import gzip
import json
import time

import pytest
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from pydantic import ValidationError

from collector import Batch, PermanentError, RetryableError, SplitError, StartError
from exporters.otlphttp import OtlpHttp
from tests.doubles.http import HttpSink
from tests.doubles.raw import RawServer
from tests.doubles.tls import self_signed
from tests.helpers import START, batch, make, span

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json"}


@pytest.fixture
def sink():
    with HttpSink() as made:
        yield made


@pytest.fixture
def exporter(sink, running):
    return running(OtlpHttp, {"endpoint": sink.endpoint})


def test_the_payload_arrives_byte_for_byte_without_being_decoded(sink, exporter):
    payload = batch(span("one"), span("two")).payload
    undecoded = Batch(payload=payload)
    assert exporter.push(undecoded) == 0
    (request,) = sink.requests
    assert gzip.decompress(request.body) == payload
    assert undecoded._message is None
    assert (request.path, request.headers["content-type"]) == (
        "/v1/traces",
        "application/x-protobuf",
    )


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
@pytest.mark.parametrize("encoding", ["proto", "json"])
def test_spans_arrive_whatever_the_encoding_and_compression(sink, running, encoding, compression):
    settings = {"endpoint": sink.endpoint, "encoding": encoding, "compression": compression}
    one = span("one", attributes={"n": 2**60, "list": ["a", 1]}, error=True, parent=b"parent-1")
    running(OtlpHttp, settings).push(batch(one))
    assert sink.spans == [one]


def test_json_has_ids_in_hex_and_enums_as_numbers(sink, running):
    exporter = running(
        OtlpHttp, {"endpoint": sink.endpoint, "encoding": "json", "compression": "none"}
    )
    one = span(trace=0xAB, parent=b"\x01" * 8, error=True)
    one.links.add(trace_id=b"\x02" * 16, span_id=b"\x03" * 8)
    exporter.push(batch(one))
    body = json.loads(sink.requests[0].body)
    sent = body["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
    assert sent["traceId"] == "000000000000000000000000000000ab"
    assert sent["spanId"] == one.span_id.hex()
    assert sent["parentSpanId"] == "01" * 8
    assert sent["status"] == {"code": 2}
    assert sent["links"] == [{"traceId": "02" * 16, "spanId": "03" * 8}]


def test_the_traces_endpoint_is_used_as_it_is(sink, running):
    exporter = running(OtlpHttp, {"traces_endpoint": f"{sink.endpoint}/other/place"})
    with pytest.raises(PermanentError, match="endpoint"):
        exporter.push(batch(span()))
    assert sink.requests[0].path == "/other/place"


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_otlp_s_retryable_statuses_are_retryable(sink, exporter, status):
    sink.answer(status)
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert (caught.value.reason, caught.value.delay) == (f"http_{status}", None)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 408, 415, 422, 500, 501])
def test_every_other_status_is_permanent(sink, exporter, status):
    sink.answer(status)
    with pytest.raises(PermanentError) as caught:
        exporter.push(batch(span()))
    assert caught.value.reason == f"http_{status}"


def test_413_asks_to_be_split(sink, exporter):
    sink.answer(413)
    with pytest.raises(SplitError, match="raise the limit"):
        exporter.push(batch(span(), span()))


@pytest.mark.parametrize(
    ("value", "delay"),
    [
        ("7", 7.0),
        (email.utils.formatdate(START + 90, usegmt=True), 90.0),
        (email.utils.formatdate(START - 90, usegmt=True), 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(sink, exporter, value, delay):
    sink.answer(503, headers={"retry-after": value})
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.delay == delay


@pytest.fixture
def far_from_greenwich(monkeypatch):
    monkeypatch.setenv("TZ", "XXX+7")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_a_date_that_names_no_zone_is_in_gmt(sink, exporter):
    sink.answer(503, headers={"retry-after": time.asctime(time.gmtime(START + 90))})
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.delay == 90


def test_redirects_are_not_followed(sink, exporter):
    sink.answer(307, headers={"location": f"{sink.endpoint}/elsewhere"})
    with pytest.raises(PermanentError, match="redirect"):
        exporter.push(batch(span()))
    assert len(sink.requests) == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (Status(message="over quota").SerializeToString(), PROTOBUF),
        (b'{"code": 8, "message": "over quota"}', JSON),
        (b'{"error": "over quota"}', JSON),
        (b"over quota\n", {"content-type": "text/plain; charset=utf-8"}),
    ],
)
def test_the_error_says_what_the_backend_says(sink, exporter, body, headers):
    sink.answer(400, body, headers)
    with pytest.raises(PermanentError, match=r"answered 400: over quota$"):
        exporter.push(batch(span()))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"<html>over quota</html>", {"content-type": "text/html"}),
        (b"\xff\xff\xff", PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
    ],
)
def test_an_error_without_readable_words_is_still_read_by_its_status(sink, exporter, body, headers):
    sink.answer(503, body, headers)
    with pytest.raises(RetryableError, match=r"answered 503$"):
        exporter.push(batch(span()))


def partial(rejected: int, message: str) -> bytes:
    response = ExportTraceServiceResponse()
    response.partial_success.rejected_spans = rejected
    response.partial_success.error_message = message
    return response.SerializeToString()


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (partial(2, "too old"), PROTOBUF),
        (b'{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}', JSON),
        (b'{"partialSuccess": {"rejectedSpans": 2, "errorMessage": "too old"}}', JSON),
    ],
)
def test_rejected_spans_are_returned_and_the_message_logged(sink, exporter, logs, body, headers):
    sink.answer(200, body, headers)
    assert exporter.push(batch(span(), span(), span())) == 2
    assert logs[0]["message"] == "too old"


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"OK", {"content-type": "text/plain"}),
        (b"{}", JSON),
        (b"nonsense", JSON),
        (b'{"partialSuccess": null}', JSON),
        (b'{"partialSuccess": "yes"}', JSON),
        (b'{"partialSuccess": {"rejectedSpans": "many"}}', JSON),
        (b"\xff\xff", PROTOBUF),
        (b"[1]", JSON),
    ],
)
def test_a_success_is_a_success_whatever_its_body(sink, exporter, logs, body, headers):
    sink.answer(200, body, headers)
    assert exporter.push(batch(span())) == 0
    assert logs == []


def test_only_so_much_of_an_answer_is_read(sink, exporter):
    sink.answer(400, b"x" * (8 << 20), {"content-type": "text/plain"})
    with pytest.raises(PermanentError) as caught:
        exporter.push(batch(span()))
    assert len(str(caught.value)) < 400
    assert exporter.push(batch(span())) == 0


@pytest.mark.parametrize("ending", ["close", "reset", "stall"])
def test_a_success_whose_body_never_ends_is_a_success(running, ending):
    with RawServer(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", ending) as server:
        settings = {"endpoint": f"http://{server.address}", "timeout": "300ms"}
        assert running(OtlpHttp, settings).push(batch(span())) == 0


@pytest.mark.parametrize("ending", ["close", "reset", "stall"])
def test_a_refusal_whose_body_never_ends_is_read_by_its_status(running, ending):
    with RawServer(b"HTTP/1.1 401 No\r\nContent-Length: 100\r\n\r\n{", ending) as server:
        settings = {"endpoint": f"http://{server.address}", "timeout": "300ms"}
        with pytest.raises(PermanentError, match="credentials in headers"):
            running(OtlpHttp, settings).push(batch(span()))


@pytest.mark.parametrize("ending", ["close", "reset", "stall"])
def test_a_backend_that_hangs_up_without_a_status_is_tried_again(running, ending):
    with RawServer(b"HTTP/1.1 ", ending) as server:
        settings = {"endpoint": f"http://{server.address}", "timeout": "300ms"}
        with pytest.raises(RetryableError):
            running(OtlpHttp, settings).push(batch(span()))


@pytest.mark.parametrize("end", [b"Connection: close\r\n\r\n", b"\r\n"])
def test_an_answer_in_http_1_0_is_understood(running, end):
    with RawServer(b"HTTP/1.0 200 OK\r\n" + end) as server:
        exporter = running(OtlpHttp, {"endpoint": f"http://{server.address}"})
        assert [exporter.push(batch(span())) for _ in range(2)] == [0, 0]


def test_an_answer_that_is_packed_though_it_should_not_be_is_read(sink, exporter):
    packed = {"content-type": "text/plain", "content-encoding": "gzip"}
    sink.answer(400, gzip.compress(b"over quota"), packed)
    with pytest.raises(PermanentError, match="over quota"):
        exporter.push(batch(span()))


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_an_answer_that_cannot_be_unpacked_says_nothing(sink, exporter, encoding):
    sink.answer(400, b"\x8b\xff?", {"content-type": "text/plain", "content-encoding": encoding})
    with pytest.raises(PermanentError, match=r"answered 400$"):
        exporter.push(batch(span()))


def test_a_peer_that_speaks_no_http_1_names_the_remedy(running):
    with RawServer(b"\x00\x00\x18\x04\x00\x00\x00\x00\x00") as server:
        exporter = running(OtlpHttp, {"endpoint": f"http://{server.address}"})
        with pytest.raises(RetryableError, match="check the port"):
            exporter.push(batch(span()))


def test_a_peer_without_tls_names_the_remedy(sink, running):
    exporter = running(OtlpHttp, {"endpoint": sink.endpoint.replace("http:", "https:")})
    with pytest.raises(RetryableError, match="write http://"):
        exporter.push(batch(span()))


def test_an_answer_that_does_not_come_in_time_is_retryable(sink, running):
    exporter = running(OtlpHttp, {"endpoint": sink.endpoint, "timeout": "100ms"})
    sink.hold.clear()
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.reason == "timeout"


def test_it_starts_while_the_backend_is_down_and_delivers_once_it_is_up(running):
    sink = HttpSink().start()
    sink.stop()
    exporter = running(OtlpHttp, {"endpoint": sink.endpoint})
    with pytest.raises(RetryableError, match="refused"):
        exporter.push(batch(span()))
    with sink:
        exporter.push(batch(span("late")))
    assert [item.name for item in sink.spans] == ["late"]


def test_a_backend_that_restarts_between_two_pushes_costs_a_retry_at_most(sink, exporter):
    exporter.push(batch(span("before")))
    sink.stop()
    sink.start()
    try:
        exporter.push(batch(span("after")))
    except RetryableError:
        exporter.push(batch(span("after")))
    assert [item.name for item in sink.spans] == ["before", "after"]


def test_what_goes_to_this_machine_passes_no_proxy(sink, running, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    running(OtlpHttp, {"endpoint": sink.endpoint}).push(batch(span()))
    assert len(sink.spans) == 1


def test_what_goes_elsewhere_passes_the_proxy_of_the_environment(sink, running, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.setenv("http_proxy", sink.endpoint)
    sink.answer(200)
    running(OtlpHttp, {"endpoint": "http://collector.example:4318"}).push(batch(span()))
    assert sink.requests[0].path == "http://collector.example:4318/v1/traces"


def test_secrets_in_headers_appear_in_no_error_and_no_log(sink, running, logs):
    secret = "Bearer s3cr3t-t0ken-value"
    exporter = running(OtlpHttp, {"endpoint": sink.endpoint, "headers": {"Authorization": secret}})
    sink.answer(401, b"no s3cr3t-t0ken-value here", {"content-type": "text/plain"})
    with pytest.raises(PermanentError, match="headers") as caught:
        exporter.push(batch(span()))
    sink.answer(200, partial(1, f"you sent {secret}"), PROTOBUF)
    exporter.push(batch(span()))
    sink.stop()
    with pytest.raises(RetryableError) as refused:
        exporter.push(batch(span()))
    for place in (caught.value, refused.value, logs, exporter.config):
        assert "s3cr3t" not in repr(place)
    assert sink.requests[0].headers["authorization"] == secret


def test_https_reaches_a_server_with_that_authority(tmp_path, running):
    certificate = self_signed(tmp_path)
    with HttpSink(certificate) as sink:
        tls = {"ca_file": str(certificate.cert_file)}
        running(OtlpHttp, {"endpoint": sink.endpoint, "tls": tls}).push(batch(span()))
        assert len(sink.spans) == 1


def test_the_server_s_name_can_be_overridden(tmp_path, running):
    certificate = self_signed(tmp_path, "collector.example")
    with HttpSink(certificate) as sink:
        endpoint = sink.endpoint.replace("127.0.0.1", "localhost")
        tls = {"ca_file": str(certificate.cert_file)}
        with pytest.raises(RetryableError, match=r"tls\.server_name_override"):
            running(OtlpHttp, {"endpoint": endpoint, "tls": tls}).push(batch(span()))
        tls["server_name_override"] = "collector.example"
        running(OtlpHttp, {"endpoint": endpoint, "tls": tls}).push(batch(span()))
        assert len(sink.spans) == 1


def test_a_server_of_an_unknown_authority_is_trusted_only_when_told_so(tmp_path, running):
    with HttpSink(self_signed(tmp_path)) as sink:
        with pytest.raises(RetryableError, match=r"tls\.ca_file"):
            running(OtlpHttp, {"endpoint": sink.endpoint}).push(batch(span()))
        tls = {"insecure_skip_verify": True}
        running(OtlpHttp, {"endpoint": sink.endpoint, "tls": tls}).push(batch(span()))
        assert len(sink.spans) == 1


def test_a_tls_file_that_cannot_be_used_fails_the_start(tmp_path):
    settings = {"endpoint": "https://host", "tls": {"ca_file": str(tmp_path / "absent.pem")}}
    with pytest.raises(StartError, match=r"tls\.ca_file.*absent\.pem"):
        make(OtlpHttp, settings).start()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "endpoint is missing"),
        ({"endpoint": "host:4318"}, "with its scheme"),
        ({"endpoint": "http://host/v1/traces"}, "traces_endpoint"),
        ({"endpoint": "http://user:pw@host"}, "in headers"),
        ({"endpoint": "http://host?a=b"}, "no query"),
        ({"endpoint": "http://host..example"}, "correct its host"),
        ({"endpoint": "http://host:99999"}, "its port"),
        ({"endpoint": "https://host", "tls": {"insecure": True}}, "remove one"),
        ({"endpoint": "http://host", "headers": {"a:b": "c"}}, "header name"),
        ({"endpoint": "http://host", "encoding": "xml"}, "proto"),
    ],
)
def test_mistakes_in_the_settings_name_the_remedy(settings, complaint):
    with pytest.raises(ValidationError, match=complaint):
        OtlpHttp.Config.model_validate(settings)
