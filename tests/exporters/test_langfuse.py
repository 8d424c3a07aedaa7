"""The `langfuse` exporter against a server with Langfuse's answers."""

import gzip

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from collector import Batch, PermanentError, RetryableError, SplitError
from exporters.langfuse import Langfuse
from tests.doubles.langfuse import PUBLIC_KEY, SECRET_KEY, LangfuseServer
from tests.helpers import attributes, batch, span

KEYS = {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY}
JSON = {"content-type": "application/json"}


@pytest.fixture
def server():
    with LangfuseServer() as made:
        yield made


@pytest.fixture
def exporter(server, running):
    return running(Langfuse, {"host": server.endpoint, **KEYS})


def test_spans_are_posted_as_gzipped_protobuf_with_basic_auth(server, exporter):
    assert exporter.push(batch(span("one"), span("two"))) == 0
    (request,) = server.requests
    assert request.path == "/api/public/otel/v1/traces"
    assert request.headers["content-type"] == "application/x-protobuf"
    assert request.headers["content-encoding"] == "gzip"
    assert request.headers["authorization"].startswith("Basic ")
    assert [item.name for item in server.spans] == ["one", "two"]


def test_it_asks_for_the_direct_write_and_does_not_pose_as_langfuse_s_own_sdk(server, exporter):
    exporter.push(batch(span()))
    (request,) = server.requests
    assert request.headers["x-langfuse-ingestion-version"] == "4"
    assert not any(name.startswith("x-langfuse-sdk") for name in request.headers)
    assert b"langfuse" not in gzip.decompress(request.body).replace(b"langfuse.trace.name", b"")


def test_the_batch_stays_as_it_was(exporter):
    one = batch(span(attributes={"gen_ai.operation.name": "chat", "user.id": "ann"}), span())
    before = one.message.SerializeToString()
    exporter.push(one)
    assert one.message.SerializeToString() == before
    assert one.payload == before


def test_spans_with_invalid_ids_are_left_out_and_returned(server, exporter, logs):
    bad = [
        Span(name="no ids"),
        Span(name="short", trace_id=b"1", span_id=b"2"),
        Span(name="zeros", trace_id=bytes(16), span_id=b"12345678"),
        Span(name="no span", trace_id=b"1" * 16, span_id=bytes(8)),
    ]
    assert exporter.push(batch(*bad, span("good"))) == 4
    assert [item.name for item in server.spans] == ["good"]
    assert logs[0]["spans"] == 4


def test_a_batch_without_a_usable_span_is_not_sent(server, exporter):
    assert exporter.push(batch(Span(name="no ids"))) == 1
    assert server.requests == []


def test_spans_left_out_are_left_out_again_at_the_retry(server, exporter):
    one = batch(Span(name="no ids"), span("good"))
    server.answer(503)
    with pytest.raises(RetryableError):
        exporter.push(one)
    assert exporter.push(one) == 1


def test_a_batch_that_langfuse_refuses_is_split(server, exporter):
    server.answer(400, b'{"error": "Invalid span"}', JSON)
    with pytest.raises(SplitError, match="Invalid span"):
        exporter.push(batch(span(), span()))


def test_a_single_span_that_langfuse_refuses_has_failed(server, exporter):
    server.answer(400, b'{"error": "Invalid span"}', JSON)
    with pytest.raises(PermanentError, match="Invalid span"):
        exporter.push(batch(span()))


@pytest.mark.parametrize("status", [401, 403])
def test_refused_keys_are_named_but_not_shown(server, exporter, logs, status):
    words = f'{{"message": "bad {PUBLIC_KEY} and {SECRET_KEY}"}}'.encode()
    server.answer(status, words, JSON)
    with pytest.raises(PermanentError, match="public_key and secret_key") as caught:
        exporter.push(batch(span()))
    for place in (str(caught.value), repr(exporter.config), str(logs)):
        assert PUBLIC_KEY not in place
        assert SECRET_KEY not in place


def test_wrong_keys_are_refused_by_the_server(server, running):
    exporter = running(Langfuse, {"host": server.endpoint, **KEYS, "secret_key": "sk-lf-wrong"})
    with pytest.raises(PermanentError, match="secret_key") as caught:
        exporter.push(batch(span()))
    assert caught.value.reason == "http_401"


def test_a_wrong_host_is_named(server, running):
    exporter = running(Langfuse, {"host": f"{server.endpoint}/elsewhere", **KEYS})
    with pytest.raises(PermanentError, match="check host"):
        exporter.push(batch(span()))


def test_429_is_retried_when_langfuse_says(server, exporter):
    server.answer(429, b"{}", {**JSON, "retry-after": "17"})
    with pytest.raises(RetryableError) as caught:
        exporter.push(batch(span()))
    assert caught.value.delay == 17


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_trouble_at_langfuse_is_retried(server, exporter, status):
    server.answer(status)
    with pytest.raises(RetryableError):
        exporter.push(batch(span()))


