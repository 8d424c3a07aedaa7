"""accepted = sent + failed + held + dropped, for every pipeline and exporter, whatever happens."""

import signal
import threading
from collections import Counter
from typing import Any

import grpc
import yaml

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import Code, GrpcSink
from tests.e2e.conftest import FAST_RETRIES
from tests.e2e.test_durability import METHOD, requests
from tests.helpers import request, span

SPANS = 8
"""In each of `requests`."""
FILTER = {"spans": {"exclude": {"match_type": "strict", "span_names": ["noise"]}}}


def to(sink: GrpcSink, **settings: Any) -> dict[str, Any]:
    return {
        "endpoint": sink.endpoint,
        "tls": {"insecure": True},
        "retry_on_failure": FAST_RETRIES,
    } | settings


def insist(endpoint: str, messages: list[Any]) -> Counter[str]:
    """Send each message until it is taken, as agents do; the answers."""
    answers: Counter[str] = Counter()
    pause = threading.Event()
    with grpc.insecure_channel(endpoint) as channel:
        export = channel.unary_unary(METHOD)
        for message in messages:
            while (answer := attempt(export, message)) != "OK":
                answers[answer] += 1
                pause.wait(0.02)
            answers["OK"] += 1
    return answers


def attempt(export: Any, message: Any) -> str:
    try:
        export(message.SerializeToString(), timeout=10)
    except grpc.RpcError as error:
        return str(error.code().name)
    return "OK"


class Books:
    """One reading of /metrics."""

    def __init__(self, daemon: Daemon) -> None:
        self._metrics = daemon.metrics()

    def total(self, name: str, **labels: str) -> float:
        wanted = set(labels.items())
        samples = self._metrics.get(f"winnow_{name}", {})
        return sum(value for key, value in samples.items() if wanted <= set(key))

    def pipeline(self, name: str, exporter: str, holds: str = "") -> bool:
        """Whether what came into a pipeline is what it gave an exporter, holds or dropped."""
        came = self.total("pipeline_accepted_spans_total", pipeline=name)
        came += self.total("restored_spans_total", pipeline=name)
        dropped = self.total("pipeline_dropped_spans_total", pipeline=name)
        held = self.total("pipeline_held_spans", component=holds) if holds else 0
        gone = self.total("pipeline_exported_spans_total", pipeline=name, exporter=exporter)
        return came == dropped + held + gone

    def exporter(self, name: str) -> bool:
        """Whether what an exporter was given was sent, waits, failed or was dropped."""
        came = self.total("pipeline_exported_spans_total", exporter=name)
        came += self.total("restored_spans_total", pipeline=f"exporter:{name}")
        dropped = self.total("pipeline_dropped_spans_total", pipeline=f"exporter:{name}")
        return came == dropped + sum(
            self.total(kind, exporter=name)
            for kind in (
                "exporter_sent_spans_total",
                "exporter_failed_spans_total",
                "exporter_queue_spans",
            )
        )


def on_fixed_ports(daemon: Daemon) -> None:
    """Write the ports that the daemon has into its file, so that a reload keeps them."""
    text = daemon.config_path.read_text()
    for transport in ("grpc", "http"):
        text = text.replace("127.0.0.1:0", daemon.endpoints[transport], 1)
    daemon.config_path.write_text(text)


def reload(daemon: Daemon) -> None:
    before = daemon.errors.read_bytes().count(b'"reloaded"')
    daemon.process.send_signal(signal.SIGHUP)
    eventually(lambda: daemon.errors.read_bytes().count(b'"reloaded"') > before)


