"""What the file defines: components under their ids, and pipelines that refer to them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from collector.config.environment import resolve
from collector.config.moved import moved_type
from collector.config.problems import Path, Place, Problem, closest, did_you_mean
from collector.config.source import Node
from collector.registry import KINDS, Kind, Registry

_ID = re.compile(r"[A-Za-z][\w-]*(/[^\s/]+)?", re.ASCII)
_BOOLEAN = TypeAdapter(bool)
_OTHER_SIGNALS = ("logs", "metrics", "profiles")


@dataclass(frozen=True)
class Reference:
    """A place that names a component."""

    kind: Kind
    id: str
    place: Place
    path: Path


@dataclass(frozen=True)
class Definition:
    """A component as the file has it, before its settings are checked."""

    kind: Kind
    id: str
    node: Node
    """The settings, with environment variables in place."""
    unresolved: list[Problem]
    """References to environment variables that could not be replaced."""

    @property
    def type(self) -> str:
        """The part of the id before the slash."""
        return self.id.partition("/")[0]

    @property
    def path(self) -> Path:
        """Where the settings stand in the configuration."""
        return (self.kind, self.id)

    @property
    def enabled(self) -> bool:
        """False only where `enabled` says so; what it says wrongly is found with the rest."""
        node = self.node.get("enabled")
        try:
            return node is None or _BOOLEAN.validate_python(node.value)
        except ValidationError:
            return True

    @property
    def own_processors(self) -> list[Reference]:
        """The chain that only this exporter's spans pass."""
        if self.kind != "exporters":
            return []
        return list(_references("processors", self.node.get("processors"), self.path))


@dataclass(frozen=True)
class Pipeline:
    """A pipeline as the file has it."""

    name: str
    place: Place
    references: list[Reference]

    def ids(self, kind: Kind) -> list[str]:
        """The ids that it names, in order."""
        return [reference.id for reference in self.references if reference.kind == kind]


def read_definitions(
    top: Node, registry: Registry, environ: Mapping[str, str]
) -> tuple[list[Definition], list[Problem]]:
    """Every component of a known type, and a problem for every other."""
    definitions, problems = [], []
    for kind in KINDS:
        for component_id, node in _entries(top.get(kind)):
            message = _id_problem(kind, component_id, registry)
            if message:
                problems.append(Problem(node.key_place, (kind, component_id), message))
            else:
                resolved, unresolved = resolve(node, environ, (kind, component_id))
                definitions.append(Definition(kind, component_id, resolved, unresolved))
    return definitions, problems


def read_pipelines(service: Node | None) -> tuple[list[Pipeline], list[Problem]]:
    """Every pipeline, and a problem for those that are not for traces."""
    pipelines, problems = [], []
    for name, node in _entries(service.get("pipelines") if service else None):
        path: Path = ("service", "pipelines", name)
        if str(name).partition("/")[0] in _OTHER_SIGNALS:
            message = "Winnow carries traces only: remove this pipeline"
            problems.append(Problem(node.key_place, path, message))
            continue
        found = [ref for kind in KINDS for ref in _references(kind, node.get(kind), path)]
        pipelines.append(Pipeline(name, node.key_place, found))
    return pipelines, problems


def defined_ids(top: Node, registry: Registry) -> dict[Kind, list[str]]:
    """The ids under each kind, as they are and as they were meant.

    There is no entry for a kind that is no mapping.
    """
    sections = {kind: top.get(kind) for kind in KINDS}
    return {
        kind: [form for name, _ in _entries(node) for form in _forms(str(name), kind, registry)]
        for kind, node in sections.items()
        if node is None or node.value is None or isinstance(node.value, dict)
    }


def _forms(component_id: str, kind: Kind, registry: Registry) -> Iterator[str]:
    """The id, and what it was meant to be, so that one slip of the pen is one problem."""
    yield component_id
    name, slash, rest = component_id.partition("/")
    meant = closest(name, registry.types(kind))
    if meant is not None:
        yield f"{meant}{slash}{rest}"


def reference_problems(
    references: list[Reference], defined: Mapping[Kind, list[str]]
) -> Iterator[Problem]:
    """References to what is not defined, or named twice in one list."""
    seen: set[tuple[Path, str]] = set()
    for ref in references:
        if (ref.path[:-1], ref.id) in seen:
            yield Problem(ref.place, ref.path, f"{ref.id!r} is named twice")
        elif ref.kind in defined and ref.id not in defined[ref.kind]:
            yield Problem(ref.place, ref.path, _undefined(ref, defined))
        seen.add((ref.path[:-1], ref.id))


def _undefined(ref: Reference, defined: Mapping[Kind, list[str]]) -> str:
    for kind, ids in defined.items():
        if ref.id in ids:
            return f"{ref.id!r} is defined under {kind}: it cannot stand here"
    hint = did_you_mean(ref.id, defined[ref.kind])
    return f"{ref.id!r} is not defined{hint or f': add it under {ref.kind}'}"


def _id_problem(kind: Kind, component_id: object, registry: Registry) -> str | None:
    if not isinstance(component_id, str) or not _ID.fullmatch(component_id):
        return "not a component id: write type or type/name"
    name, known = component_id.partition("/")[0], registry.types(kind)
    if name in known:
        return None
    singular = kind.removesuffix("s")
    hint = moved_type(kind, name) or did_you_mean(name, known)
    hint = hint or f"; installed are {', '.join(known)}"
    return f"unknown {singular} type {name!r}{hint}"


def _entries(node: Node | None) -> list[tuple[str, Node]]:
    return list(node.value.items()) if node and isinstance(node.value, dict) else []


def _references(kind: Kind, node: Node | None, path: Path) -> Iterator[Reference]:
    items = node.value if node and isinstance(node.value, list) else []
    for index, item in enumerate(items):
        if isinstance(item.value, str):
            yield Reference(kind, item.value, item.place, (*path, kind, index))
