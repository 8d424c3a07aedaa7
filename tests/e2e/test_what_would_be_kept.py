"""A daemon archives what it keeps; `winnow sample` then says what others would have kept of it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.archive.reading import read
from tests.daemon import Daemon, eventually
from tests.e2e.test_durability import send
from tests.helpers import START, request, span

TRACES = 300
LATENCY = {"name": "slow", "type": "latency", "latency": {"threshold_ms": 3000}}
ERRORS = {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}}
HEAD = {"name": "sampled", "type": "head_sampled"}


def traces() -> list[list[Any]]:
    """Of two or three spans; some fail, some are slow; each is another user's."""
    made = []
    for n in range(1, TRACES + 1):
        who = {"user.id": f"user-{n}"}
        begin = START + n
        root = span(trace=n, start=begin, seconds=n % 5, error=n % 7 == 0, attributes=who)
        steps = [span("step", trace=n, start=begin, parent=root.span_id) for _ in range(1 + n % 2)]
        made.append([root, *steps])
    return made


def winnow_sample(config: dict[str, Any], directory: Path) -> dict[str, Any]:
    path = directory / "new.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False))
    command = [Path(sys.executable).with_name("winnow"), "sample", "--json", "--config", path]
    answer = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def counted(shares: dict[str, Any]) -> dict[str, tuple[int, int]]:
    return {name: (share["traces"], share["spans"]) for name, share in shares.items()}


def direct(rows: list[dict[str, Any]], policy_of: Any) -> dict[str, tuple[int, int]]:
    """Traces and spans by policy, counted from the rows of the archive."""
    by_trace: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_trace.setdefault(row["trace_id"], []).append(row)
    found: dict[str, tuple[int, int]] = {}
    for members in by_trace.values():
        traces_so_far, spans = found.get(policy_of(members), (0, 0))
        found[policy_of(members)] = traces_so_far + 1, spans + len(members)
    return found


@pytest.mark.slow
def test_figures_are_those_of_a_direct_count(tmp_path, pipeline):
    archive = tmp_path / "archive"

    def configured(percentage: float, *policies: dict[str, Any]) -> dict[str, Any]:
        return pipeline(
            {
                "head_sampling": {"percentage": percentage},
                "tail_sampling": {"decision_wait": "1s", "policies": list(policies)},
            },
            {
                "archive": {
                    "url": str(archive),
                    "sending_queue": {"batch": {"flush_timeout": "200ms"}},
                }
            },
        )

    old = configured(50, ERRORS, HEAD)
    with Daemon(tmp_path, old) as daemon:
        sent = [one for spans in traces() for one in spans]
        assert len(send(daemon.endpoints["grpc"], [request(*sent)])) == len(sent)

        def archived() -> bool:
            dropped = daemon.metric("winnow_dropped_spans_total", reason="not_sampled")
            delivered = daemon.metric("winnow_exporter_sent_spans_total", exporter="archive")
            return dropped + delivered == len(sent)

        eventually(archived)
    rows = read(archive)

    same = winnow_sample(old, tmp_path)
    then = direct(rows, lambda members: members[0]["sampling_policy"])
    assert set(then) == {"errors", "sampled"}
    assert counted(same["was_kept"]) == counted(same["would_keep"]) == then
    size = sum(path.stat().st_size for path in archive.rglob("*.parquet"))
    assert same["was_kept_in_all"]["stored_bytes"] == size
    assert same["was_kept_in_all"]["usd_per_month"] == pytest.approx(size / 2**30 * 0.023)
    assert same["was_kept"]["sampled"]["estimated_traces"] == 2 * then["sampled"][0]

    def slow_or_failed(members: list[dict[str, Any]]) -> str:
        if max(row["duration_ns"] for row in members) > 3 * 10**9:
            return "slow"
        return "errors" if any(row["status_code"] == "ERROR" for row in members) else "none"

    other = winnow_sample(configured(0, LATENCY, ERRORS, HEAD), tmp_path)
    expected = direct(rows, slow_or_failed)
    dropped = expected.pop("none")
    assert counted(other["would_keep"]) == expected | {"sampled": (0, 0)}
    assert counted(other["would_drop"]) == {"none": dropped}
    assert counted(other["was_kept"]) == then
