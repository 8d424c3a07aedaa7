"""The archive in a directory: what the files say, where they lie, and that they are whole."""

import errno
import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from collector import Batch, RetryableError, StartError
from exporters.archive import Archive
from exporters.archive.settings import ArchiveConfig
from tests.archive.reading import read
from tests.helpers import START, batch, make, span

NOON = 1_750_075_200  # 2025-06-16T12:00:00Z


def archive(url: Path | str, **settings: Any) -> Archive:
    """A started archive."""
    made = make(Archive, {"url": str(url), **settings})
    made.start()
    return made


def files(root: Path) -> list[str]:
    """Everything under `root` that is no directory, as relative paths."""
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_spans_lie_in_the_hour_they_started_in(tmp_path: Path):
    spans = [span("late", start=NOON - 0.001, seconds=60), span("early", start=NOON)]
    assert archive(tmp_path).push(batch(*spans)) == 0
    assert [str(Path(name).parent) for name in files(tmp_path)] == [
        "date=2025-06-16/hour=11",
        "date=2025-06-16/hour=12",
    ]
    rows = read(tmp_path)
    assert [(row["name"], row["date"], row["hour"]) for row in rows] == [
        ("late", "2025-06-16", 11),
        ("early", "2025-06-16", 12),
    ]


def test_the_columns_that_questions_are_asked_about(tmp_path: Path):
    asked = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.agent.name": "planner",
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 3,
        "gen_ai.usage.cost": 0.25,
        "gen_ai.conversation.id": "talk",
        "winnow.sampling.policy": "errors",
        "winnow.guardrail.fired": True,
    }
    sent = batch(
        span("chat", trace=10, attributes=asked, error=True, seconds=2),
        resource={"service.name": "agent", "user.id": 42},
    )
    archive(tmp_path).push(sent)
    [row] = read(tmp_path)
    assert {
        "trace_id": f"{10:032x}",
        "parent_span_id": None,
        "name": "chat",
        "kind": "UNSPECIFIED",
        "start_time": START * 10**9,
        "duration_ns": 2 * 10**9,
        "status_code": "ERROR",
        "service_name": "agent",
        "scope_name": "test",
        "user_id": "42",
        "session_id": "talk",
        "agent_name": "planner",
        "operation": "chat",
        "provider": "openai",
        "model": "gpt-4o",
        "input_tokens": 12,
        "output_tokens": 3,
        "cost_usd": 0.25,
        "sampling_policy": "errors",
        "guardrail_fired": True,
    }.items() <= row.items()


def test_attributes_of_the_wrong_kind_leave_their_columns_empty(tmp_path: Path):
    odd = {
        "gen_ai.usage.input_tokens": "many",
        "gen_ai.usage.output_tokens": True,
        "gen_ai.usage.cost": ["x"],
        "user.id": {"a": 1},
        "winnow.guardrail.fired": "yes",
    }
    archive(tmp_path).push(batch(span(attributes=odd)))
    [row] = read(tmp_path)
    columns = ("input_tokens", "output_tokens", "cost_usd", "user_id", "guardrail_fired")
    assert [row[name] for name in columns] == [None, None, None, None, False]


def test_times_beyond_what_a_timestamp_holds_are_cut_off_there(tmp_path: Path):
    endless = span()
    endless.start_time_unix_nano = endless.end_time_unix_nano = 2**64 - 1
    archive(tmp_path).push(batch(endless))
    [row] = read(tmp_path)
    assert (row["start_time"], row["duration_ns"], row["date"]) == (2**63 - 1, 0, "2262-04-11")


def test_the_files_are_parquet_with_zstd_and_a_versioned_schema(tmp_path: Path):
    archive(tmp_path).push(batch(span(), span()))
    [name] = files(tmp_path)
    metadata = pq.read_metadata(tmp_path / name)
    assert metadata.num_rows == 2
    assert metadata.metadata[b"winnow.schema_version"] == b"1"
    group = metadata.row_group(0)
    assert {group.column(i).compression for i in range(group.num_columns)} == {"ZSTD"}


