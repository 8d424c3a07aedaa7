"""A reload that fails, for whatever reason, leaves the old pipelines running."""

from textwrap import dedent

import pytest
from structlog.testing import capture_logs

from collector.config.load import load_config
from collector.graph import Graph
from collector.service import Service

CONFIG = """
    receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:0"}}}}
    exporters: {debug: {}}
    service:
      storage: {directory: null}
      telemetry: {endpoint: "127.0.0.1:0"}
      pipelines: {traces: {receivers: [otlp], exporters: [debug]}}
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(dedent(CONFIG))
    return load_config(path)


@pytest.fixture
def service(config):
    made = Service(config)
    made.start()
    yield made
    made.stop()


def test_a_configuration_that_breaks_its_reader_changes_nothing(service):
    before = service.banner
    with capture_logs() as logs:
        service.reload(lambda: 1 / 0)
    assert service.banner == before
    assert [event["event"] for event in logs] == ["reload refused, the old pipelines go on"]


def test_a_component_that_breaks_at_its_start_brings_the_old_pipelines_back(
    service, config, monkeypatch
):
    start, failures = Graph.start, [ZeroDivisionError("boom")]

    def breaks_once(graph):
        if failures:
            raise failures.pop()
        start(graph)

    monkeypatch.setattr(Graph, "start", breaks_once)
    with capture_logs() as logs:
        service.reload(lambda: config)
    assert "send spans" in service.banner
    assert "reload failed, going back to the old pipelines" in [log["event"] for log in logs]
