"""A running otlp receiver in front of a sink."""

import pytest

from collector.pipeline import Entry
from collector.receivers.otlp import OtlpReceiver
from tests.helpers import Sink, make_context


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def receiver(sink):
    settings = {
        "protocols": {
            "grpc": {"endpoint": "127.0.0.1:0", "max_recv_msg_size_mib": 1},
            "http": {"endpoint": "127.0.0.1:0", "max_request_body_size_mib": 1},
        }
    }
    context = make_context("otlp")
    made = OtlpReceiver(OtlpReceiver.Config.model_validate(settings), context)
    made.next = Entry(context.storage, sink)
    made.start()
    yield made
    made.shutdown()
