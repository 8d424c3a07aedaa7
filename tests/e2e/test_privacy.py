"""Personal data and secrets, planted in every place that OTLP has for text, come out nowhere."""

import base64
import json
import string
from collections.abc import Iterator
from typing import Any

import grpc
import httpx2
import pyarrow.dataset as ds
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import EntityRef
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import write_value
from tests.daemon import Daemon, eventually
from tests.doubles.http import HttpSink
from tests.doubles.langfuse import PUBLIC_KEY, SECRET_KEY, LangfuseServer
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.test_durability import METHOD
from tests.helpers import span

CHAIN: dict[str, Any] = {
    "memory_limiter": {},
    "genai": {},
    "redaction": {},
    "cost": {},
    "agent_metrics": {},
    "head_sampling": {"percentage": 50},
    "tail_sampling": {
        "decision_wait": "500ms",
        "policies": [{"name": "all", "type": "always_sample"}],
    },
}
HEADERS = {
    "protobuf": {"content-type": "application/x-protobuf"},
    "json": {"content-type": "application/json"},
}


class Plants:
    """Values that nothing else has; each remembers the place it was planted in."""

    def __init__(self, transport: str, first: int) -> None:
        self.transport = transport
        self.places: dict[bytes, str] = {}
        self._number = first

    def _plant(self, value: str, place: str) -> str:
        self.places[value.lower().encode()] = f"{place} over {self.transport}"
        return value

    def email(self, place: str) -> str:
        self._number += 1
        return self._plant(f"leak{self._number}@corp.example.com", place)

    def card(self, place: str) -> str:
        self._number += 1
        head = f"45392{self._number:010d}"
        return self._plant(next(head + d for d in string.digits if luhn(head + d)), place)

    def text(self, place: str) -> str:
        """A sentence with one of every kind."""
        self._number += 1
        number = self._number
        account = f"37040044{number:010d}"
        check = 98 - int(account + "131400") % 97
        key = "".join(string.ascii_uppercase[int(digit)] for digit in f"{number:016d}")
        parts = (
            self._plant(f"415-555-{number:04d}", place),
            self._plant(f"DE{check:02d}{account}", place),
            self._plant(f"536-90-{number:04d}", place),
            self._plant(f"AKIA{key}", place),
        )
        return (
            f"write {self.email(place)}, card {self.card(place)}, phone {parts[0]}, "
            f"IBAN {parts[1]}, SSN {parts[2]}, key {parts[3]} ."
        )