def test_every_column_is_documented():
    from exporters.archive.table import COLUMNS

    page = (Path(__file__).parents[2] / "docs/archive.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    documented = [(cells[1].strip(" `"), cells[2].strip()) for cells in rows]
    assert documented == [(column.name, str(column.type)) for column in COLUMNS]


def test_a_second_try_replaces_what_the_first_one_wrote(tmp_path: Path):
    sent, other = batch(span("a")), batch(span("b"))
    exporter = archive(tmp_path)
    for item in (sent, sent, other):
        exporter.push(item)
    assert sorted(row["name"] for row in read(tmp_path)) == ["a", "b"]


def test_two_archives_in_one_place_do_not_disturb_each_other(tmp_path: Path):
    item = batch(*(span(attributes={"text": os.urandom(2000).hex()}) for _ in range(50)))
    payload = item.payload
    exporters = [archive(tmp_path) for _ in range(4)]

    def push(exporter: Archive) -> None:
        for _ in range(25):
            exporter.push(Batch(payload=payload))

    with ThreadPoolExecutor(len(exporters)) as pool:
        list(pool.map(push, exporters))
    assert len(read(tmp_path)) == 50


def test_only_the_owner_may_read(tmp_path: Path):
    archive(tmp_path / "new").push(batch(span()))
    [name] = files(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700


def test_a_reader_never_sees_half_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    seen: list[list[str]] = []
    real = os.write

    def slow_write(descriptor: int, data: memoryview) -> int:
        seen.append(files(tmp_path))
        return real(descriptor, data[:100])

    monkeypatch.setattr(os, "write", slow_write)
    archive(tmp_path).push(batch(span()))
    assert len(seen) > 10
    visible = [Path(name) for names in seen for name in names]
    assert all(path.name.startswith(".") and path.suffix == ".tmp" for path in visible)
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize(
    ("number", "reason", "remedy"),
    [
        (errno.ENOSPC, "disk_full", "free some space"),
        (errno.EACCES, "permission_denied", "make it writable"),
        (errno.EIO, "disk_error", "check the disk"),
    ],
)
def test_a_failing_disk_is_tried_again_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, reason: str, remedy: str
):
    def fail(*_: object) -> int:
        raise OSError(number, os.strerror(number))

    exporter = archive(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(RetryableError, match=remedy) as failed:
            exporter.push(batch(span()))
    assert failed.value.reason == reason
    assert files(tmp_path) == []
    exporter.push(batch(span()))
    assert len(read(tmp_path)) == 1


def test_a_directory_that_cannot_be_made_stops_the_start(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StartError, match=r"file.*set url to another directory"):
        archive(tmp_path / "file" / "archive")


def test_pyarrow_is_not_loaded_before_the_first_push(tmp_path: Path):
    program = (
        "import sys; from tests.helpers import make, batch, span; "
        "from exporters.archive import Archive; "
        f"a = make(Archive, {{'url': {str(tmp_path)!r}}}); a.start(); "
        "assert 'pyarrow' not in sys.modules; a.push(batch(span())); "
        "assert 'pyarrow' in sys.modules"
    )
    root = Path(__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, cwd=root)


@pytest.mark.parametrize(
    ("url", "directory"),
    [
        ("file:./data/archive", "data/archive"),
        ("file:///var/lib/a%20b", "/var/lib/a b"),
        ("file://localhost/var", "/var"),
        ("file:/var", "/var"),
        ("data/archive", "data/archive"),
        ("/var/lib", "/var/lib"),
    ],
)
def test_a_local_url_names_a_directory(url: str, directory: str):
    assert ArchiveConfig(url=url).directory == Path(directory)


@pytest.mark.parametrize("url", ["s3://bucket", "gs://bucket/a", "az://container/a"])
def test_an_object_store_is_no_directory(url: str):
    assert ArchiveConfig(url=url).directory is None


@pytest.mark.parametrize(
    ("settings", "remedy"),
    [
        ({"url": "file://data/archive"}, "file:./relative"),
        ({"url": "ftp://host/a"}, "use file:"),
        ({"url": "s3:///prefix"}, "s3://bucket/prefix"),
        ({"url": ""}, "needs a place"),
        ({"url": "./data", "region": "eu-west-1"}, "for s3:// only"),
        ({"url": "s3://b", "access_key_id": "a"}, "set both or neither"),
        ({"url": "s3://b", "endpoint": "127.0.0.1:9000"}, "http://host:port"),
        ({"url": "s3://b?region=x"}, "no query"),
        ({"url": "s3://b", "access_key_id": "a\n", "secret_access_key": "b"}, "line break"),
        ({"url": "s3://b", "session_token": "a\n"}, "line break"),
    ],
)
def test_settings_that_cannot_work_name_the_remedy(settings: dict[str, Any], remedy: str):
    with pytest.raises(ValidationError, match=remedy):
        ArchiveConfig.model_validate(settings)


def test_changing_one_setting_of_the_queue_keeps_the_archives_own_defaults():
    queue = ArchiveConfig.model_validate(
        {"sending_queue": {"batch": {"min_size": 5}}}
    ).sending_queue
    assert (queue.queue_size, queue.sizer) == (500_000, "items")
    assert queue.batch is not None
    assert (queue.batch.min_size, queue.batch.flush_timeout) == (5, 10.0)
    assert (
        ArchiveConfig.model_validate({"sending_queue": {"batch": None}}).sending_queue.batch is None
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "s3://key:hidden@bucket/prefix"},
        {"url": "s3://bucket", "endpoint": "http://key:hidden@minio:9000"},
        {"url": "s3://bucket", "endpoint": "key:hidden@minio:9000"},
    ],
)
def test_credentials_in_a_url_are_refused_without_being_shown(settings: dict[str, Any]):
    with pytest.raises(ValidationError) as caught:
        ArchiveConfig.model_validate(settings)
    (error,) = caught.value.errors(include_input=False)
    assert "take the credentials out" in error["msg"]
    assert "hidden" not in error["msg"]
