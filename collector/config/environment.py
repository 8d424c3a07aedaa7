"""`${env:NAME}` and `${env:NAME:-default}` in values, replaced after the YAML is parsed."""

import re
from collections.abc import Mapping
from dataclasses import replace

import yaml

from collector.config.problems import Path, Problem
from collector.config.source import Node, construct

_REFERENCE = re.compile(r"\$(?:\$|\{([^}]*)\}?)")
_NAME = re.compile(r"(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.DOTALL)
_RESOLVER = yaml.resolver.Resolver()


def resolve(node: Node, environ: Mapping[str, str], path: Path = ()) -> tuple[Node, list[Problem]]:
    """The node with every reference replaced, and the references that cannot be.

    As in the Collector, `env:` may be left out, `$$` is a literal `$`, and a value without quotes
    that is one reference alone is read as YAML: numbers and booleans come out as such. As in a
    shell, the default also stands in for a variable that is set but empty.
    """
    problems: list[Problem] = []
    return _resolve(node, environ, path, problems), problems


def _resolve(node: Node, environ: Mapping[str, str], path: Path, problems: list[Problem]) -> Node:
    value = node.value
    if isinstance(value, dict):
        items = value.items()
        return node.with_value({k: _resolve(v, environ, (*path, k), problems) for k, v in items})
    if isinstance(value, list):
        children = enumerate(value)
        return node.with_value([_resolve(v, environ, (*path, i), problems) for i, v in children])
    if not isinstance(value, str) or "$" not in value:
        return node
    try:
        return _resolve_text(node, value, environ)
    except ValueError as error:
        problems.append(Problem(node.place, path, str(error)))
        return node


def _resolve_text(node: Node, value: str, environ: Mapping[str, str]) -> Node:
    text = _REFERENCE.sub(lambda match: _replacement(match, environ), value)
    whole = _REFERENCE.fullmatch(value)
    if node.plain and whole and whole[1] is not None:
        return _read_as_yaml(node, text)
    return replace(node, value=text, written=value)


def _replacement(match: re.Match[str], environ: Mapping[str, str]) -> str:
    reference = match[0]
    if reference == "$$":
        return "$"
    parts = _NAME.fullmatch(match[1])
    if parts is None or not reference.endswith("}"):
        raise ValueError(
            "after ${ stands no variable: write ${env:NAME} or ${env:NAME:-default}, "
            "or $$ for a literal $"
        )
    name, default = parts.groups()
    found = environ.get(name, "") or default
    if found is None and name not in environ:
        raise ValueError(
            f"the environment variable {name} is not set: set it, or give a default with "
            f"${{env:{name}:-default}}"
        )
    return found or ""


def _read_as_yaml(node: Node, text: str) -> Node:
    tag = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    try:
        value = construct(yaml.ScalarNode(tag, text))
    except (ValueError, OverflowError, yaml.YAMLError):
        value = text
    return replace(node, value=value, written=node.value, text=None if value == text else text)