@pytest.mark.parametrize("body", [b"{}", b"", b'{"partialSuccess": {"rejectedSpans": 9}}', b"\xff"])
def test_a_success_is_not_parsed(server, exporter, body):
    server.answer(200, body, {"content-type": "application/x-protobuf"})
    assert exporter.push(batch(span())) == 0


def test_a_batch_over_16_mb_is_split_before_it_is_sent(server, exporter):
    big = [span(attributes={"prompt": "x" * 6_000_000}) for _ in range(3)]
    with pytest.raises(SplitError):
        exporter.push(batch(*big))
    assert server.requests == []
    assert exporter.push(batch(*big[:2])) == 0


def test_a_single_span_is_sent_whatever_its_size_with_a_warning(server, exporter, logs):
    assert exporter.push(batch(span(attributes={"prompt": "x" * 17_000_000}))) == 0
    assert len(server.spans) == 1
    assert [event["spans"] for event in logs] == [1]


def test_it_starts_while_langfuse_is_down_and_delivers_once_it_is_up(running):
    server = LangfuseServer().start()
    server.stop()
    exporter = running(Langfuse, {"host": server.endpoint, **KEYS})
    with pytest.raises(RetryableError):
        exporter.push(batch(span()))
    with server:
        exporter.push(batch(span("late")))
    assert [item.name for item in server.spans] == ["late"]


def test_what_an_earlier_batch_said_of_a_trace_holds_for_a_late_span(server, exporter):
    exporter.push(batch(span("root", trace=7, attributes={"user.id": "ann", "session.id": "s1"})))
    exporter.push(batch(span("late", trace=7, parent=b"parent-1")))
    late = server.observations[1]
    assert late["langfuse.user.id"] == "ann"
    assert late["langfuse.session.id"] == "s1"
    assert late["langfuse.trace.name"] == "root"


def test_environment_and_release_are_set_where_the_resource_names_none(server, running):
    settings = {"host": server.endpoint, **KEYS, "environment": "prod", "release": "1.2"}
    exporter = running(Langfuse, settings)
    exporter.push(batch(span()))
    exporter.push(batch(span(), resource={"deployment.environment.name": "dev"}))
    first, second = (
        {
            entry.key: entry.value.string_value
            for entry in item.resource_spans[0].resource.attributes
        }
        for item in server.accepted
    )
    assert (first["langfuse.environment"], first["langfuse.release"]) == ("prod", "1.2")
    assert "langfuse.environment" not in second
    assert second["langfuse.release"] == "1.2"


def test_no_attribute_of_ours_becomes_a_usage_bucket(server, exporter):
    own = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 3}
    exporter.push(batch(span(attributes=own)))
    (sent,) = server.observations
    assert [key for key in sent if key.startswith("gen_ai.usage.")] == ["gen_ai.usage.input_tokens"]


def test_an_undecoded_batch_is_prepared_like_a_decoded_one(server, exporter):
    one = batch(span(attributes={"gen_ai.operation.name": "chat"}))
    exporter.push(Batch(payload=one.payload))
    exporter.push(one)
    first, second = server.accepted
    assert first == second
    assert attributes(Batch(first).spans)[0]["langfuse.observation.type"] == "generation"


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({}, "public_key"),
        ({**KEYS, "public_key": ""}, "public_key is empty"),
        ({**KEYS, "secret_key": " "}, "secret_key is empty"),
        ({**KEYS, "secret_key": f"{SECRET_KEY}\n"}, "secret_key holds a space or a line break"),
        ({"public_key": SECRET_KEY, "secret_key": PUBLIC_KEY}, "swapped"),
        ({**KEYS, "host": "cloud.langfuse.com"}, "with its scheme"),
        ({**KEYS, "host": "https://a:b@cloud.langfuse.com"}, "in headers"),
        ({**KEYS, "environment": "Prod!"}, "pattern"),
    ],
)
def test_mistakes_in_the_settings_name_the_remedy(settings, complaint):
    with pytest.raises(ValidationError, match=complaint):
        Langfuse.Config.model_validate(settings)


def test_empty_keys_are_no_mistake_while_it_is_switched_off():
    Langfuse.Config.model_validate({"enabled": False, "public_key": "", "secret_key": ""})


@pytest.mark.parametrize(
    "host",
    [
        "https://lf.example",
        "https://lf.example/",
        "https://lf.example/api/public/otel",
        "https://lf.example/api/public/otel/v1/traces",
    ],
)
def test_the_host_may_be_any_of_the_addresses_that_langfuse_shows(host):
    assert Langfuse.Config.model_validate({**KEYS, "host": host}).host == "https://lf.example"
