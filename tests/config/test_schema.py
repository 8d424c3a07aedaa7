"""The JSON Schema agrees with what loads."""

import json
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from collector.config.schema import json_schema
from collector.registry import Registry
from tests.config.conftest import SERVICE, with_step


@pytest.fixture(scope="module")
def schema(plugin) -> dict[str, Any]:
    from tests.config.plugins import on_path

    with on_path(plugin):
        return json_schema(Registry())[0]


def errors(schema: dict[str, Any], text: str) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(yaml.safe_load(text))
    return [".".join(map(str, error.absolute_path)) for error in found]


def test_the_schema_is_one(schema: dict[str, Any]):
    Draft202012Validator.check_schema(schema)
    assert json.loads(json.dumps(schema)) == schema


@pytest.mark.parametrize(
    "settings",
    [
        "{}",
        "threshold: 7\nwait: 1m30s\nmode: careful\nprices: {gpt: 1}",
        "wait: 0",
        "threshold: ${env:N}\nenabled: ${env:ON:-false}\nmode: ${env:MODE}\nkey: ${env:KEY}",
        "rules: [{type: slow, name: a, slow: {depth: 2}}, {type: failed, name: b}]",
    ],
)
def test_what_loads_is_valid(schema: dict[str, Any], settings: str):
    assert errors(schema, with_step(settings)) == []


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ("treshold: 7", "processors.step"),
        ("threshold: lots", "processors.step"),
        ("wait: 30", "processors.step"),
        ("mode: slow", "processors.step"),
        ("rules: [{type: slow, name: a, slow: {deph: 2}}]", "processors.step"),
    ],
)
def test_what_does_not_load_is_not_valid(schema: dict[str, Any], settings: str, path: str):
    assert errors(schema, with_step(settings)) == [path]


def test_unknown_types_and_keys_are_not_valid_and_named_components_are(schema: dict[str, Any]):
    assert errors(schema, "processors: {stepp: {}}\n" + SERVICE) == ["processors"]
    assert errors(schema, "processors: {step/a: , step: }\n" + SERVICE) == []
    assert errors(schema, "procesors: {}\n" + SERVICE) == [""]


def test_the_documentation_of_fields_is_in_the_schema(schema: dict[str, Any]):
    assert "How much is enough." in json.dumps(schema)


def test_a_broken_component_is_left_out_and_named():
    document, broken = json_schema(Registry())
    assert any("acme_winnow_crash" in message for message in broken)
    assert "^crash(/[^\\s/]+)?$" not in document["properties"]["processors"]["patternProperties"]
