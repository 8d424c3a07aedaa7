"""Exporters behind the collector's own sender: what a backend's answer means in the end."""

import threading

from collector.delivery.sender import Sender
from exporters.langfuse import Langfuse
from exporters.tempo import Tempo
from tests.doubles.http import Request, Response
from tests.doubles.langfuse import PUBLIC_KEY, SECRET_KEY, LangfuseServer
from tests.doubles.otlp_grpc import TempoServer
from tests.helpers import batch, metric, span, spans_of

KEYS = {"public_key": PUBLIC_KEY, "secret_key": SECRET_KEY}


class PickyLangfuse(LangfuseServer):
    """Refuses any batch with a span named `poison`."""

    def handle(self, request: Request) -> Response:
        response = super().handle(request)
        if self.accepted and any(item.name == "poison" for item in spans_of(self.accepted[-1])):
            self.accepted.pop()
            return Response(400, b'{"error": "bad span"}', {"content-type": "application/json"})
        return response


def send(exporter, *spans):
    """Deliver the spans to the end; returns how many were sent."""
    sender = Sender(exporter, exporter.context, threading.Event())
    sender.send(batch(*spans).payload, len(spans), lambda count: count())
    return metric(exporter, "winnow_exporter_sent_spans_total", exporter="it")


def failed(exporter, reason):
    return metric(exporter, "winnow_exporter_failed_spans_total", exporter="it", reason=reason)


def test_one_bad_span_costs_no_other_at_langfuse(running):
    with PickyLangfuse() as server:
        settings = {"host": server.endpoint, **KEYS}
        exporter = running(Langfuse, settings, component_id="it")
        spans = [span("poison" if n == 13 else "good", trace=n // 5 + 1) for n in range(40)]
        assert send(exporter, *spans) == 39
        assert failed(exporter, "http_400") == 1
        assert {item.name for item in server.spans} == {"good"}
        assert len(server.spans) == 39


def test_spans_with_invalid_ids_are_counted_as_rejected_by_langfuse(running):
    with LangfuseServer() as server:
        exporter = running(Langfuse, {"host": server.endpoint, **KEYS}, component_id="it")
        bad = span()
        bad.span_id = b"short"
        assert send(exporter, span(), bad, span()) == 2
        assert failed(exporter, "rejected") == 1


def test_a_batch_over_tempo_s_burst_arrives_in_pieces(running):
    with TempoServer(burst=2000) as server:
        settings = {"endpoint": server.endpoint, "tls": {"insecure": True}}
        exporter = running(Tempo, settings, component_id="it")
        assert send(exporter, *(span("n" * 100) for _ in range(60))) == 60
        assert len(server.spans) == 60
        assert len(server.calls) > 2


def test_a_span_over_tempo_s_burst_has_failed_alone(running):
    with TempoServer(burst=2000) as server:
        settings = {"endpoint": server.endpoint, "tls": {"insecure": True}}
        exporter = running(Tempo, settings, component_id="it")
        assert send(exporter, span(), span("n" * 5000), span()) == 2
        assert failed(exporter, "too_large") == 1
