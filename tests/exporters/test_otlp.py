"""The `otlp` exporter against a real gRPC server."""

import threading
from typing import Any

import grpc
import pytest
from pydantic import ValidationError

from collector import Batch, PermanentError, RetryableError, SplitError, StartError
from exporters._grpc import channel_options
from exporters.otlp import Otlp
from tests.doubles.http import HttpSink
from tests.doubles.otlp_grpc import Code, GrpcSink
from tests.doubles.relay import Relay
from tests.doubles.tls import self_signed
from tests.helpers import batch, eventually, make, span


@pytest.fixture
def sink():
    with GrpcSink() as made:
        yield made


@pytest.fixture
def exporter(sink, running):
    return running(Otlp, {"endpoint": sink.endpoint, "tls": {"insecure": True}})


def test_the_payload_arrives_byte_for_byte_without_being_decoded(sink, exporter):
    payload = batch(span("one"), span("two")).payload
    undecoded = Batch(payload=payload)
    assert exporter.push(undecoded) == 0
    assert sink.calls[0].payload == payload
    assert undecoded._message is None
    assert [item.name for item in sink.spans] == ["one", "two"]


def test_headers_go_with_every_call_in_lower_case(sink, running):
    settings = {"endpoint": sink.endpoint, "tls": {"insecure": True}, "headers": {"X-Key": "abc"}}
    exporter = running(Otlp, settings)
    exporter.push(batch(span()))
    exporter.push(batch(span()))
    assert [call.metadata["x-key"] for call in sink.calls] == ["abc", "abc"]


def test_it_says_who_it_is(sink, exporter):
    exporter.push(batch(span()))
    assert sink.calls[0].metadata["user-agent"].startswith("winnow-collector/")


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_spans_arrive_whatever_the_compression(sink, running, compression):
    settings = {
        "endpoint": sink.endpoint,
        "tls": {"insecure": True},
        "compression": compression,
    }
    running(Otlp, settings).push(batch(span("a" * 5000)))
    assert sink.spans[0].name == "a" * 5000


def test_gzip_is_the_default_and_shrinks_what_is_on_the_wire(sink, running):
    spans = batch(*(span("the same name over and over " * 100) for _ in range(50)))
    sent = {}
    for compression in ({}, {"compression": "none"}):
        with Relay(sink.endpoint) as relay:
            settings = {"endpoint": relay.endpoint, "tls": {"insecure": True}, **compression}
            running(Otlp, settings).push(spans)
            sent[bool(compression)] = relay.sent
    assert sent[True] > len(spans.payload)
    assert sent[False] < len(spans.payload) / 10
    assert len(sink.spans) == 100


@pytest.mark.parametrize(
    "code",
    [
        Code.CANCELLED,
        Code.DEADLINE_EXCEEDED,
        Code.ABORTED,
        Code.OUT_OF_RANGE,
        Code.UNAVAILABLE,
        Code.DATA_LOSS,
    ],
)
def test_otlp_s_retryable_codes_are_retryable(sink, exporter, code):
    sink.refuse(code, "not now")
    with pytest.raises(RetryableError, match="not now") as caught:
        exporter.push(batch(span()))
    assert caught.value.delay is None


@pytest.mark.parametrize(
    "code",
    [
        Code.UNKNOWN,
        Code.INVALID_ARGUMENT,
        Code.NOT_FOUND,
        Code.ALREADY_EXISTS,
        Code.PERMISSION_DENIED,
        Code.FAILED_PRECONDITION,
        Code.UNIMPLEMENTED,
        Code.INTERNAL,
        Code.UNAUTHENTICATED,
        Code.RESOURCE_EXHAUSTED,
    ],
)
def test_every_other_code_is_permanent(sink, exporter, code):
    sink.refuse(code, "never")
    with pytest.raises(PermanentError) as caught:
        exporter.push(batch(span()))
    assert caught.value.reason == f"grpc_{code.name.lower()}"


@pytest.mark.parametrize("code", [Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE])
def test_retry_info_names_the_delay(sink, exporter, code):
    sink.refuse(code, "slow down", retry_after=1.25)
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.delay == 1.25


def test_a_message_over_the_peer_s_limit_asks_to_be_split(running):
    with GrpcSink(max_message=2000) as sink:
        exporter = running(
            Otlp,
            {"endpoint": sink.endpoint, "tls": {"insecure": True}, "compression": "none"},
        )
        with pytest.raises(SplitError):
            exporter.push(batch(*(span("n" * 100) for _ in range(50))))
        assert exporter.push(batch(span())) == 0