def test_two_pipelines_with_every_kind_of_loss_and_a_reload_under_load(pipeline, tmp_path):
    with GrpcSink() as first, GrpcSink() as second:
        processors = {
            "head_sampling": {"percentage": 50, "mode": "drop"},
            "tail_sampling": {
                "decision_wait": "200ms",
                "policies": [{"name": "half", "type": "head_sampled"}],
            },
            "filter": FILTER,
            "head_sampling/defer": {"percentage": 50},
        }
        queue = {"sending_queue": {"queue_size": 5, "num_consumers": 1}}
        exporters = {"otlp/own": to(first, processors=["filter"]), "otlp": to(second, **queue)}
        config = pipeline(processors, exporters)
        config["service"]["pipelines"] = {
            "drop": {
                "receivers": ["otlp"],
                "processors": ["head_sampling"],
                "exporters": ["otlp/own", "otlp"],
            },
            "tail": {
                "receivers": ["otlp"],
                "processors": ["head_sampling/defer", "tail_sampling"],
                "exporters": ["otlp/own"],
            },
        }
        second.reject(3, "too old")
        second.refuse(Code.INVALID_ARGUMENT)
        second.refuse(Code.UNAVAILABLE, times=8)
        messages = requests(150)
        for message in messages[::3]:
            message.resource_spans[0].scope_spans[0].spans[0].name = "noise"
        with Daemon(tmp_path, config) as daemon:
            on_fixed_ports(daemon)
            answers: list[Counter[str]] = []
            agent = threading.Thread(
                target=lambda: answers.append(insist(daemon.endpoints["grpc"], messages))
            )
            agent.start()
            eventually(lambda: daemon.metric("winnow_exporter_sent_spans_total") > 200)
            reload(daemon)
            agent.join(60)
            eventually(lambda: daemon.metric("winnow_pipeline_held_spans") == 0)
            insist(daemon.endpoints["grpc"], requests(20, 131))  # late spans
            eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0)
            books = Books(daemon)
        accepted = books.total("receiver_accepted_spans_total")
        assert answers[0]["UNAVAILABLE"] > 0
        assert accepted == 170 * SPANS
        for name in ("drop", "tail"):
            assert books.total("pipeline_accepted_spans_total", pipeline=name) == accepted
        assert books.pipeline("drop", "otlp/own")
        assert books.pipeline("drop", "otlp")
        assert books.pipeline("tail", "otlp/own", holds="tail_sampling")
        assert books.exporter("otlp/own")
        assert books.exporter("otlp")
        for reason in ("head_sampled_out", "not_sampled", "late_not_sampled", "filtered"):
            assert books.total("dropped_spans_total", reason=reason) > 0, reason
        failed = {
            reason: books.total("exporter_failed_spans_total", exporter="otlp", reason=reason)
            for reason in ("rejected", "grpc_invalid_argument")
        }
        assert failed["rejected"] == 3
        assert failed["grpc_invalid_argument"] > 0
        sent = {name: books.total("exporter_sent_spans_total", exporter=name) for name in exporters}
        assert sent == {"otlp/own": len(first.spans), "otlp": len(second.spans) - 3}
        assert not any(found.name == "noise" for found in first.spans)


def test_what_a_push_without_a_queue_sent_is_counted_once_the_batch_is_owned(pipeline, tmp_path):
    with GrpcSink() as direct, GrpcSink() as queued:
        queued.hold.clear()
        exporters = {
            "otlp/direct": to(direct, processors=["filter"], sending_queue={"enabled": False}),
            "otlp/plain": to(direct, sending_queue={"enabled": False}),
            "otlp": to(queued, sending_queue={"queue_size": 2}, timeout="30s"),
        }
        config = pipeline({"filter": FILTER}, exporters)
        config["service"]["pipelines"]["traces"]["processors"] = []
        with Daemon(tmp_path, config) as daemon:
            with grpc.insecure_channel(daemon.endpoints["grpc"]) as channel:
                export = channel.unary_unary(METHOD)
                answers = Counter(attempt(export, message) for message in requests(6))
            assert answers == {"OK": 2, "UNAVAILABLE": 4}
            books = Books(daemon)
            queued.hold.set()
        assert books.total("receiver_accepted_spans_total") == 2 * SPANS
        assert books.total("receiver_refused_spans_total", reason="queue_full") == 4 * SPANS
        for name in exporters:
            assert books.pipeline("traces", name)
            assert books.exporter(name)
        assert len(direct.spans) == 2 * 2 * SPANS, "the full queue refuses before anything is sent"


