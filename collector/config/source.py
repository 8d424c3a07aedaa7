"""YAML with positions: every value knows the line and column where it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from collector.config.problems import Path, Place, Problem
from collector.config.text import explain, read_text
from collector.errors import ConfigError

MAX_VALUES = 100_000
"""More values than any configuration has: aliases of aliases stop here."""
MAX_DEPTH = 100
"""Deeper than any configuration goes, and far from where the stack would end."""

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True)
class Node:
    """A value of the YAML file. `value` is a dict or list of nodes, or a scalar."""

    value: Any
    place: Place
    """Where to point when the value is wrong."""
    key_place: Place
    """Where to point when the key is wrong; the value's place where it has no key."""
    plain: bool = False
    """Whether the value is a scalar without quotes."""
    written: str | None = None
    """The value before environment variables took their place in it."""
    text: str | None = None
    """What an environment variable said, where YAML read it as something else than text."""

    def get(self, key: str) -> "Node | None":
        """The entry of a mapping; None if there is none, or this is no mapping."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def with_value(self, value: Any) -> "Node":
        """The same node with another value in the same place."""
        return replace(self, value=value)


def read(path: FilePath) -> tuple[Node, list[Problem]]:
    """The file's top node, and the problems that leave the rest readable (duplicate keys).

    Raises ConfigError if it cannot be read or is not YAML.
    """
    text = read_text(path)
    name = str(path)
    try:
        return parse(text, lambda mark: Place(name, mark.line + 1, mark.column + 1))
    except yaml.YAMLError as error:
        raise ConfigError([explain(name, text, error)]) from None


def parse(text: str, locate: Callable[[yaml.Mark], Place]) -> tuple[Node, list[Problem]]:
    """The top node of a YAML text, and its problems. Raises yaml.YAMLError for broken syntax."""
    _limit(text)
    builder = _Builder(locate)
    top = yaml.compose(text, Loader=_Loader)
    if top is None:
        start = locate(yaml.Mark("", 0, 0, 0, None, 0))
        return Node(None, start, start), []
    return builder.build(top, None, ()), builder.problems


def to_data(node: Node) -> Any:
    """The plain Python data below a node, as `yaml.safe_load` gives it."""
    if isinstance(node.value, dict):
        return {key: to_data(child) for key, child in node.value.items()}
    if isinstance(node.value, list):
        return [to_data(child) for child in node.value]
    return node.value


def _limit(text: str) -> None:
    """Refuse what composing would take too much memory or stack for. Raises yaml.YAMLError."""
    depth = count = 0
    for event in yaml.parse(text, Loader=_Loader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        count += isinstance(event, yaml.NodeEvent)
        _refuse_excess(event, depth, count // 2)  # keys count here, too


def _refuse_excess(at: Any, depth: int, count: int) -> None:
    """`at` is the node or event at fault."""
    if depth > MAX_DEPTH:
        raise _error(at, f"more than {MAX_DEPTH} levels deep: name another file, or nest less")
    if count > MAX_VALUES:
        raise _error(at, f"more than {MAX_VALUES} values: name another file, or use fewer aliases")


class _Builder:
    """Turns PyYAML's nodes into ours."""

    def __init__(self, locate: Callable[[yaml.Mark], Place]) -> None:
        self.problems: list[Problem] = []
        self._locate = locate
        self._open: set[int] = set()
        self._count = 0

    def build(self, node: yaml.Node, key: Place | None, path: Path) -> Node:
        """`key` is where the value's key stands."""
        self._guard(node)
        start = self._locate(node.start_mark)
        # Blocks and empty values begin on some later line, or nowhere: point at their key.
        place = start if key is None or (start.line == key.line and node.value) else key
        self._open.add(id(node))
        made = Node(
            self._value(node, place, path),
            place,
            key or place,
            plain=isinstance(node, yaml.ScalarNode) and not node.style,
        )
        self._open.discard(id(node))
        return made

    def _guard(self, node: yaml.Node) -> None:
        self._count += 1
        if id(node) in self._open:
            raise _error(node, "an alias may not contain itself: remove it")
        _refuse_excess(node, len(self._open), self._count)

    def _value(self, node: yaml.Node, place: Place, path: Path) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == _TAG + "map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == _TAG + "seq":
            return [self.build(item, None, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node, place, path)

    def _scalar(self, node: yaml.Node, place: Place, path: Path) -> Any:
        try:
            if isinstance(node, yaml.ScalarNode):
                return construct(node)
            reason = f"the tag {node.tag} is not supported here: remove it"
        except yaml.constructor.ConstructorError:
            reason = f"the tag {node.tag} is not supported here: remove it"
        except (ValueError, OverflowError):
            reason = f"not a valid {node.tag.removeprefix(_TAG)}: put it in quotes if it is text"
        self.problems.append(Problem(place, path, reason))
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Node]:
        own: dict[Any, Node] = {}
        merged: dict[Any, Node] = {}
        seen: dict[Any, Place] = {}
        for key_node, value_node in node.value:
            key, place = self._key(key_node), self._locate(key_node.start_mark)
            if key in seen:
                message = f"duplicate key, first used in line {seen[key].line}"
                self.problems.append(Problem(place, (*path, key), message))
            elif key_node.tag == _TAG + "merge":
                merged = self._merge(value_node, path)
            else:
                own[key] = self.build(value_node, place, (*path, key))
            seen.setdefault(key, place)
        return {**merged, **own}

    def _key(self, node: yaml.Node) -> Any:
        if not isinstance(node, yaml.ScalarNode):
            raise _error(node, "a key must be a single word or text")
        return node.value if node.tag == _TAG + "merge" else construct(node)

    def _merge(self, node: yaml.Node, path: Path) -> dict[Any, Node]:
        """What `<<` brings in: one mapping, or a list of them of which the first wins."""
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        merged: dict[Any, Node] = {}
        for source in reversed(sources):
            if not isinstance(source, yaml.MappingNode):
                raise _error(node, "<< needs a mapping, such as *anchor")
            merged.update(self.build(source, None, path).value)
        return merged


def construct(node: yaml.ScalarNode) -> Any:
    """The Python value of a scalar. Raises ValueError, OverflowError or ConstructorError."""
    if node.tag in (_TAG + "str", _TAG + "value"):
        return node.value
    return yaml.constructor.SafeConstructor().construct_object(node)


def _error(at: Any, message: str) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=message, problem_mark=at.start_mark)
