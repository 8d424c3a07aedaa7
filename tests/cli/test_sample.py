"""`winnow sample`, over files of OTLP and archives."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from collector import pack
from collector.cli.sample import sample
from exporters.archive import Archive
from processors.head_sampling import HeadSampling
from tests.helpers import START, batch, make, request, span
from tests.tail_sampling.support import ERRORS, HEAD, sampler, wait

GB = 2**30


@pytest.fixture
def config(tmp_path):
    """Writes a configuration with these policies; the archive's place is `archive`."""

    def write(*policies: dict[str, Any], head: Any = None, **tail: Any) -> Path:
        processors = {"head_sampling": head} if head else {}
        processors["tail_sampling"] = {"policies": list(policies), **tail}
        path = tmp_path / "new.yaml"
        document = {
            "receivers": {"otlp": {}},
            "processors": processors,
            "exporters": {"archive": {"url": str(tmp_path / "archive")}},
            "service": {
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": list(processors),
                        "exporters": ["archive"],
                    }
                }
            },
        }
        path.write_text(yaml.safe_dump(document, sort_keys=False))
        return path

    return write


def run(*arguments: object) -> Result:
    return CliRunner().invoke(sample, [str(argument) for argument in arguments])


def numbers(*arguments: object) -> dict[str, Any]:
    answer = run("--json", *arguments)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def archive(directory: Path, *spans: Any) -> int:
    """Write one file more; its size."""
    before = size_of(directory)
    exporter = make(Archive, {"url": str(directory)})
    exporter.start()
    exporter.push(batch(*spans))
    return size_of(directory) - before


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.rglob("*.parquet"))


def then(policy: str) -> dict[str, Any]:
    return {"attributes": {"winnow.sampling.policy": policy}}


def test_figures_stand_by_policy_beside_those_of_then(tmp_path, config):
    size = archive(
        tmp_path / "archive",
        span(trace=1, error=True, **then("all")),
        span(trace=1, **then("all")),
        span(trace=2, **then("all")),
        span(trace=3, seconds=9, **then("slow")),
    )
    found = numbers("--config", config(ERRORS), "--usd-per-gb-month", 2)
    assert list(found["would_keep"]) == ["errors"]
    errors = found["would_keep"]["errors"]
    assert (errors["traces"], errors["spans"]) == (1, 2)
    assert found["would_drop"]["none"]["traces"] == 2
    assert {name: share["spans"] for name, share in found["was_kept"].items()} == {
        "all": 3,
        "slow": 1,
    }
    in_all = found["was_kept_in_all"]
    assert (in_all["traces"], in_all["stored_bytes"]) == (3, size)
    assert in_all["usd_per_month"] == pytest.approx(size / GB * 2)
    both = errors["stored_bytes"] + found["would_drop"]["none"]["stored_bytes"]
    assert both == pytest.approx(size, abs=1)


def test_the_table_says_what_it_cannot_say(tmp_path, config):
    archive(tmp_path / "archive", span(trace=1, error=True, **then("all")))
    answer = run("--config", config(ERRORS, HEAD))
    assert answer.exit_code == 0, answer.output
    rows = {line.split("  ")[0]: line.split() for line in answer.stdout.splitlines()}
    size = f"{size_of(tmp_path / 'archive'):,}"
    assert rows["errors"][1:4] == ["1", "1", size]
    assert rows["sampled"][1:] == ["0", "0", "0", "0.00"]
    assert rows["all"][1:4] == ["1", "1", size]
    assert rows["in all"][2:5] == rows["in all"][6:9] == ["1", "1", size]
    assert "Only what was kept then can be read now" in answer.stdout
    assert "Estimate" not in answer.stdout


@pytest.mark.parametrize(("traces", "without"), [(30, 20), (15, 15)])
def test_a_percentile_that_had_too_few_samples_is_told(tmp_path, config, traces, without):
    settings = {"percentile": 90, "min_samples": 20}
    slow = {"name": "slow", "type": "latency_percentile", "latency_percentile": settings}
    both = {"name": "both", "type": "and", "and": {"and_sub_policy": [{**slow, "name": "inner"}]}}
    starts = [START + 60 * n for n in range(traces)]
    archive(tmp_path / "archive", *[span(trace=n + 1, start=t) for n, t in enumerate(starts)])
    settings["window"] = "24h"
    ours = "--config", config(slow, both, ERRORS)
    told = f"{without} of {traces} traces were judged without a percentile, before there were 20"
    assert [line for line in run(*ours).stdout.splitlines() if "percentile" in line] == [
        f"slow: {told} samples (min_samples).",
        f"inner: {told} samples (min_samples).",
    ]
    assert numbers(*ours)["traces_without_percentile"] == {"slow": without, "inner": without}