def test_a_compressed_message_over_the_peer_s_limit_asks_to_be_split(running):
    with GrpcSink(max_message=2000) as sink:
        exporter = running(Otlp, {"endpoint": sink.endpoint, "tls": {"insecure": True}})
        with pytest.raises(SplitError):
            exporter.push(batch(*(span("n" * 100) for _ in range(50))))


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (Code.RESOURCE_EXHAUSTED, "grpc: received message larger than max (5000 vs. 4000)"),
        (
            Code.RESOURCE_EXHAUSTED,
            "grpc: received message after decompression larger than max 4194304",
        ),
        (Code.RESOURCE_EXHAUSTED, "gRPC message exceeds maximum size 4194304: 5000000"),
        (
            Code.OUT_OF_RANGE,
            "Error, decoded message length too large: found 5 bytes, the limit is: 4 bytes",
        ),
        (
            Code.RESOURCE_EXHAUSTED,
            "Received message exceeds the maximum configured message size.",
        ),
        (Code.UNKNOWN, "Received http2 header with status: 413"),
    ],
)
def test_each_server_s_words_for_too_large_are_understood(sink, exporter, code, words):
    sink.refuse(code, words)
    with pytest.raises(SplitError, match="raise the limit"):
        exporter.push(batch(span()))


def test_rejected_spans_are_returned_and_the_message_logged(sink, exporter, logs):
    sink.reject(2, "attribute limit")
    assert exporter.push(batch(span(), span(), span())) == 2
    (event,) = logs
    assert (event["rejected_spans"], event["message"]) == (2, "attribute limit")


def test_a_message_without_rejected_spans_is_only_a_warning(sink, exporter, logs):
    sink.reject(0, "deprecated field")
    assert exporter.push(batch(span())) == 0
    assert [event["log_level"] for event in logs] == ["warning"]


def test_no_more_spans_are_rejected_than_were_sent(sink, exporter):
    sink.reject(1000)
    assert exporter.push(batch(span(), span())) == 2


def test_the_timeout_is_the_deadline(sink, running):
    settings = {"endpoint": sink.endpoint, "tls": {"insecure": True}, "timeout": "100ms"}
    exporter = running(Otlp, settings)
    sink.hold.clear()
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.reason == "timeout"


def test_it_starts_while_the_backend_is_down_and_delivers_once_it_is_up(running):
    sink = GrpcSink().start()
    sink.stop()
    exporter = running(Otlp, {"endpoint": sink.endpoint, "tls": {"insecure": True}})
    with pytest.raises(RetryableError, match="UNAVAILABLE"):
        exporter.push(batch(span()))
    with sink:
        push_until_taken(exporter, batch(span("late")))
    assert [item.name for item in sink.spans] == ["late"]


def test_shutdown_makes_calls_under_way_retryable(sink, running):
    exporter = running(Otlp, {"endpoint": sink.endpoint, "tls": {"insecure": True}})
    sink.hold.clear()
    caught: list[Exception] = []

    def push() -> None:
        try:
            exporter.push(batch(span()))
        except RetryableError as error:
            caught.append(error)

    thread = threading.Thread(target=push)
    thread.start()
    eventually(lambda: sink.calls)
    exporter.shutdown()
    thread.join(10)
    assert len(caught) == 1
    with pytest.raises(RetryableError):
        exporter.push(batch(span()))


def test_secrets_in_headers_appear_in_no_error_and_no_log(sink, running, logs):
    secret = "Bearer s3cr3t-t0ken-value"
    settings = {
        "endpoint": sink.endpoint,
        "tls": {"insecure": True},
        "headers": {"authorization": secret},
    }
    exporter = running(Otlp, settings)
    sink.refuse(Code.UNAUTHENTICATED, f"unknown token s3cr3t-t0ken-value in '{secret}'")
    with pytest.raises(PermanentError, match="headers") as caught:
        exporter.push(batch(span()))
    sink.reject(1, f"you sent {secret}")
    exporter.push(batch(span()))
    for place in (str(caught.value), repr(caught.value), str(logs), repr(exporter.config)):
        assert "s3cr3t" not in place
    assert sink.calls[0].metadata["authorization"] == secret


def test_a_call_over_tls_reaches_a_server_with_that_authority(tmp_path, running):
    certificate = self_signed(tmp_path)
    with GrpcSink(credentials=certificate.grpc_server()) as sink:
        tls = {"ca_file": str(certificate.cert_file)}
        running(Otlp, {"endpoint": sink.endpoint, "tls": tls}).push(batch(span()))
        assert len(sink.spans) == 1


def test_the_server_s_name_can_be_overridden(tmp_path, running):
    certificate = self_signed(tmp_path, "collector.example")
    with GrpcSink(credentials=certificate.grpc_server()) as sink:
        endpoint = f"localhost:{sink.endpoint.rpartition(':')[2]}"
        tls = {"ca_file": str(certificate.cert_file)}
        with pytest.raises(RetryableError, match=r"tls\.server_name_override"):
            running(Otlp, {"endpoint": endpoint, "tls": tls}).push(batch(span()))
        tls["server_name_override"] = "collector.example"
        running(Otlp, {"endpoint": endpoint, "tls": tls}).push(batch(span()))
        assert sink.calls[0].metadata is not None
        assert len(sink.spans) == 1


def test_a_server_of_an_unknown_authority_is_not_trusted(tmp_path, running):
    certificate = self_signed(tmp_path)
    with GrpcSink(credentials=certificate.grpc_server()) as sink:
        exporter = running(Otlp, {"endpoint": sink.endpoint})
        with pytest.raises(RetryableError, match=r"tls\.ca_file"):
            exporter.push(batch(span()))
        assert sink.calls == []


