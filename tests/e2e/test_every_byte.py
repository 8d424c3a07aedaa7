"""Ten thousand values are planted everywhere; every byte that leaves or stays is searched."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import pyarrow.dataset as ds
import pytest

from tests.daemon import Daemon, eventually
from tests.doubles.http import HttpSink
from tests.doubles.langfuse import LangfuseServer
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.planted_spans import requests
from tests.e2e.planting import Plants
from tests.e2e.scanner import Scanner, plain, rows, strings
from tests.e2e.test_durability import METHOD
from tests.e2e.test_privacy import as_json, pipeline, post

pytestmark = pytest.mark.slow

SEED = 20_250_615
REQUESTS = 6
LEAST_PLANTED = 10_000
LEAST_SCANNED = 20 << 20


class Outcome:
    """What was planted, and every byte that came out of it, by where."""

    def __init__(self) -> None:
        self.plants = Plants(SEED)
        self.sent: list[bytes] = []
        self.out: dict[str, bytes] = {}

    def send(self, daemon: Daemon) -> None:
        """Every way in takes a part of the requests."""
        encoders = [over_grpc, over_http, over_json]
        for number, message in enumerate(requests(self.plants, REQUESTS)):
            self.sent.append(message.SerializeToString())
            encoders[number % len(encoders)](daemon, message)


def over_grpc(daemon: Daemon, message: Any) -> None:
    with grpc.insecure_channel(daemon.endpoints["grpc"]) as channel:
        channel.unary_unary(METHOD)(message.SerializeToString(), timeout=60)


def over_http(daemon: Daemon, message: Any) -> None:
    body = message.SerializeToString()
    assert post(daemon.endpoints["http"], body, "protobuf").status_code == 200


def over_json(daemon: Daemon, message: Any) -> None:
    assert post(daemon.endpoints["http"], as_json(message), "json").status_code == 200


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    directory = tmp_path_factory.mktemp("every-byte")
    made = Outcome()
    with LangfuseServer() as langfuse, GrpcSink() as sink, HttpSink() as http:
        config = pipeline(langfuse, sink, http)
        backends = [langfuse, sink, http]
        with Daemon(directory, config) as daemon:
            for backend in backends:
                backend.hold.clear()
            made.send(daemon)
            eventually(lambda: daemon.metric("winnow_exporter_queue_spans") > 0)
            made.out["pages before the crash"] = pages(daemon)
            daemon.kill()
            made.out["files after the crash"] = daemon.everything_written() + cells(directory)
            for backend in backends:
                backend.hold.set()
            daemon.start()
            eventually(lambda: daemon.metric("winnow_tail_sampling_open_traces") == 0, 60)
            eventually(lambda: daemon.metric("winnow_exporter_queue_spans") == 0, 60)
            made.out["pages"] = pages(daemon)
            assert daemon.stop() == 0
        made.out["files"] = daemon.everything_written() + cells(directory)
        made.out["archive"] = archived(directory)
        made.out["Langfuse"] = bodies(langfuse)
        made.out["OTLP over HTTP"] = bodies(http)
        made.out["OTLP over gRPC"] = b"\n".join(call.payload for call in sink.calls)
    return made


def pages(daemon: Daemon) -> bytes:
    paths = ("metrics", "", "livez", "readyz")
    return b"".join(daemon.http.get(f"{daemon.telemetry}/{path}").content for path in paths)


def cells(directory: Path) -> bytes:
    """What a reader of the state's files sees, the log of what is not merged yet included."""
    return b"\n".join(cell for path in directory.glob("state/*.db") for cell in rows(path))


def archived(directory: Path) -> bytes:
    """Every cell of the archive, and every string of those that are JSON."""
    table = ds.dataset(directory / "archive", partitioning="hive").to_table()
    times = [name for name in table.column_names if name.endswith("_time")]
    rows = table.drop_columns(times).to_pylist()
    texts = (text for row in rows for cell in row.values() for text in (str(cell), *inner(cell)))
    return "\n".join(texts).encode("utf-8", "replace")


def inner(cell: object) -> Iterator[str]:
    with suppress(TypeError, ValueError):
        yield from strings(json.loads(cell))


def bodies(server: Any) -> bytes:
    """Requests as they came, and before compression."""
    return b"\n".join(
        part
        for request in server.requests
        for part in (
            request.path.encode(),
            repr(request.headers).encode(),
            request.body,
            plain(request.body, request.headers.get("content-encoding")),
        )
    )


@pytest.fixture(scope="module")
def scanner(outcome):
    return Scanner(outcome.plants.places)


def test_the_scanner_sees_all_that_went_in(outcome, scanner):
    assert len(outcome.plants.places) >= LEAST_PLANTED
    seen = set().union(*(scanner.found(body) for body in outcome.sent))
    unseen = {value: place for value, place in outcome.plants.places.items() if value not in seen}
    # Numbers are no text in Protocol Buffers.
    assert {place.rpartition(" ")[2] for place in unseen.values()} <= {"number"}


def test_nothing_that_was_planted_left_or_stayed(outcome, scanner):
    before = scanner.scanned
    leaks = {
        f"{outcome.plants.places[value]} came out in {where}"
        for where, content in outcome.out.items()
        for value in scanner.found(content)
    }
    read = scanner.scanned - before
    size = sum(map(len, outcome.out.values()))
    logging.info("%d values, %d bytes, read as %d", len(outcome.plants.places), size, read)
    assert sorted(leaks) == []
    assert read > LEAST_SCANNED


def test_everything_else_did_come_out(outcome):
    for where, content in outcome.out.items():
        assert b"EMAIL_ADDRESS" in content or where == "pages", where
