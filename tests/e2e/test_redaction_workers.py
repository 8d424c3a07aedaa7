"""A daemon that redacts in processes of its own loses nothing and leaks nothing when these die."""

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.conftest import FAST_RETRIES
from tests.e2e.test_durability import send
from tests.helpers import request, span

MAIL = "planted@corp.example.com"


def workers_of(pid: int) -> set[int]:
    """The processes that this one started."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def mails(count: int) -> list:
    return [
        request(*(span(attributes={"to": MAIL, "n": n}, trace=1 + n) for _ in range(8)))
        for n in range(count)
    ]


def test_workers_may_die_under_load(pipeline, tmp_path):
    with GrpcSink() as sink:
        exporters = {
            "otlp": {
                "endpoint": sink.endpoint,
                "tls": {"insecure": True},
                "retry_on_failure": FAST_RETRIES,
            }
        }
        with Daemon(tmp_path, pipeline({"redaction": {"workers": 2}}, exporters)) as daemon:
            done = threading.Event()

            def kill_now_and_then() -> None:
                while not done.wait(1.0):
                    for pid in sorted(workers_of(daemon.process.pid))[:1]:
                        os.kill(pid, signal.SIGKILL)

            with ThreadPoolExecutor(2) as pool:
                killing = pool.submit(kill_now_and_then)
                acknowledged = pool.submit(send, daemon.endpoints["grpc"], mails(800)).result()
                done.set()
                killing.result()
            assert len(acknowledged) == 800 * 8
            eventually(lambda: len({found.span_id for found in sink.spans}) == 800 * 8, 60)
            left = workers_of(daemon.process.pid)
            assert len(left) == 2
        assert not any(Path(f"/proc/{pid}").exists() for pid in left)
        assert not any(MAIL.encode() in found.SerializeToString() for found in sink.spans)
    assert not any(
        MAIL.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()
    )
