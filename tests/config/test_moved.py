"""Keys and types of the Collector's that have another place here are told with their remedy."""

from pathlib import Path

import pytest

from collector.config.load import load_config
from collector.errors import ConfigError

FILE = """\
extensions: {health_check: {}}
receivers: {otlp: {}, zipkin: {}}
processors: {batch: {}, filter/ours: {traces: {span: []}}}
exporters: {logging: {}, otlp: {endpoint: "h:4317", sending_queue: {storage: file_storage}}}
service:
  extensions: [health_check]
  telemetry: {metrics: {address: 0.0.0.0:8888}}
  pipelines:
    traces: {receivers: [otlp, zipkin], processors: [batch, filter/ours], exporters: [otlp]}
"""


@pytest.mark.parametrize(
    "told",
    [
        "1:1: extensions: unknown key: remove it",
        "2:23: receivers.zipkin: unknown receiver type 'zipkin': send OTLP",
        "3:14: processors.batch: unknown processor type 'batch': remove it: exporters batch",
        "3:39: processors.filter/ours.traces: unknown key: write spans",
        "4:13: exporters.logging: unknown exporter type 'logging': it is called debug",
        "4:69: exporters.otlp.sending_queue.storage: unknown key: remove it",
        "6:3: service.extensions: unknown key: remove it",
        "7:15: service.telemetry.metrics: unknown key: write service.telemetry.endpoint",
    ],
)
def test_each_tells_what_to_do_instead(told: str, tmp_path: Path):
    file = tmp_path / "collector.yaml"
    file.write_text(FILE)
    with pytest.raises(ConfigError) as caught:
        load_config(file)
    assert any(f"{file}:{told}" in problem for problem in caught.value.problems)


def test_a_key_that_belongs_further_down_is_shown_its_place(tmp_path: Path):
    file = tmp_path / "collector.yaml"
    file.write_text("exporters: {debug: {flush_timeout: 3s}}")
    with pytest.raises(ConfigError, match=r"did you mean 'sending_queue.batch.flush_timeout'\?"):
        load_config(file)
