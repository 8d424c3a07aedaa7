"""The daemon's life: health, signals, reload, and answers under load."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
import yaml

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.test_durability import METHOD, requests, send
from tests.helpers import request, span

NONE = {"enabled": False}


@pytest.fixture
def sink():
    with GrpcSink() as made:
        yield made


@pytest.fixture
def to_sink(sink):
    return {"otlp": {"endpoint": sink.endpoint, "tls": {"insecure": True}}}


def test_it_is_alive_and_ready_and_says_where_to_look(pipeline, tmp_path, to_sink):
    with Daemon(tmp_path, pipeline({}, to_sink)) as daemon:
        for page in ("livez", "readyz", "metrics", ""):
            assert daemon.http.get(f"{daemon.telemetry}/{page}").status_code == 200
        assert daemon.metric("winnow_build_info") == 1
        assert set(daemon.endpoints) == {"grpc", "http"}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains_and_ends(pipeline, tmp_path, to_sink, sink, number):
    with Daemon(tmp_path, pipeline({}, to_sink)) as daemon:
        acknowledged = send(daemon.endpoints["grpc"], requests(20))
        assert daemon.stop(number) == 0
    assert {found.span_id for found in sink.spans} == set(acknowledged)


def test_a_second_signal_ends_it_at_once(pipeline, tmp_path, to_sink, sink):
    sink.hold.clear()
    config = pipeline({}, to_sink, durable=False, drain_timeout="60s")
    with Daemon(tmp_path, config) as daemon:
        send(daemon.endpoints["grpc"], requests(1))
        eventually(lambda: sink.calls)
        daemon.process.send_signal(signal.SIGTERM)
        eventually(lambda: b"stopping" in daemon.errors.read_bytes())
        assert daemon.stop(signal.SIGTERM, 5) == 128 + signal.SIGTERM


def test_a_second_signal_ends_it_at_once_while_it_reloads(pipeline, tmp_path, to_sink, sink):
    sink.hold.clear()
    config = pipeline({}, to_sink, durable=False, drain_timeout="60s")
    with Daemon(tmp_path, config) as daemon:
        send(daemon.endpoints["grpc"], requests(1))
        eventually(lambda: sink.calls)
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: send(daemon.endpoints["grpc"], requests(1)) == [])
        daemon.process.send_signal(signal.SIGTERM)  # two of one kind at once would become one
        assert daemon.stop(signal.SIGINT, 5) in {128 + signal.SIGINT, 128 + signal.SIGTERM}


@pytest.mark.parametrize("transport", ["grpc", "http"])
def test_who_waits_for_a_dead_backend_at_the_stop_is_asked_to_try_again(
    pipeline, tmp_path, transport
):
    dead = {"endpoint": "127.0.0.1:1", "tls": {"insecure": True}}
    config = pipeline({}, {"otlp": dead | {"sending_queue": NONE}})
    with Daemon(tmp_path, config) as daemon, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(answer_to, daemon, transport)
        eventually(lambda: b"trying again" in daemon.errors.read_bytes())
        assert daemon.stop() == 0
        assert answer.result() in {grpc.StatusCode.UNAVAILABLE, 503}


def answer_to(daemon, transport):
    """The status that a request gets."""
    payload = request(span()).SerializeToString()
    if transport == "http":
        address = f"http://{daemon.endpoints['http']}/v1/traces"
        headers = {"content-type": "application/x-protobuf"}
        return daemon.http.post(address, content=payload, headers=headers, timeout=60).status_code
    with (
        grpc.insecure_channel(daemon.endpoints["grpc"]) as channel,
        pytest.raises(grpc.RpcError) as info,
    ):
        channel.unary_unary(METHOD)(payload, timeout=60)
    return info.value.code()


def test_sighup_takes_up_a_changed_file(pipeline, tmp_path, to_sink, sink):
    with Daemon(tmp_path, pipeline({}, to_sink)) as daemon:
        endpoint = daemon.endpoints["grpc"]
        fixed = daemon.config_path.read_text().replace("127.0.0.1:0", endpoint, 1)
        processors = "processors: {attributes: {actions: [{key: a, value: b, action: insert}]}}"
        changed = fixed.replace("processors: {}", processors, 1)
        daemon.config_path.write_text(changed.replace("processors: []", "processors: [attributes]"))
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: b"reloaded" in daemon.errors.read_bytes())
        eventually(lambda: send(endpoint, requests(1)))
        eventually(lambda: sink.spans)
        assert [entry.key for entry in sink.spans[0].attributes] == ["a"]


def test_an_exporter_that_a_reload_takes_away_is_warned_of_if_spans_wait_for_it(
    pipeline, tmp_path, to_sink
):
    nobody = {"otlp/nobody": {"endpoint": "127.0.0.1:1", "tls": {"insecure": True}}}
    with Daemon(tmp_path, pipeline({}, nobody)) as daemon:
        send(daemon.endpoints["grpc"], requests(1))
        waiting = "winnow_exporter_queue_spans"
        eventually(lambda: daemon.metric(waiting, exporter="otlp/nobody") > 0)
        daemon.config_path.write_text(yaml.safe_dump(pipeline({}, to_sink)))
        daemon.process.send_signal(signal.SIGHUP)
        warning = b"the storage holds spans for an exporter that is not configured"
        eventually(lambda: warning in daemon.errors.read_bytes())
        assert daemon.metric(waiting, exporter="otlp/nobody") == 8


def test_a_reload_with_a_mistake_leaves_the_old_pipeline_running(pipeline, tmp_path, to_sink, sink):
    with Daemon(tmp_path, pipeline({}, to_sink)) as daemon:
        daemon.config_path.write_text("receivers: {otpl: {}}")
        daemon.process.send_signal(signal.SIGHUP)
        eventually(lambda: b"reload refused" in daemon.errors.read_bytes())
        acknowledged = send(daemon.endpoints["grpc"], requests(1))
        eventually(lambda: {found.span_id for found in sink.spans} == set(acknowledged))


def test_a_port_in_use_is_said_and_the_exit_code_is_1(pipeline, tmp_path, to_sink):
    with Daemon(tmp_path, pipeline({}, to_sink)) as daemon:
        (tmp_path / "second").mkdir()
        config = pipeline({}, to_sink, durable=False)
        config["receivers"]["otlp"] = {
            "protocols": {"grpc": {"endpoint": daemon.endpoints["grpc"]}}
        }
        second = Daemon(tmp_path / "second", config)
        with pytest.raises(AssertionError, match="cannot listen on"):
            second.start()
        assert second.process.wait(10) == 1
        second.http.close()


def test_every_span_has_a_name_while_load_goes_on(pipeline, tmp_path, to_sink):
    """accepted = dropped + held + exported, and exported = sent + failed + queued, at rest."""
    processors = {
        "head_sampling": {"percentage": 50},
        "tail_sampling": {
            "decision_wait": "300ms",
            "policies": [{"name": "sampled", "type": "head_sampled"}],
        },
    }
    with Daemon(tmp_path, pipeline(processors, to_sink)) as daemon:
        for turn in range(5):
            send(daemon.endpoints["grpc"], requests(50, 1 + turn * 100))
            eventually(lambda: balanced(daemon.metrics()))
        eventually(lambda: daemon.metric("winnow_tail_sampling_open_traces") == 0)
        assert balanced(daemon.metrics())
        assert daemon.metric("winnow_pipeline_accepted_spans_total") == 5 * 50 * 8
        assert daemon.metric("winnow_pipeline_dropped_spans_total") > 0


def balanced(metrics) -> bool:
    def total(name: str) -> float:
        return sum(metrics.get(name, {}).values())

    exported = total("winnow_pipeline_exported_spans_total")
    return total("winnow_pipeline_accepted_spans_total") == (
        total("winnow_pipeline_dropped_spans_total")
        + total("winnow_pipeline_held_spans")
        + exported
    ) and exported == (
        total("winnow_exporter_sent_spans_total")
        + total("winnow_exporter_failed_spans_total")
        + total("winnow_exporter_queue_spans")
    )


def test_metrics_and_readiness_answer_within_a_second_under_load(pipeline, tmp_path, to_sink):
    limit = 400
    processors = {
        "memory_limiter": {"limit_mib": limit},
        "genai": {},
        "redaction": {},
        "cost": {},
        "agent_metrics": {},
        "tail_sampling": {"decision_wait": "500ms"},
    }
    stop = threading.Event()
    with Daemon(tmp_path, pipeline(processors, to_sink)) as daemon:
        load = [
            threading.Thread(target=saturate, args=(daemon.endpoints["grpc"], stop))
            for _ in range(4)
        ]
        for thread in load:
            thread.start()
        slowest, peak, until = 0.0, 0.0, time.monotonic() + 8
        while time.monotonic() < until:
            for page in ("readyz", "metrics"):
                began = time.monotonic()
                assert daemon.http.get(f"{daemon.telemetry}/{page}").status_code == 200
                slowest = max(slowest, time.monotonic() - began)
            peak = max(peak, daemon.metric("process_resident_memory_bytes"))
        stop.set()
        for thread in load:
            thread.join()
        assert daemon.metric("winnow_receiver_accepted_spans_total") > 1000
    assert slowest < 1.0
    assert peak < limit * 1024 * 1024


def saturate(endpoint: str, stop: threading.Event) -> None:
    payload = request(
        *(
            span(
                "chat gpt-4o",
                trace=number // 8 + 1,
                attributes={
                    "gen_ai.operation.name": "chat",
                    "gen_ai.request.model": "gpt-4o",
                    "gen_ai.input.messages": '[{"role":"user","parts":[{"type":"text",'
                    f'"content":"card 4111 1111 1111 1111, run {number}, {"words " * 50}"'
                    "}]}]",
                },
            )
            for number in range(256)
        )
    ).SerializeToString()
    with grpc.insecure_channel(endpoint) as channel:
        export = channel.unary_unary(METHOD)
        while not stop.is_set():
            try:
                export(payload, timeout=30)
            except grpc.RpcError:
                stop.wait(0.05)
