"""What was acknowledged is owned, whatever happens to the process."""

from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.conftest import FAST_RETRIES
from tests.helpers import request, span

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
EVERYTHING = [{"name": "all", "type": "always_sample"}]


def send(endpoint: str, requests: list) -> list[bytes]:
    """Send each request once; the ids of the spans that were acknowledged."""
    acknowledged = []
    with grpc.insecure_channel(endpoint) as channel:
        export = channel.unary_unary(METHOD)
        for message in requests:
            try:
                export(message.SerializeToString(), timeout=10)
            except grpc.RpcError:
                continue
            acknowledged += [s.span_id for s in message.resource_spans[0].scope_spans[0].spans]
    return acknowledged


def requests(count: int, start: int = 1) -> list:
    return [request(*(span(trace=start + n) for _ in range(8))) for n in range(count)]


@pytest.mark.parametrize("wait", ["200ms", "10s"], ids=["while-delivering", "while-waiting"])
def test_after_kill_9_nothing_acknowledged_is_lost(pipeline, tmp_path, wait):
    with GrpcSink() as sink:
        processors = {"tail_sampling": {"decision_wait": wait, "policies": EVERYTHING}}
        exporters = {
            "otlp": {
                "endpoint": sink.endpoint,
                "tls": {"insecure": True},
                "retry_on_failure": FAST_RETRIES,
            }
        }
        with Daemon(tmp_path, pipeline(processors, exporters)) as daemon:
            acknowledged = []
            for turn in range(3):
                with ThreadPoolExecutor(1) as pool:
                    sending = pool.submit(
                        send, daemon.endpoints["grpc"], requests(400, 1 + turn * 1000)
                    )
                    eventually(lambda: daemon.metric("winnow_receiver_accepted_spans_total") > 200)
                    daemon.kill()
                    acknowledged += sending.result()
                daemon.start()
            assert len(acknowledged) > 600
            missing = set(acknowledged)

            def arrived() -> bool:
                missing.difference_update(found.span_id for found in sink.spans)
                return not missing

            eventually(arrived, 60)


def test_a_backend_that_is_down_costs_nothing_but_time(pipeline, tmp_path):
    sink = GrpcSink().start()
    sink.stop()
    exporters = {
        "otlp": {
            "endpoint": sink.endpoint,
            "tls": {"insecure": True},
            "retry_on_failure": FAST_RETRIES,
        }
    }
    with Daemon(tmp_path, pipeline({}, exporters)) as daemon:
        acknowledged = send(daemon.endpoints["grpc"], requests(20))
        assert len(acknowledged) == 160
        assert daemon.metric("winnow_exporter_queue_spans") == 160
        assert daemon.stop() == 0
        daemon.start()
        assert daemon.metric("winnow_restored_spans_total", component="otlp") == 160
        sink.start()
        eventually(lambda: {found.span_id for found in sink.spans} >= set(acknowledged))
        eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0)
    sink.stop()


def test_a_full_queue_asks_the_agent_to_wait_and_loses_nothing(pipeline, tmp_path):
    sink = GrpcSink().start()
    sink.stop()
    exporters = {
        "otlp": {
            "endpoint": sink.endpoint,
            "tls": {"insecure": True},
            "retry_on_failure": FAST_RETRIES,
            "sending_queue": {"queue_size": 3},
        }
    }
    with Daemon(tmp_path, pipeline({}, exporters)) as daemon:
        acknowledged = send(daemon.endpoints["grpc"], requests(10))
        assert len(acknowledged) == 3 * 8
        refused = daemon.metric("winnow_receiver_refused_spans_total", reason="queue_full")
        assert refused == 7 * 8
        assert daemon.metric("winnow_receiver_accepted_spans_total") == 3 * 8
    sink.stop()