def luhn(digits: str) -> bool:
    doubled = [int(d) * 2 for d in digits[-2::-2]]
    return (sum(d - 9 if d > 9 else d for d in doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def planted(plants: Plants) -> ExportTraceServiceRequest:
    """A request with something in every place."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add(schema_url=f"http://{plants.email('schema')}/1")
    put(resource_spans.resource, "owner", plants.text("resource attribute"))
    put(resource_spans.resource, "service.name", plants.email("service.name"))
    resource_spans.resource.entity_refs.append(entity(plants))
    scope_spans = resource_spans.scope_spans.add(
        schema_url=f"http://{plants.email('scope schema')}/1"
    )
    scope_spans.scope.name = plants.text("scope name")
    scope_spans.scope.version = plants.email("scope version")
    put(scope_spans.scope, "owner", plants.text("scope attribute"))
    scope_spans.spans.extend([everywhere(plants), *vocabularies(plants), *labels(plants)])
    return message


def entity(plants: Plants) -> EntityRef:
    return EntityRef(
        schema_url=plants.email("entity schema"),
        type=plants.email("entity type"),
        id_keys=[plants.email("entity id key")],
        description_keys=[plants.email("entity description key")],
    )


def put(holder: Any, key: str, value: Any) -> None:
    write_value(holder.attributes.add(key=key).value, value)


def everywhere(plants: Plants) -> Span:
    made = span(plants.text("span name"), error=True)
    made.status.message = plants.text("status message")
    made.trace_state = f"a={plants.email('tracestate')},ot=x:{plants.email('ot in tracestate')}"
    deep = json.dumps({"a": [json.dumps({"b": json.dumps(plants.text("JSON in JSON in JSON"))})]})
    values = {
        "string": plants.text("string"),
        "bytes": plants.text("bytes").encode(),
        "binary": b"\xff\xfe\x00 " + plants.text("binary").encode(),
        "array": ["x", [plants.text("array in array")], plants.text("array").encode()],
        "map": {"a": {plants.email("key in map"): [plants.text("map in map")]}},
        "json": deep,
        "escaped": '{"m": "' + plants.email("escaped JSON").replace("@", "\\u0040") + '"}',
        "number": int(plants.card("int")),
        "map of numbers": {"n": int(plants.card("int in map"))},
        plants.email("attribute key"): 1,
        "user.id": plants.email("user.id"),
        "session.id": plants.email("session.id"),
        f"winnow.{plants.email('our own key')}": 1,
        "winnow.note": plants.email("our own attribute"),
        "gen_ai.usage.note": [plants.email("usage attribute")],
    }
    for key, value in values.items():
        put(made, key, value)
    put(made, "twice", plants.text("first of two equal keys"))
    put(made, "twice", plants.text("second of two equal keys"))
    event = made.events.add(name=plants.text("event name"))
    put(event, "exception.stacktrace", plants.text("event attribute"))
    link = made.links.add(trace_id=made.trace_id, span_id=made.span_id)
    link.trace_state = f"a={plants.email('tracestate of link')}"
    put(link, "why", plants.text("link attribute"))
    if plants.transport != "json":
        made.MergeFromString(unknown_field(plants.email("unknown field")))
    return made


def unknown_field(text: str) -> bytes:
    return b"\x9a\x06" + bytes([len(text)]) + text.encode()


def vocabularies(plants: Plants) -> Iterator[Span]:
    """Messages as OpenInference and OpenLLMetry write them, and in the current convention."""
    yield span(
        "openinference",
        attributes={
            "openinference.span.kind": "LLM",
            "llm.input_messages.0.message.role": "user",
            "llm.input_messages.0.message.content": plants.text("OpenInference message"),
            "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": json.dumps(
                {"q": plants.text("OpenInference arguments")}
            ),
            "input.value": plants.text("OpenInference input"),
            "metadata": json.dumps({"who": plants.text("OpenInference metadata")}),
        },
    )
    yield span(
        "openllmetry",
        attributes={
            "llm.request.type": "chat",
            "gen_ai.system": "OpenAI",
            "gen_ai.prompt.0.role": "user",
            "gen_ai.prompt.0.content": plants.text("OpenLLMetry prompt"),
            "gen_ai.completion.0.content": plants.text("OpenLLMetry completion"),
            "traceloop.entity.input": json.dumps({"in": plants.text("OpenLLMetry entity")}),
            "traceloop.association.properties.user_id": plants.email("OpenLLMetry user"),
        },
    )
    messages = [{"role": "user", "parts": [{"type": "text", "content": plants.text("message")}]}]
    yield span(
        "chat",
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.input.messages": json.dumps(messages),
            "gen_ai.system_instructions": json.dumps([{"content": plants.text("instructions")}]),
        },
    )


def labels(plants: Plants) -> Iterator[Span]:
    """Spans whose attributes become labels of metrics."""
    yield span(
        "chat",
        attributes={
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": plants.email("provider"),
            "gen_ai.request.model": plants.email("model asked for"),
            "gen_ai.response.model": plants.email("model that answered"),
            "gen_ai.response.finish_reasons": [plants.email("finish reason")],
            "gen_ai.response.id": plants.email("response id"),
            "gen_ai.agent.name": plants.text("agent"),
            "gen_ai.usage.input_tokens": 10,
            "agent.stage": plants.text("stage"),
            "deployment.environment": plants.email("environment"),
        },
    )
    yield span(
        plants.text("name of a tool's span"),
        attributes={
            "gen_ai.operation.name": "execute_tool",
            "server.address": plants.email("server"),
            "error.type": plants.email("error type"),
            "retry.attempt": 1,
        },
    )
    yield span(
        "guard",
        attributes={
            "winnow.guardrail.fired": True,
            "winnow.guardrail.policy": plants.email("guardrail"),
            "winnow.guardrail.action": plants.email("guardrail's action"),
        },
    )
    yield span("invoke", attributes={"gen_ai.operation.name": "invoke_agent"})


def as_json(message: ExportTraceServiceRequest) -> bytes:
    """OTLP's JSON: ids in hex."""
    tree = MessageToDict(message)
    for resource_spans in tree["resourceSpans"]:
        for scope_spans in resource_spans["scopeSpans"]:
            for one in scope_spans["spans"]:
                for holder in (one, *one.get("links", ())):
                    for field in ("traceId", "spanId"):
                        holder[field] = base64.b64decode(holder[field]).hex()
    return json.dumps(tree).encode()


def post(endpoint: str, body: bytes, encoding: str) -> httpx2.Response:
    return httpx2.post(
        f"http://{endpoint}/v1/traces", content=body, headers=HEADERS[encoding], trust_env=False
    )


def send(daemon: Daemon) -> dict[bytes, str]:
    """Send plants by every way in; what was planted, and where."""
    over = [Plants(name, 1000 * n) for n, name in enumerate(("gRPC", "protobuf", "json"), 1)]
    with grpc.insecure_channel(daemon.endpoints["grpc"]) as channel:
        channel.unary_unary(METHOD)(planted(over[0]).SerializeToString(), timeout=30)
    body = planted(over[1]).SerializeToString()
    assert post(daemon.endpoints["http"], body, "protobuf").status_code == 200
    assert post(daemon.endpoints["http"], as_json(planted(over[2])), "json").status_code == 200
    return over[0].places | over[1].places | over[2].places


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """What was planted, and everything that came out: place to bytes."""
    directory = tmp_path_factory.mktemp("privacy")
    with LangfuseServer() as langfuse, GrpcSink() as sink, HttpSink() as http:
        config = pipeline(langfuse, sink, http)
        with Daemon(directory, config) as daemon:
            where = send(daemon)
            state = daemon.everything_written()
            eventually(lambda: daemon.metric("winnow_tail_sampling_open_traces") == 0)
            eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0)
            metrics = daemon.http.get(f"{daemon.telemetry}/metrics").content
            assert daemon.stop() == 0
        spans = [*langfuse.accepted, *sink.requests, *http.accepted]
        out = {
            "state while held": state,
            "files": daemon.everything_written(),
            "/metrics": metrics,
            "backends": b"".join(message.SerializeToString() for message in spans),
            "archive": archived(directory),
        }
    return where, out


def pipeline(langfuse: LangfuseServer, sink: GrpcSink, http: HttpSink) -> dict[str, Any]:
    exporters: dict[str, Any] = {
        "langfuse": {
            "host": langfuse.endpoint,
            "public_key": PUBLIC_KEY,
            "secret_key": SECRET_KEY,
        },
        "otlp": {"endpoint": sink.endpoint, "tls": {"insecure": True}},
        "otlphttp": {"endpoint": http.endpoint, "encoding": "json"},
        "archive": {"url": "file:./archive"},
        "debug": {"verbosity": "detailed", "sampling_initial": 1000},
    }
    loopback = {"endpoint": "127.0.0.1:0"}
    return {
        "receivers": {"otlp": {"protocols": {"grpc": loopback, "http": loopback}}},
        "processors": CHAIN,
        "exporters": exporters,
        "service": {
            "storage": {"directory": "state"},
            "telemetry": {"endpoint": "127.0.0.1:0", "logs": {"level": "debug"}},
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": list(CHAIN),
                    "exporters": list(exporters),
                }
            },
        },
    }


