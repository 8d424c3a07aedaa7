"""`--set PATH=VALUE`: single settings that stand above the file."""

from collections.abc import Iterable, Sequence
from typing import Any

import yaml

from collector.config.problems import Place, Problem
from collector.config.source import Node, parse

_PLACE = Place("--set")
_FORM = "write PATH=VALUE, such as service.drain_timeout=5s"


def apply(top: Node, overrides: Sequence[str]) -> tuple[Node, list[Problem]]:
    """The configuration with every override in its place, and the overrides that have none.

    PATH is `processors.tail_sampling.decision_wait`, or with `::` in place of the dots; VALUE is
    YAML. Mappings are merged, anything else is replaced.
    """
    problems: list[Problem] = []
    settings: list[tuple[str, Node]] = []
    for override in overrides:
        path, equals, text = override.partition("=")
        try:
            if not equals:
                raise ValueError(_FORM)
            value, found = parse(text, lambda _mark: _PLACE)
            problems += found
            settings.append((path, value))
        except (ValueError, yaml.YAMLError) as error:
            problems.append(Problem(_PLACE, _keys(path), _reason(error)))
    top, unplaced = place(top, settings)
    return top, problems + unplaced


def place(top: Node, settings: Iterable[tuple[str, Node]]) -> tuple[Node, list[Problem]]:
    """The same for settings that are read already, each with its PATH."""
    problems: list[Problem] = []
    for path, value in settings:
        keys = _keys(path)
        try:
            if not all(keys):
                raise ValueError(_FORM)
            top = _put(top, keys, value)
        except ValueError as error:
            problems.append(Problem(value.key_place, keys, str(error)))
    return top, problems


def _keys(path: str) -> tuple[str, ...]:
    return tuple(path.split("::" if "::" in path else "."))


def _put(node: Node, keys: Sequence[str], value: Node) -> Node:
    if not keys:
        return _merged(node, value)
    children, key = _children(node, keys[0])
    nothing = Node(None, value.key_place, value.key_place)
    child = children[key] if isinstance(key, int) else children.get(key, nothing)
    children[key] = _put(child, keys[1:], value)
    return node.with_value(children)


def _children(node: Node, key: str) -> tuple[Any, Any]:
    """A copy of what is below the node, and the key as it counts there."""
    if node.value is None:
        return {}, key
    if isinstance(node.value, dict):
        return dict(node.value), key
    if isinstance(node.value, list) and key.isdecimal() and int(key) < len(node.value):
        return list(node.value), int(key)
    raise ValueError(f"there is nothing to set at {key!r}: the value above it has no such entry")


def _merged(node: Node, value: Node) -> Node:
    if not (isinstance(node.value, dict) and isinstance(value.value, dict)):
        return value
    merged = dict(node.value)
    for key, child in value.value.items():
        merged[key] = _merged(merged[key], child) if key in merged else child
    return node.with_value(merged)


def _reason(error: Exception) -> str:
    if isinstance(error, yaml.MarkedYAMLError):
        return f"the value is not YAML: {error.problem}"
    return str(error) if isinstance(error, ValueError) else "the value is not YAML"
