"""The `tempo` exporter against a server with Tempo's answers."""

import pytest
from pydantic import ValidationError

from collector import PermanentError, RetryableError, SplitError
from collector.telemetry.metrics import Metrics
from exporters.tempo import Tempo
from tests.doubles.otlp_grpc import TempoServer
from tests.helpers import ManualClock, batch, metric, span

PLAIN = {"tls": {"insecure": True}}


@pytest.fixture
def server():
    with TempoServer() as made:
        yield made


def test_spans_arrive(server, running):
    running(Tempo, {"endpoint": server.endpoint, **PLAIN}).push(batch(span("one")))
    assert [item.name for item in server.spans] == ["one"]


def test_a_missing_tenant_is_a_mistake_that_waiting_does_not_mend(running):
    with TempoServer(tenants=True) as server:
        exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN})
        with pytest.raises(PermanentError, match="set tenant") as caught:
            exporter.push(batch(span()))
        assert caught.value.reason == "no_tenant"


def test_the_tenant_goes_as_x_scope_orgid(running):
    with TempoServer(tenants=True) as server:
        settings = {"endpoint": server.endpoint, **PLAIN, "tenant": "team-a"}
        running(Tempo, settings).push(batch(span()))
        assert server.calls[0].metadata["x-scope-orgid"] == "team-a"


def test_the_tenant_wins_over_a_header_of_the_same_name(server, running):
    headers = {"headers": {"X-Scope-OrgID": "team-b"}}
    settings = {"endpoint": server.endpoint, **PLAIN, "tenant": "team-a", **headers}
    running(Tempo, settings).push(batch(span()))
    assert server.calls[0].metadata["x-scope-orgid"] == "team-a"


def test_the_rate_limit_is_waited_out(server, running):
    exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN})
    server.limit_rate()
    with pytest.raises(RetryableError, match="RATE_LIMITED") as caught:
        exporter.push(batch(span()))
    assert caught.value.delay == 5.0


def test_a_batch_over_the_burst_size_is_split_though_it_is_told_to_wait(running):
    with TempoServer(burst=1000) as server:
        exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN})
        with pytest.raises(SplitError, match="burst"):
            exporter.push(batch(*(span("n" * 100) for _ in range(20))))
        exporter.push(batch(span()))
        assert len(server.spans) == 1


def test_text_that_tempo_will_cut_is_told_once(server, running, logs):
    exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN})
    for _ in range(3):
        exporter.push(batch(span(attributes={"gen_ai.input.messages": "secret " * 500})))
    (event,) = logs
    assert event["attribute"] == "gen_ai.input.messages"
    assert "max_attribute_bytes" in event["event"]
    assert "secret" not in str(event)


def test_one_batch_a_minute_is_looked_at(server, running, logs):
    clock = ManualClock()
    exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN}, clock=clock)
    long = {"prompt": "x" * 2049}
    exporter.push(batch(*(span("n" * 100) for _ in range(50))))
    exporter.push(batch(span(attributes=long)))
    assert logs == []
    clock.advance(61)
    exporter.push(batch(span(attributes=long)))
    assert [event["attribute"] for event in logs] == ["prompt"]


def test_all_that_tempo_will_cut_is_counted_when_asked_for(server, running):
    settings = {"endpoint": server.endpoint, **PLAIN, "truncation": "count"}
    exporter = running(Tempo, settings, component_id="tempo")
    name = "winnow_tempo_truncated_attributes_total"
    exporter.push(
        batch(
            span(attributes={"cut": "é" * 1025, "whole": "x" * 2048}),
            span(attributes={"cut": "x" * 2049, "also": "y" * 3000}),
        )
    )
    assert metric(exporter, name, exporter=exporter.context.component_id) == 3
    server.limit_rate()
    with pytest.raises(RetryableError):
        exporter.push(batch(span(attributes={"cut": "x" * 3000})))
    assert metric(exporter, name, exporter=exporter.context.component_id) == 3


def test_text_in_events_is_counted_too(server, running):
    settings = {"endpoint": server.endpoint, **PLAIN, "truncation": "count"}
    exporter = running(Tempo, settings)
    one = span()
    one.events.add(name="message").attributes.add(key="content").value.string_value = "x" * 5000
    exporter.push(batch(one))
    name = "winnow_tempo_truncated_attributes_total"
    assert metric(exporter, name, exporter=exporter.context.component_id) == 1


def test_off_does_not_look(server, running, logs):
    exporter = running(Tempo, {"endpoint": server.endpoint, **PLAIN, "truncation": "off"})
    exporter.push(batch(span(attributes={"prompt": "x" * 9000})))
    assert logs == []


def test_a_tenant_that_no_header_can_carry_is_refused():
    with pytest.raises(ValidationError, match="line break"):
        Tempo.Config.model_validate({"endpoint": "tempo:4317", "tenant": "a\nb"})


def test_two_tempo_exporters_count_apart(server, running):
    metrics = Metrics()
    settings = {"endpoint": server.endpoint, **PLAIN, "truncation": "count"}
    first = running(Tempo, settings, metrics=metrics, component_id="tempo/a")
    running(Tempo, settings, metrics=metrics, component_id="tempo/b")
    first.push(batch(span(attributes={"cut": "x" * 3000})))
    name = "winnow_tempo_truncated_attributes_total"
    assert metric(first, name, exporter="tempo/a") == 1
    assert metric(first, name, exporter="tempo/b") == 0
