"""The same users are in the sample, whoever asks, wherever and whenever."""

import pytest

from collector import to_python
from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.test_durability import send
from tests.helpers import request, span

USERS = 400


def users_kept(directory, pipeline, key: str) -> set[str]:
    """The users that one daemon keeps of one trace each."""
    directory.mkdir()
    head = {"percentage": 10, "key": [key], "mode": "drop"}
    with GrpcSink() as sink:
        exporters = {"otlp": {"endpoint": sink.endpoint, "tls": {"insecure": True}}}
        config = pipeline({"head_sampling": head}, exporters, durable=False)
        with Daemon(directory, config) as daemon:
            spans = [
                span(trace=number + 1, attributes={"user.id": f"user-{number}"})
                for number in range(USERS)
            ]
            assert len(send(daemon.endpoints["grpc"], [request(*spans)])) == USERS
            dropped = daemon.metric("winnow_dropped_spans_total", reason="head_sampled_out")
            eventually(lambda: len(sink.spans) == USERS - dropped)
        return {str(to_python(found.attributes[0].value)) for found in sink.spans}


@pytest.mark.slow
def test_ten_percent_are_the_same_users_in_every_process(tmp_path, pipeline):
    first = users_kept(tmp_path / "first", pipeline, "user.id")
    second = users_kept(tmp_path / "second", pipeline, "user.id")
    assert first == second
    # 400 draws at 10%: outside these bounds once in ten thousand seeds, and the hash has none.
    assert 18 < len(first) < 65
