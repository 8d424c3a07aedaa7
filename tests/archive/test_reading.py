"""What the archive keeps comes back as the spans that went in."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from collector import Batch
from exporters.archive import Archive
from exporters.archive.settings import ArchiveConfig
from tests.archive.test_nothing_is_lost import _requests, _single_spans
from tests.helpers import START, batch, make, span, spans_of


def archived(directory: Path, *batches: Batch) -> Any:
    """The reader of an archive with these batches."""
    archive = make(Archive, {"url": str(directory)})
    archive.start()
    for item in batches:
        archive.push(item)
    return Archive.reader(ArchiveConfig(url=str(directory)))


def read(reader: Any) -> list[Batch]:
    return [item for file in reader.files() for item in reader.batches(file)]


@given(request=_requests)
def test_a_span_that_was_archived_and_read_is_the_span_that_came(request):
    with tempfile.TemporaryDirectory() as directory:
        came_back = read(archived(Path(directory), Batch(request)))
    for message in (request, *(item.message for item in came_back)):
        for one in spans_of(message):
            one.status.SetInParent()  # the archive does not tell an unset status from an empty one
    found = [text for item in came_back for text in _single_spans(item.message)]
    assert sorted(found) == _single_spans(request)


def test_spans_share_their_resource_again(tmp_path):
    ((item),) = read(archived(tmp_path, batch(span(), span())))
    assert len(item.message.resource_spans) == 1
    assert len(item.message.resource_spans[0].scope_spans) == 1


def test_a_large_file_is_read_in_parts(tmp_path):
    sizes = [item.span_count for item in read(archived(tmp_path, batch(*[span()] * 2_500)))]
    assert sizes == [1_000, 1_000, 500]


def test_files_say_how_large_they_are_and_those_in_the_making_are_not_read(tmp_path):
    reader = archived(tmp_path, batch(span()))
    (path,) = tmp_path.rglob("*.parquet")
    path.with_name(f".{path.name}").write_bytes(b"half")
    (file,) = reader.files()
    assert (file.path, file.size) == (str(path.relative_to(tmp_path)), path.stat().st_size)


def test_one_file_may_be_read_alone(tmp_path):
    archived(tmp_path, batch(span()), batch(span(start=START + 3600)))
    path = min(tmp_path.rglob("*.parquet"))
    (item,) = read(Archive.reader(ArchiveConfig(url=str(path))))
    assert item.span_count == 1


def test_hours_outside_the_time_are_not_opened(tmp_path):
    reader = archived(tmp_path, *[batch(span(start=START + n * 3600)) for n in range(3)])
    assert [file.path.split("/")[1] for file in reader.files()] == ["hour=15", "hour=16", "hour=17"]
    begin = datetime(2025, 6, 15, 16, 30, tzinfo=UTC)
    end = datetime(2025, 6, 15, 17, tzinfo=UTC)
    assert [file.path.split("/")[1] for file in reader.files(begin, end)] == ["hour=16"]


def test_a_damaged_file_is_named_and_its_content_is_not(tmp_path):
    reader = archived(tmp_path, batch(span("jane@example.com")))
    (path,) = tmp_path.rglob("*.parquet")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=rf"{path.name}: it is damaged .*: take it out") as failed:
        read(reader)
    assert "jane" not in str(failed.value)


def test_a_file_of_somebody_else_is_named_with_what_it_lacks(tmp_path):
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ValueError, match=r"other.parquet: the archive exporter did not write it"):
        read(Archive.reader(ArchiveConfig(url=str(tmp_path))))
