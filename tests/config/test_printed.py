"""A configuration is shown with its defaults and without its secrets."""

from pathlib import Path

import pytest
import yaml

from collector.config.load import load_config
from collector.config.printed import printed
from collector.registry import Registry
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


@pytest.mark.parametrize("type_", Registry().types("processors"))
def test_what_is_shown_of_a_processor_with_no_settings_means_the_same(type_: str, tmp_path: Path):
    file = tmp_path / "file.yaml"
    pipeline = f"{{receivers: [otlp], processors: [{type_}], exporters: [debug]}}"
    file.write_text(
        f"receivers: {{otlp: }}\nprocessors: {{{type_}: }}\nexporters: {{debug: }}\n"
        f"service: {{pipelines: {{traces: {pipeline}}}}}"
    )
    config = load_config(file)
    file.write_text(yaml.safe_dump(printed(config)))
    assert printed(load_config(file)) == printed(config)


def test_of_two_ways_to_say_a_limit_only_the_one_in_force_is_shown(tmp_path: Path):
    limits = {}
    for given in ("", "{limit_percentage: 80}", "{limit_mib: 100}"):
        file = tmp_path / "file.yaml"
        file.write_text(
            f"receivers: {{otlp: }}\nprocessors: {{memory_limiter: {given}}}\n"
            "exporters: {debug: }\nservice: {pipelines: {traces: "
            "{receivers: [otlp], processors: [memory_limiter], exporters: [debug]}}}"
        )
        shown = printed(load_config(file))["processors"]["memory_limiter"]
        limits[given] = shown["limit_mib"], shown["limit_percentage"]
    assert list(limits.values()) == [(512, None), (None, 80), (100, None)]


@pytest.mark.parametrize("protocols", ["{grpc: }", "{http: }", "{grpc: , http: }"])
def test_only_protocols_that_are_offered_are_shown(protocols: str, tmp_path: Path):
    file = tmp_path / "file.yaml"
    file.write_text(
        f"receivers: {{otlp: {{protocols: {protocols}}}}}\nexporters: {{debug: }}\n"
        "service: {pipelines: {traces: {receivers: [otlp], exporters: [debug]}}}"
    )
    config = load_config(file)
    file.write_text(yaml.safe_dump(printed(config)))
    assert load_config(file).receivers["otlp"].config == config.receivers["otlp"].config
