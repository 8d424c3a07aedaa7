"""Agent traces as serialized OTLP requests, cheap to send again with new trace ids."""

import json
import os
import random
import re
import time
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span, Status

SPANS_PER_TRACE = 8
TRACES = 512
USERS = 200
ERROR_RATE = 0.02
MODELS = (
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4o"),
    ("anthropic", "claude-sonnet-4-5"),
    ("gcp.gemini", "gemini-2.5-flash"),
)
RESOURCE = {
    "service.name": "support-agent",
    "service.version": "2.4.1",
    "deployment.environment.name": "production",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.language": "python",
}
SYSTEM = "You are a helpful support agent. Answer briefly, cite the policy, never guess. " * 5
TEXT = "The order arrived on Tuesday, two parts were missing and the invoice shows the wrong sum. "
_LETTERS = bytes.maketrans(b"0123456789", b"ghijklmnop")
_MS = 1_000_000


class Template:
    """A serialized request. Each `fresh` copy has trace ids, and prompts, never seen before.

    A prompt carries its trace id spelled in letters, so that no cache keyed by a text helps
    more than it would with a real agent, which repeats its history within one trace only.
    """

    def __init__(self, request: ExportTraceServiceRequest, traces: list[bytes]) -> None:
        """`traces` are the trace ids in the request: distinct random bytes."""
        self._payload = request.SerializeToString()
        self._places = [(_find(self._payload, t), _find(self._payload, spell(t))) for t in traces]

    def fresh(self) -> bytes:
        """The request with new trace ids."""
        payload = bytearray(self._payload)
        fresh = os.urandom(16 * len(self._places))
        for number, (ids, spellings) in enumerate(self._places):
            trace = fresh[16 * number : 16 * number + 16]
            for at in ids:
                payload[at : at + 16] = trace
            if spellings:
                spelling = spell(trace)
                for at in spellings:
                    payload[at : at + 32] = spelling
        return bytes(payload)


def spell(trace: bytes) -> bytes:
    """A trace id as 32 letters, which no recognizer takes for a number."""
    return trace.hex().encode().translate(_LETTERS)