def test_a_percentile_that_had_enough_samples_is_not(tmp_path, config):
    archive(tmp_path / "archive", span(trace=1))
    settings = {"min_usd": 1.0}
    dear = {"name": "dear", "type": "cost", "cost": settings}
    assert "percentile" not in run("--config", config(dear)).stdout


def test_thresholds_say_how_many_there_were(tmp_path, config):
    head, tail = make(HeadSampling, {"percentage": 25}), sampler(ERRORS, HEAD)
    head.next = tail
    for n in range(1, 401):
        item = batch(span(trace=n, attributes={"user.id": str(n)}, error=n % 10 == 0))
        with tail.context.storage.transaction() as transaction:
            item.transaction = transaction
            head.consume(item)
    wait(tail)
    (tmp_path / "kept.pb").write_bytes(pack(tail.next.spans))
    ours = "--config", config(ERRORS, HEAD, head={"percentage": 50}), "--archive", tmp_path
    found = numbers(*ours)
    sampled = found["was_kept"]["sampled"]
    assert sampled["estimated_traces"] == 4 * sampled["traces"]
    assert found["was_kept"]["errors"]["estimated_traces"] == 40
    assert found["would_keep"]["sampled"]["estimated_traces"] == 2 * sampled["traces"]
    about = f"{40 + 4 * sampled['traces']:,}; of these about {40 + 2 * sampled['traces']:,}"
    assert f"Estimate: by their thresholds (th) the traces stand for about {about}" in (
        run(*ours).stdout
    )


def test_recorded_spans_weigh_what_they_weigh_as_otlp(tmp_path, config):
    payload = request(span(trace=1, error=True)).SerializeToString()
    (tmp_path / "recorded.binpb").write_bytes(payload)
    found = numbers("--config", config(ERRORS), "--archive", tmp_path / "recorded.binpb")
    errors = found["would_keep"]["errors"]
    assert errors["otlp_bytes"] == errors["stored_bytes"] == len(payload)
    assert list(found["was_kept"]) == [""]


def test_only_the_time_asked_for_counts(tmp_path, config):
    archive(tmp_path / "archive", *[span(trace=n, start=START + 3600 * n) for n in (1, 2, 3)])
    time = "--since", "2025-06-15T17:00", "--until", "2025-06-15T18:00:00"
    found = numbers("--config", config(ERRORS), *time)
    assert found["was_kept_in_all"]["traces"] == 1
    answer = run("--config", config(ERRORS), "--until", "36500d")
    assert "nothing from that time: correct --since and --until" in answer.stderr
    answer = run("--config", config(ERRORS), "--since", "2030-01-01")
    assert answer.exit_code == 1
    assert "nothing from that time: correct --since and --until" in answer.stderr


def test_a_pipeline_without_tail_sampling_is_told(tmp_path):
    path = tmp_path / "none.yaml"
    path.write_text(
        "receivers: {otlp: {}}\nprocessors: {redaction: {}}\nexporters: {debug: {}}\nservice: "
        "{pipelines: {traces: {receivers: [otlp], processors: [redaction], exporters: [debug]}}}\n"
    )
    answer = run("--config", path)
    assert answer.exit_code == 1
    assert answer.stderr == f"{path}: no pipeline has an enabled tail_sampling processor: add one\n"


def test_a_place_without_spans_is_told(tmp_path, config):
    answer = run("--config", config(ERRORS), "--archive", tmp_path / "nowhere")
    assert answer.exit_code == 1
    assert f"{tmp_path / 'nowhere'}: no file (.parquet, .json" in answer.stderr


@pytest.mark.parametrize(
    ("place", "told"),
    [("ftp://host/a", "use file:, s3://"), ("s3://", "names no bucket")],
)
def test_a_place_that_is_none_is_told(config, place, told):
    answer = run("--config", config(ERRORS), "--archive", place)
    assert answer.exit_code == 1
    assert told in answer.stderr


def test_a_damaged_file_ends_it_with_its_name(tmp_path, config):
    archive(tmp_path / "archive", span())
    (tmp_path / "archive" / "bad.parquet").write_bytes(b"PAR1 nothing PAR1")
    answer = run("--config", config(ERRORS))
    assert answer.exit_code == 1
    assert "bad.parquet: it is damaged" in answer.stderr
    assert "Traceback" not in answer.output
