"""A sender that stalls harms nobody else for long."""

import contextlib
import socket

import httpx2
import pytest

from collector.pipeline import Entry
from collector.receivers.otlp import OtlpReceiver
from tests.helpers import Sink, make_context, metric, request, span

HEAD = (
    b"POST /v1/traces HTTP/1.1\r\nhost: winnow\r\ncontent-type: application/x-protobuf\r\n"
    b"content-length: 1000\r\n\r\n"
)


@pytest.fixture
def receiver():
    http = {"endpoint": "127.0.0.1:0", "num_workers": 2, "read_timeout": "100ms"}
    context = make_context("otlp")
    made = OtlpReceiver(OtlpReceiver.Config.model_validate({"protocols": {"http": http}}), context)
    made.next = Entry(context.storage, Sink())
    made.start()
    yield made
    made.shutdown()


def test_bodies_that_never_end_hold_up_no_others(receiver):
    host, port = receiver.endpoints["http"].split(":")
    with contextlib.ExitStack() as open_sockets:
        stalled = [
            open_sockets.enter_context(socket.create_connection((host, int(port)), 10))
            for _ in range(4)
        ]
        for connection in stalled:
            connection.sendall(HEAD + b"\x0a")
        assert [connection.recv(12) for connection in stalled] == [b"HTTP/1.1 408"] * 4
        body = request(span()).SerializeToString()
        answer = httpx2.post(
            f"http://{host}:{port}/v1/traces",
            content=body,
            headers={"content-type": "application/x-protobuf"},
            trust_env=False,
        )
    assert answer.status_code == 200
    labels = {"receiver": "otlp", "transport": "http", "reason": "slow"}
    assert metric(receiver, "winnow_receiver_bad_requests_total", **labels) == 4