def templates(spans: int, prompts: bool, seed: int = 1) -> list[Template]:
    """Requests of `spans` spans (a multiple of 8) that hold 512 different traces between them."""
    chance = random.Random(seed)
    traces = spans // SPANS_PER_TRACE
    return [_template(traces, prompts, chance) for _ in range(max(1, TRACES // traces))]


def _template(traces: int, prompts: bool, chance: random.Random) -> Template:
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.extend(_key_values(RESOURCE))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "opentelemetry.instrumentation.agent"
    ids = [chance.randbytes(16) for _ in range(traces)]
    for trace in ids:
        _Trace(trace, prompts, chance).write(scope_spans)
    return Template(request, ids)


class _Trace:
    """One run of an agent: three model calls, two tools, what they call, under one root."""

    def __init__(self, trace: bytes, prompts: bool, chance: random.Random) -> None:
        self.trace = trace
        self.prompts = prompts
        self.chance = chance
        self.provider, self.model = chance.choice(MODELS)
        self.user = f"u-{chance.randrange(USERS):04d}"
        self.session = f"s-{chance.getrandbits(32):08x}"
        self.fails = chance.random() < ERROR_RATE

    def write(self, target: ScopeSpans) -> None:
        """Append the eight spans, children before parents as an SDK sends them."""
        root = self._span("invoke_agent support", b"", self._agent(), 4000)
        parent = root.span_id
        tools = [self._span(f"execute_tool {n}", parent, self._tool(n), 300) for n in _TOOLS]
        target.spans.extend(self._chat(turn, parent) for turn in range(3))
        target.spans.append(self._span("POST", tools[0].span_id, self._http(), 250, kind=3))
        target.spans.append(self._span("SELECT orders", tools[1].span_id, self._db(), 20, kind=3))
        target.spans.extend(tools)
        target.spans.append(root)

    def _span(self, name: str, parent: bytes, attributes: dict, ms: int, kind: int = 1) -> Span:
        start = time.time_ns() - self.chance.randrange(10_000) * _MS
        span = Span(
            trace_id=self.trace,
            span_id=self.chance.randbytes(8),
            parent_span_id=parent,
            name=name,
            kind=kind,
            start_time_unix_nano=start,
            end_time_unix_nano=start + int(ms * self.chance.lognormvariate(0, 0.5) * _MS),
            attributes=_key_values(attributes),
        )
        if self.fails and name.startswith(("invoke_agent", "execute_tool")):
            span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR, message="upstream failed"))
            span.attributes.extend(_key_values({"error.type": "UpstreamError"}))
        return span

    def _chat(self, turn: int, parent: bytes) -> Span:
        attributes = {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": self.provider,
            "gen_ai.request.model": self.model,
            "gen_ai.response.model": self.model,
            "gen_ai.usage.input_tokens": self.chance.randrange(200, 6000),
            "gen_ai.usage.output_tokens": self.chance.randrange(20, 900),
            "gen_ai.response.finish_reasons": ["stop" if turn == 2 else "tool_calls"],
            "user.id": self.user,
        }
        if self.prompts:
            attributes["gen_ai.input.messages"] = json.dumps(self._messages(turn))
        return self._span(f"chat {self.model}", parent, attributes, 900, kind=3)

    def _messages(self, turn: int) -> list[dict]:
        """The history so far: 1.2, 2 and 2.8 kB in the three turns."""
        history = [_message("system", SYSTEM)]
        for part in range(turn + 1):
            role = "user" if part == 0 else "tool"
            contact = f"Write to {self.user}@example.com or call +1 415 555 0132. "
            reference = f"Case {spell(self.trace).decode()}, part {part}. "
            history.append(_message(role, reference + contact + TEXT * 7))
        return history

    def _agent(self) -> dict:
        return {
            "gen_ai.operation.name": "invoke_agent",
            "gen_ai.provider.name": self.provider,
            "gen_ai.agent.name": "support",
            "gen_ai.conversation.id": self.session,
            "session.id": self.session,
            "user.id": self.user,
            "gen_ai.request.model": self.model,
        }

    def _tool(self, name: str) -> dict:
        return {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": name,
            "gen_ai.tool.type": "function",
            "gen_ai.tool.call.id": f"call_{self.chance.getrandbits(32):08x}",
            "gen_ai.agent.name": "support",
            "user.id": self.user,
        }

    def _http(self) -> dict:
        return {
            "http.request.method": "POST",
            "url.full": "https://orders.example.com/v2/search",
            "server.address": "orders.example.com",
            "server.port": 443,
            "http.response.status_code": 200,
            "http.request.body.size": self.chance.randrange(100, 4000),
            "user_agent.original": "python-httpx/0.28.1",
        }

    def _db(self) -> dict:
        return {
            "db.system.name": "postgresql",
            "db.namespace": "orders",
            "db.operation.name": "SELECT",
            "db.query.text": "SELECT * FROM orders WHERE id = $1",
            "server.address": "db.internal",
            "server.port": 5432,
            "db.response.returned_rows": self.chance.randrange(50),
        }


_TOOLS = ("search_orders", "read_order")


def _message(role: str, text: str) -> dict:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _key_values(attributes: dict) -> Iterator[KeyValue]:
    for key, value in attributes.items():
        yield KeyValue(key=key, value=_any_value(value))


def _any_value(value: object) -> AnyValue:
    if isinstance(value, int):
        return AnyValue(int_value=value)
    made = AnyValue()
    if isinstance(value, list):
        made.array_value.values.extend(_any_value(item) for item in value)
    else:
        made.string_value = str(value)
    return made


def _find(payload: bytes, what: bytes) -> list[int]:
    return [match.start() for match in re.finditer(re.escape(what), payload)]
