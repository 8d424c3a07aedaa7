"""YAML with positions: every value knows the line and column where it stands."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

import yaml

from collector.config.problems import Path, Place, Problem
from collector.errors import ConfigError

MAX_VALUES = 100_000
"""More values than any configuration has: aliases of aliases stop here."""

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
    text = _text(path)
    name = str(path)
    try:
        return parse(text, lambda mark: Place(name, mark.line + 1, mark.column + 1))
    except yaml.YAMLError as error:
        place, message = _syntax_problem(name, text, error)
        raise ConfigError([f"{place}: {message}"]) from None


def parse(text: str, locate: Callable[[yaml.Mark], Place]) -> tuple[Node, list[Problem]]:
    """The top node of a YAML text, and its problems. Raises yaml.YAMLError for broken syntax."""
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
            raise _error(node, "an alias may not contain itself")
        if self._count > MAX_VALUES:
            raise _error(node, f"more than {MAX_VALUES} values")

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


def _error(node: yaml.Node, message: str) -> yaml.YAMLError:
    return yaml.MarkedYAMLError(problem=message, problem_mark=node.start_mark)


def _text(path: FilePath) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError([f"{path}: cannot be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8-sig")
        raise ConfigError([f"{_end(str(path), before)}: is not UTF-8 text"]) from None


def _syntax_problem(file: str, text: str, error: yaml.YAMLError) -> tuple[Place, str]:
    if isinstance(error, yaml.reader.ReaderError):
        before = text.encode()[: error.position].decode(errors="ignore")
        return _end(file, before), error.reason
    if not isinstance(error, yaml.MarkedYAMLError):
        return Place(file, 1, 1), str(error)
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Place(file, 1, 1), str(error.problem)
    parts = [part for part in (error.context, error.problem) if part]
    return Place(file, mark.line + 1, mark.column + 1), ": ".join(parts) + _hint(text, mark)


def _hint(text: str, mark: yaml.Mark) -> str:
    """A remedy for the usual causes of broken YAML."""
    lines = text.splitlines()
    if mark.line >= len(lines):
        return " (the file ends here: close the bracket or the quote that is still open)"
    line = lines[mark.line]
    if line[: mark.column + 1].endswith("\t"):
        return " (indent with spaces, not with tabs)"
    if "${" in line:
        return " (inside { } or [ ], put ${env:NAME} in quotes)"
    return ""


def _end(file: str, before: str) -> Place:
    """The place right after `before`, the beginning of the file."""
    return Place(file, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1)
