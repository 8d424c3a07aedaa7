"""A configuration is shown with its defaults and without its secrets."""

from pathlib import Path

import yaml

from collector.config.load import load_config
from collector.config.printed import printed
from tests.config.conftest import Load, with_step

SECRETS = """\
receivers: {source: }
processors: {step: {key: sk-live-1234}}
exporters:
  drain:
    token: sk-live-1234
    headers: {x-api-key: sk-live-1234}
    url: https://me:sk-live-1234@host/path
service:
  pipelines:
    traces: {receivers: [source], processors: [step], exporters: [drain]}
"""


def test_no_secret_is_shown(load: Load):
    shown = printed(load(SECRETS))
    assert "sk-live" not in repr(shown)
    assert shown["processors"]["step"]["key"] == "<redacted>"
    assert shown["exporters"]["drain"]["token"] == "<redacted>"
    assert shown["exporters"]["drain"]["headers"] == {"x-api-key": "<redacted>"}
    assert shown["exporters"]["drain"]["url"] == "https://<redacted>@host/path"


def test_every_default_is_filled_in_and_written_as_people_write_it(load: Load):
    shown = printed(load(with_step("{}")))
    assert shown["processors"]["step"]["wait"] == "1m30s"
    assert shown["exporters"]["drain"]["sending_queue"]["queue_size"] == 1000
    assert shown["service"]["telemetry"]["endpoint"] == "127.0.0.1:8888"


def test_what_is_shown_loads_to_the_same_configuration(load: Load, tmp_path: Path):
    config = load(with_step("threshold: 7\nwait: 200ms\nnested: {depth: 4}"))
    copy = tmp_path / "copy.yaml"
    copy.write_text(yaml.safe_dump(printed(config)))
    again = load_config(copy)
    assert again.processors["step"].config == config.processors["step"].config
    assert again.service == config.service
    assert again.pipelines == config.pipelines
