"""The pipeline file that comes with Winnow."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from collector.config.load import CollectorConfig, load_config
from collector.config.schema import json_schema
from collector.errors import ConfigError
from collector.registry import Registry

FILE = Path(__file__).parents[2] / "pipeline.yaml"


def loaded(**environ: str) -> CollectorConfig:
    return load_config(FILE, environ=environ)


def test_it_runs_with_an_empty_environment_on_loopback_into_a_directory():
    config = loaded()
    assert config.warnings == ()
    assert list(config.exporters) == ["archive"]
    assert config.exporters["archive"].config.url == "file:./data/archive"
    protocols = config.receivers["otlp"].config.protocols
    assert protocols.grpc.endpoint.startswith("127.0.0.1:")
    assert protocols.http.endpoint.startswith("127.0.0.1:")


def test_its_chain_is_in_the_order_of_the_design():
    assert loaded().pipelines["traces"].processors == (
        "memory_limiter",
        "genai",
        "redaction",
        "cost",
        "agent_metrics",
        "head_sampling",
        "tail_sampling",
    )


@pytest.mark.parametrize(
    ("environ", "exporters"),
    [
        (
            {
                "WINNOW_LANGFUSE": "true",
                "LANGFUSE_PUBLIC_KEY": "pk-lf-1",
                "LANGFUSE_SECRET_KEY": "sk-lf-1",
            },
            {"archive", "langfuse"},
        ),
        ({"WINNOW_TEMPO": "true"}, {"archive", "tempo"}),
        ({"WINNOW_ARCHIVE": "false", "WINNOW_TEMPO": "1"}, {"tempo"}),
    ],
)
def test_backends_are_switched_on_by_the_environment(environ: dict[str, str], exporters: set[str]):
    assert set(loaded(**environ).exporters) == exporters


def test_the_archive_goes_to_a_bucket_when_the_environment_says_so():
    config = loaded(WINNOW_ARCHIVE_URL="s3://bucket/traces")
    assert config.exporters["archive"].config.url == "s3://bucket/traces"


def test_editors_find_no_fault_with_it():
    schema: dict[str, Any] = json_schema(Registry())[0]
    found = Draft202012Validator(schema).iter_errors(yaml.safe_load(FILE.read_text()))
    assert [error.message for error in found] == []


def test_redaction_behind_a_step_that_writes_spans_down_is_a_mistake():
    order = "[tail_sampling, redaction]"
    with pytest.raises(ConfigError, match="comes after 'tail_sampling', which writes spans down"):
        load_config(FILE, [f"service.pipelines.traces.processors={order}"], environ={})
