"""Spans become whole traces, without staying in memory or on disk."""

import os
from pathlib import Path

import pytest

from collector import pack
from collector.errors import StartError
from collector.replay.spool import Period, Spool
from tests.helpers import START, batch, span

SECOND = 10**9


def names(trace) -> list[str]:
    return [record.span.name for record in trace.batch.spans]


def test_traces_come_whole_and_in_the_order_of_their_end():
    with Spool(Period()) as spool:
        spool.add([batch(span("a", trace=1), span("b", trace=2, seconds=9))], None)
        spool.add([batch(span("c", trace=1, seconds=20)), batch(span("d", trace=3))], None)
        traces = list(spool.traces())
    assert [names(trace) for trace in traces] == [["d"], ["b"], ["a", "c"]]
    assert [trace.finished for trace in traces] == [
        int((START + seconds) * SECOND) for seconds in (0.1, 9, 20)
    ]


def test_the_bytes_of_a_file_are_shared_out_by_the_size_of_what_is_in_it():
    first, second = span(trace=1, attributes={"text": "x" * 10_000}), span(trace=2)
    sizes = [len(pack(batch(one).spans)) for one in (first, second)]
    with Spool(Period()) as spool:
        spool.add([batch(first, second)], 500)
        small, large = sorted(spool.traces(), key=lambda trace: trace.stored)
    assert [large.size, small.size] == sizes
    assert large.stored + small.stored == pytest.approx(500)
    assert large.stored / small.stored == pytest.approx(sizes[0] / sizes[1])


def test_spans_of_no_archive_weigh_what_they_weigh_as_otlp():
    with Spool(Period()) as spool:
        spool.add([batch(span())], None)
        (trace,) = spool.traces()
    assert trace.stored == trace.size == len(trace.batch.payload)


def test_a_span_that_is_there_twice_is_taken_once():
    twice = span("twice")
    with Spool(Period()) as spool:
        spool.add([batch(twice)], 100)
        spool.add([batch(twice, span("once"))], 100)
        (trace,) = spool.traces()
    assert names(trace) == ["twice", "once"]
    assert trace.duplicates == 1
    assert trace.stored == pytest.approx(200)


def test_spans_outside_of_the_period_are_left_out_with_their_share_of_the_file():
    spans = [span(str(n), trace=n + 1, start=START + n) for n in range(4)]
    with Spool(Period((START + 1) * SECOND, (START + 3) * SECOND)) as spool:
        spool.add([batch(*spans)], 400)
        traces = list(spool.traces())
    assert [names(trace) for trace in traces] == [["1"], ["2"]]
    assert [trace.stored for trace in traces] == pytest.approx([100, 100])


def test_no_span_can_be_found_on_the_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Spool(Period()) as spool:
        spool.add([batch(span(attributes={"text": "x" * 100_000})) for _ in range(100)], None)
        opened = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        (file,) = [path for path in opened if str(tmp_path) in _target(path)]
        assert file.stat().st_size > 1_000_000
        assert file.stat().st_mode & 0o077 == 0
        assert list(tmp_path.iterdir()) == []


def _target(path: Path) -> str:
    return os.readlink(path) if path.is_symlink() else ""


def test_a_disk_that_takes_no_file_is_told_with_the_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StartError, match="set TMPDIR"), Spool(Period()):
        pass


def test_a_disk_that_fills_up_is_told_with_the_remedy():
    with Spool(Period()) as spool:
        spool._connection.execute("PRAGMA max_page_count=20")
        large = [batch(span(attributes={"text": "x" * 100_000})) for _ in range(10)]
        with pytest.raises(OSError, match="set TMPDIR to a larger disk"):
            spool.add(large, None)
