"""The main job: agents send, and redacted, priced, sampled traces arrive everywhere."""

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

import httpx2
import pyarrow.dataset as ds
import pytest
from genai_prices import Usage, calc_price

from tests.daemon import Daemon, eventually
from tests.doubles.langfuse import PUBLIC_KEY, SECRET_KEY, LangfuseServer
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.agent import EVERYTHING, SPANS_PER_TRACE

AGENT = Path(__file__).with_name("agent.py")
TRACES = 100
POLICIES = [
    {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
    {"name": "sampled", "type": "head_sampled"},
]
CHAIN = {
    "memory_limiter": {"limit_mib": 512},
    "genai": {},
    "redaction": {},
    "cost": {},
    "agent_metrics": {},
    "head_sampling": {"percentage": 50, "key": ["user.id"]},
    "tail_sampling": {"decision_wait": "1s", "policies": POLICIES},
}


def start_agent(protocol: str, endpoint: str, traces: int = TRACES) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, str(AGENT), protocol, endpoint, str(traces)], cwd=AGENT.parents[2]
    )


def post_json(endpoint: str, traces: int) -> None:
    for number in range(traces):
        planted = EVERYTHING[number % len(EVERYTHING)]
        span = {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": "chat",
            "startTimeUnixNano": "1750000000000000000",
            "endTimeUnixNano": "1750000001000000000",
            "status": {"code": 2, "message": f"cannot reach {planted} today"},
            "attributes": [
                {"key": "user.id", "value": {"stringValue": f"json-{number}"}},
                {"key": "nested", "value": nested(f"call {planted} back")},
            ],
        }
        body = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
        answer = httpx2.post(f"http://{endpoint}/v1/traces", json=body, trust_env=False)
        assert answer.status_code == 200
        assert answer.json() == {}


def nested(text: str) -> dict:
    return {"kvlistValue": {"values": [{"key": "note", "value": {"stringValue": text}}]}}


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """One run with all three kinds of sender and all three kinds of backend."""
    directory = tmp_path_factory.mktemp("main-job")
    with LangfuseServer() as langfuse, GrpcSink() as tempo:
        config = {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "127.0.0.1:0"},
                        "http": {"endpoint": "127.0.0.1:0"},
                    }
                }
            },
            "processors": CHAIN,
            "exporters": {
                "langfuse": {
                    "host": langfuse.endpoint,
                    "public_key": PUBLIC_KEY,
                    "secret_key": SECRET_KEY,
                },
                "tempo": {"endpoint": tempo.endpoint, "tls": {"insecure": True}},
                "archive": {"url": "file:./archive"},
            },
            "service": {
                "storage": {"directory": "state"},
                "telemetry": {"endpoint": "127.0.0.1:0", "logs": {"encoding": "json"}},
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": list(CHAIN),
                        "exporters": ["langfuse", "tempo", "archive"],
                    }
                },
            },
        }
        with Daemon(directory, config) as daemon:
            agents = [
                start_agent("grpc", daemon.endpoints["grpc"]),
                start_agent("http", daemon.endpoints["http"]),
            ]
            post_json(daemon.endpoints["http"], TRACES)
            assert [agent.wait(120) for agent in agents] == [0, 0]
            eventually(lambda: daemon.metric("winnow_tail_sampling_open_traces") == 0)
            state = daemon.everything_written()
            metrics = daemon.metrics()
            assert daemon.stop() == 0
        yield Outcome(directory, metrics, langfuse, tempo, state + daemon.everything_written())


class Outcome:
    """What came out of the run."""

    def __init__(self, directory, metrics, langfuse, tempo, written) -> None:
        self.metrics = metrics
        self.written = written
        found = ds.dataset(directory / "archive", partitioning="hive")
        columns = [name for name in found.schema.names if not name.endswith("_time")]
        self.archive = found.to_table(columns).to_pylist()
        self.spans = {
            "archive": [row["span_id"] for row in self.archive],
            "langfuse": [span.span_id.hex() for span in langfuse.spans],
            "tempo": [span.span_id.hex() for span in tempo.spans],
        }
        self.sent = [span.SerializeToString() for span in [*langfuse.spans, *tempo.spans]]

    def total(self, name: str, **labels: str) -> float:
        wanted = set(labels.items())
        return sum(v for k, v in self.metrics.get(name, {}).items() if wanted <= set(k))


def test_every_accepted_span_is_in_every_backend_or_dropped_with_a_reason(outcome):
    sent = 2 * TRACES * SPANS_PER_TRACE + TRACES
    accepted = outcome.total("winnow_receiver_accepted_spans_total")
    dropped = outcome.total("winnow_dropped_spans_total")
    assert accepted == sent
    assert 0 < dropped < accepted
    for backend, spans in outcome.spans.items():
        assert Counter(spans).most_common(1)[0][1] == 1, f"{backend} got a span twice"
        assert len(spans) == accepted - dropped, backend
    assert set(outcome.spans["archive"]) == set(outcome.spans["tempo"])
    assert set(outcome.spans["archive"]) == set(outcome.spans["langfuse"])


def test_every_transport_is_counted(outcome):
    accepted = "winnow_receiver_accepted_spans_total"
    assert outcome.total(accepted, transport="grpc") == TRACES * SPANS_PER_TRACE
    assert outcome.total(accepted, transport="http") == TRACES * SPANS_PER_TRACE + TRACES


def test_every_error_trace_is_kept(outcome):
    failed = {row["trace_id"] for row in outcome.archive if row["status_code"] == "ERROR"}
    assert len(failed) == 2 * TRACES // 10 + TRACES
    policies = {row["sampling_policy"] for row in outcome.archive if row["trace_id"] in failed}
    assert policies == {"errors"}


def test_what_was_planted_stands_nowhere(outcome):
    archived = json.dumps(outcome.archive, default=str).encode()
    places = {"archive": archived, "backends": b"".join(outcome.sent), "files": outcome.written}
    for place, content in places.items():
        assert content, place
        lowered = content.lower()
        for value in EVERYTHING:
            assert value.lower().encode() not in lowered, f"{value} is in {place}"
            digits = "".join(c for c in value if c.isalnum()).lower()
            if len(digits) > 9:
                assert digits.encode() not in lowered, f"{digits} is in {place}"


def test_personal_data_is_counted_by_type(outcome):
    for entity in ("EMAIL_ADDRESS", "CREDIT_CARD", "PHONE_NUMBER", "IBAN_CODE", "US_SSN"):
        assert outcome.total("pii_entities_total", entity_type=entity) > 0, entity


def test_costs_equal_the_price_tables(outcome):
    calls = [row for row in outcome.archive if row["operation"] == "chat" and row["model"]]
    assert calls
    for row in calls:
        usage = Usage(input_tokens=row["input_tokens"], output_tokens=row["output_tokens"])
        expected = calc_price(usage, "gpt-4o-2024-08-06", provider_id="openai").total_price
        assert abs(Decimal(row["cost_usd"]) - expected) < Decimal("1e-9")


def test_cost_and_tokens_are_counted_before_sampling(outcome):
    assert outcome.total("llm_tokens_total", direction="output") == 2 * TRACES * 2 * 345


def test_a_trace_tells_its_totals_on_its_root(outcome):
    roots = [row for row in outcome.archive if row["name"] == "invoke_agent support"]
    assert roots
    for row in roots:
        attributes = json.loads(row["attributes"])
        assert attributes["winnow.trace.llm_calls"] == 2
        assert attributes["winnow.trace.tool_calls"] == 1
        assert attributes["winnow.trace.output_tokens"] == 690