def test_tls_to_a_plain_text_server_names_the_remedy(sink, running):
    exporter = running(Otlp, {"endpoint": sink.endpoint})
    with pytest.raises(RetryableError, match=r"tls\.insecure"):
        exporter.push(batch(span()))


def test_a_peer_that_speaks_http_1_names_the_remedy(running):
    with HttpSink() as sink:
        address = sink.endpoint.removeprefix("http://")
        exporter = running(Otlp, {"endpoint": address, "tls": {"insecure": True}})
        with pytest.raises(RetryableError, match="use otlphttp"):
            exporter.push(batch(span()))


def test_metadata_may_be_binary(sink, running):
    settings = {"endpoint": sink.endpoint, "tls": {"insecure": True}, "headers": {"X-Bin": "abc"}}
    running(Otlp, settings).push(batch(span()))
    assert sink.calls[0].metadata["x-bin"] == str(b"abc")


def test_a_secret_that_holds_another_is_taken_out_whole(sink, running):
    settings = {
        "endpoint": sink.endpoint,
        "tls": {"insecure": True},
        "headers": {"x-team": "blue", "authorization": "Bearer blue-s3cr3t"},
    }
    exporter = running(Otlp, settings)
    sink.refuse(Code.UNAUTHENTICATED, "no such token: blue-s3cr3t")
    with pytest.raises(PermanentError) as caught:
        exporter.push(batch(span()))
    assert "s3cr3t" not in str(caught.value)


def test_credentials_in_the_endpoint_are_refused_without_being_shown():
    with pytest.raises(ValidationError) as caught:
        Otlp.Config.model_validate({"endpoint": "https://key:hidden@host:4317"})
    (error,) = caught.value.errors(include_input=False)
    assert "in headers" in error["msg"]
    assert "hidden" not in error["msg"]


def test_an_http_scheme_means_plain_text(sink, running):
    running(Otlp, {"endpoint": f"http://{sink.endpoint}"}).push(batch(span()))
    assert len(sink.spans) == 1


@pytest.mark.parametrize("setting", ["ca_file", "cert_file"])
def test_a_tls_file_that_is_missing_or_no_pem_fails_the_start(tmp_path, setting):
    junk = tmp_path / "junk.pem"
    junk.write_text("not a certificate")
    for path in (junk, tmp_path / "absent.pem"):
        files = {setting: str(path)}
        if setting == "cert_file":
            files["key_file"] = str(path)
        exporter = make(Otlp, {"endpoint": "tempo:4317", "tls": files})
        with pytest.raises(StartError, match=rf"tls\.{setting}.*{path.name}"):
            exporter.start()


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "endpoint"),
        ({"endpoint": "tempo"}, "host:port"),
        ({"endpoint": "unix:///run/x"}, "host:port"),
        ({"endpoint": "https://t:1", "tls": {"insecure": True}}, "remove one"),
        ({"endpoint": "t:1", "tls": {"insecure": True, "ca_file": "x"}}, "remove one"),
        ({"endpoint": "t:1", "tls": {"cert_file": "x"}}, "key_file"),
        ({"endpoint": "t:1", "tls": {"insecure_skip_verify": True}}, "ca_file"),
        ({"endpoint": "t:1", "headers": {"a b": "c"}}, "header name"),
        ({"endpoint": "t:1", "compression": "snappy"}, "gzip"),
    ],
)
def test_mistakes_in_the_settings_name_the_remedy(settings: dict[str, Any], complaint):
    with pytest.raises(ValidationError, match=complaint):
        Otlp.Config.model_validate(settings)


def test_a_header_value_with_a_line_break_is_refused_without_being_shown():
    with pytest.raises(ValidationError) as caught:
        Otlp.Config.model_validate({"endpoint": "t:1", "headers": {"key": "hidden\n"}})
    (error,) = caught.value.errors(include_input=False)
    assert "line break" in error["msg"]
    assert "hidden" not in error["msg"]


@pytest.mark.parametrize(
    ("host", "proxy"),
    [("127.0.0.1", 0), ("localhost", 0), ("[::1]", 0), ("tempo.example", 1), ("10.0.0.1", 1)],
)
def test_what_goes_to_this_machine_passes_no_proxy(host, proxy):
    config = Otlp.Config.model_validate({"endpoint": f"{host}:4317"})
    assert dict(channel_options(config))["grpc.enable_http_proxy"] == proxy


def test_keepalive_is_passed_on_in_milliseconds():
    config = Otlp.Config.model_validate({"endpoint": "t:1", "keepalive": {"time": "20s"}})
    options = dict(channel_options(config))
    assert options["grpc.keepalive_time_ms"] == 20_000
    assert options["grpc.keepalive_timeout_ms"] == 10_000


def push_until_taken(exporter: Otlp, item: Batch) -> None:
    """Push as the queue's retries do: until it is taken, or the test has waited too long."""
    channel = exporter._channel
    assert channel is not None
    grpc.channel_ready_future(channel).result(timeout=20)
    exporter.push(item)
