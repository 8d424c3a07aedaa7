"""The archive in S3, against moto's HTTP server and against one that refuses."""

import http.server
import io
import logging
import random
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import obstore
import pyarrow.parquet as pq
import pytest
import yaml
from click.testing import CliRunner
from moto.server import ThreadedMotoServer

from collector import PermanentError, RetryableError, StartError
from collector.cli.archive import archive as command
from exporters.archive import Archive
from exporters.archive.settings import ArchiveConfig
from tests.doubles.http import HttpSink
from tests.doubles.raw import RawServer
from tests.doubles.tls import self_signed
from tests.helpers import START, batch, make, span

KEYS = {"access_key_id": "key", "secret_access_key": "hidden", "region": "us-east-1"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """The endpoint of an S3 with one bucket, `spans`."""
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/spans", method="PUT")).close()
    yield endpoint
    server.stop()


@pytest.fixture
def refusing() -> Iterator[str]:
    """The endpoint of an S3 in which a bucket's name is the status it answers with, and a code."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            status, _, code = self.path.split("/")[1].partition("-")
            body = f"<Error><Code>{code}</Code></Error>".encode() if code else b""
            self.send_response(int(status))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def archive(url: str, endpoint: str, **settings: Any) -> Archive:
    made = make(Archive, {"url": url, "endpoint": endpoint, **KEYS, **settings})
    made.start()
    return made


def objects(endpoint: str, prefix: str) -> dict[str, bytes]:
    """What lies under the prefix, by key."""
    from obstore.store import from_url

    store = from_url(
        f"s3://spans/{prefix}",
        config={"endpoint": endpoint, **KEYS},
        client_options={"allow_http": True},
    )
    found = [item["path"] for chunk in store.list() for item in chunk]
    return {path: bytes(store.get(path).bytes()) for path in found}


def test_spans_lie_under_the_prefix_in_the_hour_they_started_in(s3: str):
    archive("s3://spans/agents/prod", s3).push(batch(span("a"), span("b", start=START + 3600)))
    found = objects(s3, "agents/prod")
    assert sorted(path.rpartition("/")[0] for path in found) == [
        "date=2025-06-15/hour=15",
        "date=2025-06-15/hour=16",
    ]
    tables = [pq.ParquetFile(io.BytesIO(data)).read() for data in found.values()]
    assert sorted(name for table in tables for name in table["name"].to_pylist()) == ["a", "b"]


def test_a_second_try_replaces_what_the_first_one_wrote(s3: str):
    exporter, sent = archive("s3://spans/again", s3), batch(span())
    exporter.push(sent)
    exporter.push(sent)
    assert len(objects(s3, "again")) == 1


def test_a_large_file_goes_in_parts_and_arrives_whole(s3: str):
    noise = [random.Random(n).randbytes(1 << 20).hex() for n in range(12)]
    exporter = archive("s3://spans/large", s3)
    exporter.push(batch(*[span(attributes={"noise": text}) for text in noise]))
    [data] = objects(s3, "large").values()
    assert len(data) > 10 << 20
    assert pq.ParquetFile(io.BytesIO(data)).metadata.num_rows == 12


def test_the_aws_environment_is_used_where_nothing_is_set(s3: str, monkeypatch: pytest.MonkeyPatch):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "hidden",
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3,
    }.items():
        monkeypatch.setenv(name, value)
    exporter = make(Archive, {"url": "s3://spans/environment"})
    exporter.start()
    exporter.push(batch(span()))
    assert len(objects(s3, "environment")) == 1


def test_an_environment_that_no_request_can_carry_stops_the_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "hidden\n")
    with pytest.raises(StartError, match=r"AWS_SESSION_TOKEN .* line break") as failed:
        make(Archive, {"url": "s3://spans/x"}).start()
    assert "hidden" not in str(failed.value)


def test_a_missing_bucket_is_permanent_and_says_so(s3: str):
    with pytest.raises(PermanentError, match="404 NoSuchBucket: create the bucket") as failed:
        archive("s3://absent/x", s3).push(batch(span()))
    assert failed.value.reason == "no_such_bucket"


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "http_400"),
        (401, "permission_denied"),
        (403, "permission_denied"),
        (301, "wrong_region"),
    ],
)
def test_what_no_second_try_can_help_is_permanent(refusing: str, status: int, reason: str):
    with pytest.raises(PermanentError) as failed:
        archive(f"s3://{status}/x", refusing).push(batch(span()))
    assert failed.value.reason == reason


def test_a_name_with_region_in_it_makes_no_difference(refusing: str):
    with pytest.raises(RetryableError):
        archive("s3://503/my-region", refusing).push(batch(span()))
    with pytest.raises(RetryableError):
        archive("s3://my-region/x", "http://127.0.0.1:1").push(batch(span()))


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_what_a_second_try_may_help_is_retried(refusing: str, status: int):
    with pytest.raises(RetryableError) as failed:
        archive(f"s3://{status}/x", refusing).push(batch(span()))
    assert failed.value.reason == f"http_{status}"


def test_a_clock_that_goes_wrong_can_be_set_right(refusing: str):
    with pytest.raises(RetryableError, match="set the clock"):
        archive("s3://403-RequestTimeTooSkewed/x", refusing).push(batch(span()))


def test_a_session_that_is_over_is_a_matter_of_credentials(refusing: str):
    with pytest.raises(PermanentError, match="ExpiredToken: check the credentials"):
        archive("s3://400-ExpiredToken/x", refusing).push(batch(span()))


def test_no_error_shows_what_the_environment_s_endpoint_holds(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://user:hidden@127.0.0.1:1")
    exporter = make(Archive, {"url": "s3://spans/x", **KEYS})
    exporter.start()
    with pytest.raises(RetryableError, match="PUT http://") as failed:
        exporter.push(batch(span()))
    assert "hidden" not in str(failed.value)


def test_an_unreachable_store_does_not_stop_the_start_but_is_retried():
    exporter = archive("s3://spans/x", "http://127.0.0.1:1")
    with pytest.raises(RetryableError, match=r"Connection refused$") as failed:
        exporter.push(batch(span()))
    assert failed.value.reason == "unreachable"


def test_why_a_store_does_not_answer_is_said(s3: str, tmp_path: Path):
    def failure(endpoint: str, **settings: Any) -> str:
        with pytest.raises(RetryableError) as failed:
            archive("s3://spans/x", endpoint, **settings).push(batch(span()))
        return str(failed.value)

    assert "write http://" in failure(s3.replace("http:", "https:"))
    with HttpSink(self_signed(tmp_path)) as sink:
        assert "certificate" in failure(sink.endpoint)
    with RawServer(b"", "stall") as server:
        assert "within timeout" in failure(f"http://{server.address}", timeout="300ms")


def test_no_error_shows_the_secret(refusing: str):
    with pytest.raises(PermanentError) as failed:
        archive("s3://403/x", refusing).push(batch(span()))
    assert "hidden" not in str(failed.value)


def reader(url: str, endpoint: str) -> Any:
    return Archive.reader(ArchiveConfig.model_validate({"url": url, "endpoint": endpoint, **KEYS}))


def test_what_lies_in_a_bucket_can_be_read_back(s3: str):
    archive("s3://spans/back/again", s3).push(batch(span("a"), span("b", start=START + 3600)))
    found = reader("s3://spans/back/again", s3)
    names = [r.span.name for file in found.files() for b in found.batches(file) for r in b.spans]
    assert names == ["a", "b"]
    assert [file.size for file in found.files()] == [
        len(data) for _, data in sorted(objects(s3, "back/again").items())
    ]


def test_a_bucket_that_cannot_be_read_says_what_is_missing(s3: str):
    with pytest.raises(OSError, match="create the bucket, or correct url"):
        reader("s3://absent/x", s3).files()


def test_how_many_spans_a_file_holds_is_known_without_fetching_it(
    s3: str, monkeypatch: pytest.MonkeyPatch
):
    large = [span(attributes={"noise": random.randbytes(50_000).hex()}) for _ in range(20)]
    archive("s3://spans/footers", s3).push(batch(*large))
    found = reader("s3://spans/footers", s3)
    (file,) = found.files()
    fetched = []
    get_range = obstore.get_range

    def counted(*arguments: Any, **options: Any) -> Any:
        data = get_range(*arguments, **options)
        fetched.append(len(data))
        return data

    monkeypatch.setattr(obstore, "get_range", counted)
    monkeypatch.delattr(obstore, "get")
    assert found.spans(file) == 20
    assert 0 < sum(fetched) < file.size / 5


def test_a_file_that_is_gone_is_no_damaged_one(s3: str):
    archive("s3://spans/gone", s3).push(batch(span()))
    found = reader("s3://spans/gone", s3)
    (file,) = found.files()
    with pytest.raises(OSError, match="correct url"):
        found.spans(file._replace(path="gone/none.parquet"))


def test_credentials_hold_for_the_whole_bucket(s3: str, tmp_path: Path):
    archive("s3://spans/one", s3).push(batch(span()))
    settings = {"url": "s3://spans/another", "endpoint": s3, **KEYS}
    pipeline = {"receivers": ["otlp"], "exporters": ["archive"]}
    config = tmp_path / "pipeline.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "receivers": {"otlp": {}},
                "exporters": {"archive": settings},
                "service": {"pipelines": {"traces": pipeline}},
            }
        )
    )
    arguments = ["--config", str(config), "--archive", "s3://spans/one"]
    for name, told in (("list", ["1", "1"]), ("find", ["15:06:40", "1"])):
        answer = CliRunner().invoke(command, [name, *arguments])
        assert answer.exit_code == 0, answer.output
        assert answer.stdout.splitlines()[-1].split()[2:4] == told
