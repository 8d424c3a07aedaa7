"""Requests with something planted in every place, and in every format that text is wrapped in."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote, quote_plus

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import EntityRef
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import write_value
from tests.e2e.planting import Plants
from tests.helpers import span


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def for_urls(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def in_json(text: str) -> str:
    return json.dumps({"note": text, "n": [1, 2.5, None]})


def cut_off(text: str) -> str:
    return json.dumps({"arguments": json.dumps({"note": text, "more": "x" * 20})})[:-9]


WRAPPERS: dict[str, Callable[[str], str]] = {
    "plain text": lambda text: text,
    "JSON": in_json,
    "JSON in JSON": lambda text: in_json(in_json(text)),
    "JSON in JSON in JSON": lambda text: in_json(in_json(in_json(text))),
    "JSON cut off": cut_off,
    "escaped JSON": lambda text: in_json(text).replace("@", "\\u0040").replace("-", "\\u002d"),
    "lines of JSON": lambda text: f"{in_json(text)}\n{in_json('x')}\n",
    "base64": coded,
    "base64 for URLs": for_urls,
    "a data URL": lambda text: f"see data:text/plain;base64,{coded(text)} for more",
    "base64 in lines": lambda text: base64.encodebytes(text.encode()).decode(),
    "base64 of JSON": lambda text: coded(in_json(text)),
    "base64 of base64": lambda text: coded(coded(text)),
    "base64 in JSON in base64": lambda text: coded(in_json(coded(text))),
    "a URL": lambda text: f"https://x.io/find?q={quote(text, safe='')}&page=2",
    "a form": lambda text: f"page=2&q={quote_plus(text)}",
    "base64 in a URL": lambda text: f"https://x.io/?data={quote(coded(text), safe='')}&page=2",
}


def requests(plants: Plants, number: int) -> Iterator[ExportTraceServiceRequest]:
    """So many requests; each has a span for every format, and one for what takes no format."""
    for index in range(number):
        message = ExportTraceServiceRequest()
        resource_spans = message.resource_spans.add()
        resource_spans.schema_url = f"https://x.io/{plants.one('email', 'schema')}/1"
        put(resource_spans.resource, "owner", plants.text("resource"))
        put(resource_spans.resource, "service.name", plants.one("email", "service.name"))
        resource_spans.resource.entity_refs.append(entity(plants))
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.schema_url = f"https://x.io/{plants.one('email', 'schema of a scope')}/1"
        scope_spans.scope.name = plants.text("scope name")
        scope_spans.scope.version = plants.one("email", "scope version")
        put(scope_spans.scope, "owner", plants.text("scope"))
        scope_spans.spans.extend(
            wrapped(plants, name, 100 * index + place) for place, name in enumerate(WRAPPERS, 1)
        )
        scope_spans.spans.append(unwrapped(plants, 100 * index))
        yield message


def put(holder: Any, key: str, value: Any) -> None:
    write_value(holder.attributes.add(key=key).value, value)


def entity(plants: Plants) -> EntityRef:
    return EntityRef(
        schema_url=plants.one("email", "schema of an entity"),
        type=plants.one("email", "type of an entity"),
        id_keys=[plants.one("email", "key of an entity")],
        description_keys=[plants.one("email", "description of an entity")],
    )


def wrapped(plants: Plants, name: str, trace: int) -> Span:
    """A span with text in this format in all places that text can be in."""

    def text(place: str) -> str:
        return WRAPPERS[name](plants.text(f"{place} as {name}"))

    made = span(text("span name"), trace=trace + 1, error=True)
    made.status.message = text("status message")
    event = made.events.add(name=text("event name"))
    put(event, "exception.message", text("event attribute"))
    put(event, "exception.stacktrace", f"File x.py, line 1\n{text('stack trace')}\n  raise")
    link = made.links.add(trace_id=made.trace_id, span_id=made.span_id)
    put(link, "reason", text("link attribute"))
    put(made, "note", text("attribute"))
    put(made, "raw", text("bytes").encode())
    put(made, "list", ["x", text("array"), [text("array in array")]])
    put(made, "map", {"a": {"b": [text("map")]}, "c": text("bytes in a map").encode()})
    put(made, "url.full", text("url.full"))
    put(made, "db.query.text", f"select 1 -- {text('query')}")
    put(made, "gen_ai.operation.name", "chat")
    for key, value in messages(text).items():
        put(made, key, json.dumps(value))
    for key, value in adk(text).items():
        put(made, key, json.dumps(value))
    return made


def messages(text: Callable[[str], str]) -> dict[str, Any]:
    """GenAI messages (OpenTelemetry's semantic conventions), with every kind of part."""
    parts = [
        {"type": "text", "content": text("text part")},
        {"type": "reasoning", "content": text("reasoning part")},
        {"type": "tool_call", "id": "1", "name": "f", "arguments": {"q": text("arguments")}},
        {"type": "tool_call", "id": "2", "name": "f", "arguments": in_json(text("JSON arguments"))},
        {"type": "tool_call_response", "id": "1", "response": [{"row": text("response")}]},
        {"type": "blob", "mime_type": "text/plain", "content": coded(text("blob part"))},
        {"type": "uri", "uri": f"https://x.io/{quote(text('uri part'), safe='')}"},
    ]
    return {
        "gen_ai.input.messages": [{"role": "user", "parts": parts}],
        "gen_ai.output.messages": [
            {"role": "assistant", "parts": [{"type": "text", "content": text("output")}]}
        ],
        "gen_ai.system_instructions": [{"type": "text", "content": text("instructions")}],
        "gen_ai.tool.definitions": [
            {"type": "function", "name": "f", "description": text("definition")}
        ],
    }


def adk(text: Callable[[str], str]) -> dict[str, Any]:
    """What Google's Agent Development Kit writes."""
    data = {"mime_type": "text/plain", "data": coded(text("inline data"))}
    request = {"contents": [{"parts": [{"text": text("ADK request")}, {"inline_data": data}]}]}
    call = {"function_call": {"name": "f", "args": {"q": text("ADK function call")}}}
    return {
        "gcp.vertex.agent.llm_request": request,
        "gcp.vertex.agent.llm_response": {"content": {"parts": [call]}},
        "gcp.vertex.agent.tool_call_args": {"q": text("ADK arguments")},
        "gcp.vertex.agent.tool_response": {"rows": [[text("ADK response")]]},
    }


def unwrapped(plants: Plants, trace: int) -> Span:
    """A span with values where no format is: keys, numbers, states, fields of tomorrow."""
    made = span("step", trace=trace + 99)
    made.trace_state = f"a={plants.one('email', 'tracestate')}"
    link = made.links.add(trace_id=made.trace_id, span_id=made.span_id)
    link.trace_state = f"a={plants.one('email', 'tracestate of a link')}"
    put(made, "payment", plants.number("card", "number"))
    put(made, "customer.ssn", plants.number("ssn", "number"))
    put(made, plants.one("email", "key"), 1)
    put(made, "map of keys", {plants.one("email", "key in a map"): {"x": 1}})
    put(made, "json of keys", json.dumps({plants.one("email", "key in JSON"): 1}))
    put(made, "binary", b"\xff\xfe\0 " + plants.text("binary").encode() + b"\x80\0")
    put(made, "twice", plants.text("first of equal keys"))
    put(made, "twice", plants.text("second of equal keys"))
    put(made, "gen_ai.response.model", plants.one("email", "model"))
    return made
