"""The JSON Schema of a configuration file, made from every installed component's Config."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from collector.config.model import FileConfig
from collector.registry import KINDS, BrokenComponentError, Kind, Registry

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_REFERENCE = {"type": "string", "pattern": r"\$\{[^}]*\}"}
_SCALARS = {"boolean", "integer", "number"}
_NAMED_SCHEMAS = {"patternProperties", "properties"}
_SCHEMA_LISTS = {"allOf", "anyOf", "oneOf", "prefixItems"}
_SCHEMAS = {"additionalProperties", "items"}

Schema = dict[str, Any]


def json_schema(registry: Registry) -> tuple[Schema, list[str]]:
    """The schema (draft 2020-12), and a message for each component that cannot be loaded."""
    models, broken = _models(registry)
    wanted = [(model, "validation") for model in (FileConfig, *models.values())]
    references, definitions = models_json_schema(wanted)  # type: ignore[arg-type]
    definitions = {name: _open(part) for name, part in definitions["$defs"].items()}
    top = definitions.pop(_name(references[FileConfig, "validation"]))
    for (kind, name), model in models.items():
        section = top["properties"][kind]
        section["additionalProperties"] = False
        component = {"anyOf": [references[model, "validation"], {"type": "null"}]}
        section.setdefault("patternProperties", {})[f"^{name}(/[^\\s/]+)?$"] = component
    return {"$schema": DIALECT, **top, "$defs": definitions}, broken


def _models(registry: Registry) -> tuple[dict[tuple[Kind, str], type[BaseModel]], list[str]]:
    models: dict[tuple[Kind, str], type[BaseModel]] = {}
    broken = []
    for kind in KINDS:
        for name in registry.types(kind):
            try:
                models[kind, name] = registry.load(kind, name).Config
            except BrokenComponentError as error:
                broken.append(str(error))
    return models, broken


def _name(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _open(schema: Schema) -> Schema:
    """Let `${env:NAME}` stand wherever a number, a boolean or a chosen word does."""
    opened = {keyword: _open_below(keyword, part) for keyword, part in schema.items()}
    if schema.get("type") in _SCALARS or "enum" in schema or "const" in schema:
        return {"anyOf": [opened, _REFERENCE]}
    return opened


def _open_below(keyword: str, part: Any) -> Any:
    if keyword in _NAMED_SCHEMAS:
        return {name: _open(schema) for name, schema in part.items()}
    if keyword in _SCHEMA_LISTS:
        return [_open(schema) for schema in part]
    if keyword in _SCHEMAS and isinstance(part, dict):
        return _open(part)
    return part
