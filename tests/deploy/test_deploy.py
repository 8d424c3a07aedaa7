"""What is shipped for deployment, checked with the tools that will read it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.daemon import Daemon

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
DOCKERFILE = (ROOT / "Dockerfile").read_text()
needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool not installed")
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze not installed"
)


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def copied() -> list[str]:
    """What the Dockerfile takes from the repository."""
    lines = re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
    return [source for line in lines for source in line.split()[:-1]]


def test_everything_that_the_image_copies_is_in_the_repository_and_not_ignored():
    admitted = {
        line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"
    }
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source
        assert Path(source).parts[0] in admitted, source


def test_the_image_runs_as_a_user_of_its_own_and_installs_what_is_locked():
    assert re.search(r"^USER (?!root|0)\w+$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes -r requirements.lock" in DOCKERFILE
    assert "/readyz" in DOCKERFILE


def test_the_pipeline_listens_where_the_image_says():
    pipeline = (ROOT / "pipeline.yaml").read_text()
    endpoints = re.findall(r"endpoint: *(\S+:(?:4317|4318|8888))", pipeline)
    assert len(endpoints) == 3
    assert all("${env:WINNOW_HOST:-127.0.0.1}" in endpoint for endpoint in endpoints)
    assert "WINNOW_HOST=0.0.0.0" in DOCKERFILE


def kubernetes_pipeline() -> str:
    documents = yaml.safe_load_all((DEPLOY / "kubernetes/sidecar.yaml").read_text())
    return next(d for d in documents if d["kind"] == "ConfigMap")["data"]["pipeline.yaml"]


@pytest.mark.parametrize("where", ["compose", "kubernetes"])
def test_a_shipped_pipeline_is_valid(where, tmp_path, monkeypatch):
    monkeypatch.setenv("WINNOW_PSEUDONYM_KEY", "0123456789abcdef0123456789abcdef")
    text = kubernetes_pipeline() if where == "kubernetes" else ""
    path = tmp_path / "pipeline.yaml"
    path.write_text(text or (DEPLOY / "compose/pipeline.yaml").read_text())
    outcome = run(str(Path(sys.executable).with_name("winnow")), "validate", str(path))
    assert outcome.returncode == 0, outcome.stderr


def test_compose_mounts_files_that_are_there():
    compose = yaml.safe_load((DEPLOY / "compose/docker-compose.yaml").read_text())
    for service in compose["services"].values():
        for volume in service.get("volumes", []):
            source = volume.partition(":")[0]
            known = source in compose["volumes"] or (DEPLOY / "compose" / source).is_file()
            assert known, volume
    assert (DEPLOY / "compose" / compose["services"]["winnow"]["build"] / "Dockerfile").is_file()


def test_the_sidecar_mounts_volumes_that_the_pod_has():
    documents = yaml.safe_load_all((DEPLOY / "kubernetes/sidecar.yaml").read_text())
    pod = next(d for d in documents if d["kind"] == "Deployment")["spec"]["template"]["spec"]
    (sidecar,) = pod["initContainers"]
    assert sidecar["restartPolicy"] == "Always", "what makes it a sidecar"
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for mount in sidecar["volumeMounts"]} == volumes


@needs_promtool
@pytest.mark.parametrize(
    "check",
    [
        ("check", "rules", "alerts.yaml"),
        ("check", "config", "prometheus.yaml"),
        ("test", "rules", "alerts.test.yaml"),
    ],
    ids=" ".join,
)
def test_prometheus_accepts_the_files_and_the_rules_pass_their_own_tests(check):
    outcome = run("promtool", *check[:2], str(DEPLOY / "prometheus" / check[2]))
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@needs_systemd
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "winnow.service"
    text = (DEPLOY / "systemd/winnow.service").read_text()
    unit.write_text(text.replace("/opt/winnow/bin/winnow", "/bin/true"))
    outcome = run("systemd-analyze", "verify", str(unit))
    assert outcome.returncode == 0, outcome.stderr
    assert not outcome.stderr


@pytest.mark.slow
def test_alerts_ask_for_metrics_that_a_running_daemon_has(tmp_path):
    pipeline = yaml.safe_load((DEPLOY / "compose/pipeline.yaml").read_text())
    loopback = {"endpoint": "127.0.0.1:0"}
    pipeline["receivers"]["otlp"]["protocols"] = {"grpc": loopback, "http": loopback}
    pipeline["service"]["telemetry"] = loopback
    groups = yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text())["groups"]
    asked = {
        name
        for group in groups
        for rule in group["rules"]
        for name in re.findall(r"\b(?:winnow|llm|agent|tool|guardrail)_\w+", rule["expr"])
    }
    with Daemon(tmp_path, pipeline) as daemon:
        exposition = daemon.http.get(f"{daemon.telemetry}/metrics").text
    offered = set(re.findall(r"^# TYPE (\S+)", exposition, re.MULTILINE))
    assert asked
    assert asked <= offered