def archived(directory: Any) -> bytes:
    """Every column of every row, with bytes as they were."""
    table = ds.dataset(directory / "archive", partitioning="hive").to_table()
    times = [name for name in table.column_names if name.endswith("_time")]
    rows = table.drop_columns(times).to_pylist()
    return b"".join(value for row in rows for cell in row.values() for value in plain(cell))


def plain(cell: Any) -> Iterator[bytes]:
    """A cell, and what is inside of it where it is JSON."""
    yield f"{cell}\n".encode()
    if isinstance(cell, str) and cell[:1] in "[{":
        yield from inside(json.loads(cell))


def inside(node: Any) -> Iterator[bytes]:
    if isinstance(node, dict):
        if isinstance(data := node.get("bytesValue"), str):
            yield base64.b64decode(data)
        node = [*node.keys(), *node.values()]
    if isinstance(node, list):
        for item in node:
            yield from inside(item)
    else:
        yield f"{node}\n".encode()


def test_what_was_planted_anywhere_comes_out_nowhere(outcome):
    where, out = outcome
    found = sorted(
        f"{place} in {output}"
        for output, content in out.items()
        for value, place in where.items()
        if value in content.lower()
    )
    assert found == []


def test_everything_did_come_out(outcome):
    _, out = outcome
    for content in out.values():
        assert b"EMAIL_ADDRESS" in content
