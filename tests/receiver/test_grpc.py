"""OTLP over gRPC answers as the specification says."""

import grpc
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.errors import RefusedError, StartError
from collector.receivers.otlp import OtlpReceiver
from tests.helpers import make_context, metric, request, span

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def export(receiver):
    with grpc.insecure_channel(receiver.endpoints["grpc"]) as channel:
        call = channel.unary_unary(
            METHOD, response_deserializer=ExportTraceServiceResponse.FromString
        )

        def send(message, **options):
            payload = message if isinstance(message, bytes) else message.SerializeToString()
            return call(payload, timeout=10, **options)

        yield send


def refused(call, *args, **kwargs) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as info:
        call(*args, **kwargs)
    return info.value


def test_spans_reach_the_pipeline_and_the_answer_has_no_partial_success(export, sink, receiver):
    answer = export(request(span("a"), span("b")))
    assert not answer.HasField("partial_success")
    assert [record.span.name for record in sink.spans] == ["a", "b"]
    accepted = "winnow_receiver_accepted_spans_total"
    assert metric(receiver, accepted, receiver="otlp", transport="grpc") == 2


def test_an_empty_request_succeeds(export, sink):
    assert not export(b"").HasField("partial_success")
    assert sink.spans == []


def test_gzip_is_unpacked(export, sink):
    export(request(span("packed")), compression=grpc.Compression.Gzip)
    assert [record.span.name for record in sink.spans] == ["packed"]


def test_bytes_that_are_no_request_are_invalid_and_harm_nothing_else(export, sink):
    assert refused(export, b"\xff\xff\xff").code() == grpc.StatusCode.INVALID_ARGUMENT
    export(request(span("next")))
    assert [record.span.name for record in sink.spans] == ["next"]


def test_only_the_spans_without_proper_ids_are_refused(export, sink, receiver):
    bad = [span("short"), span("zero"), span("orphan")]
    bad[0].trace_id = b"\x01"
    bad[1].span_id = bytes(8)
    bad[2].parent_span_id = b"\x01\x02"
    answer = export(request(span("good"), *bad))
    assert answer.partial_success.rejected_spans == 3
    assert "16 bytes" in answer.partial_success.error_message
    assert [record.span.name for record in sink.spans] == ["good"]
    refusals = "winnow_receiver_refused_spans_total"
    assert metric(receiver, refusals, receiver="otlp", transport="grpc", reason="invalid_id") == 3


def test_backpressure_is_unavailable_with_a_delay(export, sink):
    sink.error = RefusedError("queue_full", "the queue is full", retry_after=7)
    error = refused(export, request(span()))
    assert error.code() == grpc.StatusCode.UNAVAILABLE
    details = Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    info = RetryInfo()
    assert details.details[0].Unpack(info)
    assert info.retry_delay.seconds == 7


def test_a_failing_pipeline_is_internal_and_says_nothing_of_the_data(export, sink):
    sink.error = ValueError("alice@example.com")
    error = refused(export, request(span()))
    assert error.code() == grpc.StatusCode.INTERNAL
    assert "alice" not in error.details()


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_a_request_over_the_limit_is_refused_for_good(export, sink, compression):
    large = request(span(attributes={"text": "x" * 2_000_000}))
    error = refused(export, large, compression=compression)
    assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "grpc-status-details-bin" not in dict(error.trailing_metadata())
    assert sink.spans == []


def test_a_port_in_use_names_the_setting_and_the_remedy(receiver):
    settings = {"protocols": {"grpc": {"endpoint": receiver.endpoints["grpc"]}}}
    second = OtlpReceiver(OtlpReceiver.Config.model_validate(settings), make_context("otlp/b"))
    with pytest.raises(StartError, match=r"receivers\.otlp/b\.protocols\.grpc\.endpoint"):
        second.start()
    second.shutdown()
