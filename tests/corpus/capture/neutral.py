"""Takes out of a captured request what tells of the machine that it was captured on."""

from collections.abc import Callable, Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

_OF_THE_MACHINE = ("host.", "os.", "process.", "container.", "k8s.", "service.instance.")


def neutralise(message: ExportTraceServiceRequest, hide: Callable[[str], str]) -> None:
    """Rewrite in place: resource attributes about the machine, and `hide` over every string."""
    for resource_spans in message.resource_spans:
        for attribute in resource_spans.resource.attributes:
            if attribute.key.startswith(_OF_THE_MACHINE):
                _flatten(attribute.value)
        _hide_in(resource_spans.resource.attributes, hide)
        for scope_spans in resource_spans.scope_spans:
            for span in scope_spans.spans:
                span.status.message = hide(span.status.message)
                _hide_in(span.attributes, hide)
                for event in span.events:
                    _hide_in(event.attributes, hide)


def _flatten(value: AnyValue) -> None:
    """Keep the kind of the value, and nothing of what it says."""
    match value.WhichOneof("value"):
        case "int_value":
            value.int_value = 1
        case "array_value":
            del value.array_value.values[:]
        case _:
            value.string_value = "neutral"


def _hide_in(attributes: Iterable[KeyValue], hide: Callable[[str], str]) -> None:
    for attribute in attributes:
        _hide_value(attribute.value, hide)


def _hide_value(value: AnyValue, hide: Callable[[str], str]) -> None:
    match value.WhichOneof("value"):
        case "string_value":
            value.string_value = hide(value.string_value)
        case "array_value":
            for item in value.array_value.values:
                _hide_value(item, hide)
        case "kvlist_value":
            _hide_in(value.kvlist_value.values, hide)
