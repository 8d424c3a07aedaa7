"""One span's way through `genai`."""

from typing import Any

from collector import Batch
from processors.genai import GenAI
from tests.helpers import attributes, consume, make, request, span


def translated(
    told: dict[str, Any], settings: dict[str, Any] | None = None, *, scope: str = "test"
) -> dict[str, Any]:
    """The attributes that a span of instrumentation `scope` with `told` leaves with."""
    processor = make(GenAI, settings)
    message = request(span(attributes=told))
    message.resource_spans[0].scope_spans[0].scope.name = scope
    consume(processor, Batch(message))
    (result,) = attributes(processor.next.spans)
    return result