def test_spans_that_are_refused_for_want_of_memory_are_counted_nowhere_else(pipeline, tmp_path):
    with GrpcSink() as sink:
        processors = {"memory_limiter": {"limit_mib": 1}, "agent_metrics": {}, "tail_sampling": {}}
        with Daemon(tmp_path, pipeline(processors, {"otlp": to(sink)})) as daemon:
            with grpc.insecure_channel(daemon.endpoints["grpc"]) as channel:
                export = channel.unary_unary(METHOD)
                called = {"gen_ai.operation.name": "execute_tool"}
                answers = {attempt(export, request(span(attributes=called))) for _ in range(3)}
            books = Books(daemon)
            assert daemon.metric("tool_calls_total") == 0
        assert answers == {"UNAVAILABLE"}
        assert books.total("receiver_refused_spans_total", reason="memory_limited") == 3
        for name in ("receiver_accepted_spans_total", "pipeline_accepted_spans_total"):
            assert books.total(name) == 0
        assert books.pipeline("traces", "otlp", holds="tail_sampling")


def test_what_a_crash_left_is_taken_up_once_and_a_reload_counts_nothing_twice(pipeline, tmp_path):
    sink = GrpcSink().start()
    sink.stop()
    policies = [{"name": "all", "type": "always_sample"}]
    waits = {"decision_wait": "1h", "decide_early": False, "policies": policies}
    processors = {"tail_sampling": waits}
    config = pipeline(processors, {"otlp": to(sink), "otlp/raw": to(sink)})
    config["service"]["pipelines"]["raw"] = {"receivers": ["otlp"], "exporters": ["otlp/raw"]}
    config["service"]["pipelines"]["traces"]["exporters"] = ["otlp"]

    def agree() -> bool:
        books = Books(daemon)
        return (
            books.pipeline("traces", "otlp", holds="tail_sampling")
            and books.pipeline("raw", "otlp/raw")
            and books.exporter("otlp/raw")
            and books.total("pipeline_held_spans") == held
        )

    with Daemon(tmp_path, config) as daemon:
        held = 10 * SPANS
        insist(daemon.endpoints["grpc"], requests(10))
        assert agree()
        daemon.kill()
        daemon.start()
        assert agree()
        assert daemon.metric("winnow_restored_spans_total") == 2 * held
        on_fixed_ports(daemon)
        reload(daemon)
        assert agree()
        insist(daemon.endpoints["grpc"], requests(5, 100))
        held = 15 * SPANS
        assert agree()
        sink.start()
        eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0)
        assert agree()
        assert len(sink.spans) == 15 * SPANS
    sink.stop()


def test_what_waits_for_an_exporter_that_was_taken_away_stays_in_the_books(pipeline, tmp_path):
    sink = GrpcSink().start()
    sink.stop()
    with_it = pipeline({}, {"otlp/away": to(sink)})
    without = pipeline({}, {"debug": {}})
    direct = pipeline({}, {"otlp/away": to(sink) | {"sending_queue": {"enabled": False}}})

    def change_to(config: dict[str, Any]) -> None:
        daemon.config_path.write_text(yaml.safe_dump(config))
        reload(daemon)

    def waits() -> bool:
        books = Books(daemon)
        return books.exporter("otlp/away") and books.total("exporter_queue_spans") == 10 * SPANS

    with Daemon(tmp_path, with_it) as daemon:
        insist(daemon.endpoints["grpc"], requests(10))
        assert waits()
        for config in (without, direct):
            change_to(config)
            assert waits()
        daemon.kill()
        daemon.start()
        assert waits()
        change_to(with_it)
        sink.start()
        eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0)
        assert Books(daemon).exporter("otlp/away")
        assert len(sink.spans) == 10 * SPANS
    sink.stop()
