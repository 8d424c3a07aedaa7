"""The benchmark of many open traces holds as many as it says."""

from benchmarks.open_traces import feed, measure, sampler, traces_of


def test_it_holds_so_many_traces_of_such_a_size_on_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.open_traces._MEASURED", 8)
    template = traces_of(10)
    with sampler(tmp_path, 1_000) as tail:
        assert measure(tail, template, 1_000) > 0
        assert len(tail._open) == 1_000
        sizes = [trace.size for trace in tail._open.traces()]
        assert 9_000 < sum(sizes) / len(sizes) < 11_000
    with sampler(tmp_path, 1_000) as tail:
        tail._restore()
        assert len(tail._open) == 1_000
        feed(tail, template, 8)
        assert len(tail._open) == 1_000
