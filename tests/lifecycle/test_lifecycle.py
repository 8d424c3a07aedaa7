"""Every registered component survives every order of its life that happens in practice."""

import pytest

from collector.component import Receiver
from collector.delivery.chain import make_delivery
from collector.registry import Registry
from tests.helpers import Sink, batch, consume, make_context, span

# What a component cannot do without. Whatever is not named here works with no settings.
REQUIRED = {
    "langfuse": {"host": "http://127.0.0.1:1", "public_key": "pk-lf-1", "secret_key": "sk-lf-1"},
    "otlp": {"endpoint": "127.0.0.1:1", "tls": {"insecure": True}},
    "otlphttp": {"endpoint": "http://127.0.0.1:1"},
    "tempo": {"endpoint": "127.0.0.1:1", "tls": {"insecure": True}},
}
LOOPBACK_PORTS = {
    "protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}
}

FOUND = list(Registry().registrations())


def each(registrations):
    return pytest.mark.parametrize(
        "registration", registrations, ids=lambda found: f"{found.kind}-{found.name}"
    )


components = each(FOUND)
processors = each([found for found in FOUND if found.kind == "processors"])


@pytest.fixture
def built(registration, tmp_path, monkeypatch):
    """The component as the graph runs it: an exporter in its delivery chain."""
    monkeypatch.chdir(tmp_path)
    cls = registration.load()
    settings = LOOPBACK_PORTS if issubclass(cls, Receiver) else {}
    if registration.kind == "exporters":
        settings = REQUIRED.get(registration.name, {})
    if registration.name == "memory_limiter":
        # It reads the memory of this process, in which thousands of tests may have run before.
        settings = {"limit_mib": 1 << 20}
    context = make_context(registration.name)
    part = cls(cls.Config.model_validate(settings), context)
    if registration.kind == "exporters":
        return make_delivery(part, context, 0.1), context
    part.next = Sink()
    return part, context


@components
def test_a_component_starts_consumes_and_shuts_down_twice(built):
    part, context = built
    part.start()
    if not isinstance(part, Receiver):
        part.context = context
        consume(part, batch(span("chat gpt-4o", attributes={"gen_ai.operation.name": "chat"})))
    part.shutdown()
    part.shutdown()


@components
def test_a_component_shuts_down_without_a_start(built):
    part, _ = built
    part.shutdown()
    part.shutdown()


@processors
def test_a_processor_has_no_reason_to_refuse_an_empty_batch(built):
    part, _ = built
    part.start()
    consume(part, batch())
    assert part.next.spans == []
    part.shutdown()


@components
def test_every_setting_says_what_it_is_for(registration):
    for name, field in registration.load().Config.model_fields.items():
        assert field.description, f"{registration.name}.{name} has no description"


@components
def test_a_component_says_in_one_line_what_it_does(registration):
    text = (registration.load().__doc__ or "").strip()
    assert text.splitlines()[0].endswith(".")
