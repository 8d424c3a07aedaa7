"""From a YAML file to a validated configuration, or every mistake in it at once."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from collector.config import overrides as settings_above
from collector.config import source
from collector.config.chains import Step, doubts
from collector.config.check import check
from collector.config.definitions import (
    Definition,
    Pipeline,
    Reference,
    defined_ids,
    read_definitions,
    read_pipelines,
    reference_problems,
)
from collector.config.environment import resolve
from collector.config.fields import ComponentConfig
from collector.config.model import FileConfig
from collector.config.problems import Problem, lines
from collector.config.source import Node
from collector.config.spec import CollectorConfig, ComponentSpec, PipelineSpec
from collector.delivery.settings import ExporterConfig
from collector.errors import ConfigError
from collector.registry import BrokenComponentError, Kind, Registry

__all__ = ["CollectorConfig", "ComponentSpec", "PipelineSpec", "load_config"]

_Specs = dict[tuple[str, str], ComponentSpec]


def load_config(
    path: Path,
    overrides: Sequence[str] = (),
    registry: Registry | None = None,
    environ: Mapping[str, str] = os.environ,
    settings: Mapping[str, Node] = MappingProxyType({}),
) -> CollectorConfig:
    """Read, check and resolve the file, with `PATH=VALUE` overrides above it.

    `settings` stand above the file too, by their paths, with places of their own.
    Raises ConfigError with every problem found, in the order of the file. What is disabled is
    not looked into: its class is not imported, and its environment variables may be missing.
    """
    top, problems = source.read(path)
    top, unplaced = settings_above.place(top, settings.items())
    top, more = settings_above.apply(top, overrides)
    loading = _Loading(top, registry or Registry(), environ)
    loading.problems += [*problems, *unplaced, *more]
    return loading.finish()


class _Loading:
    """One configuration on its way: what it defines, and the problems so far."""

    def __init__(self, top: Node, registry: Registry, environ: Mapping[str, str]) -> None:
        self.problems: list[Problem] = []
        self._registry = registry
        self._classes: dict[tuple[str, str], type[Any]] = {}
        self._top = self._resolve_service(top, environ)
        definitions, unknown = read_definitions(top, registry, environ)
        self._definitions = {(d.kind, d.id): d for d in definitions}
        self._pipelines, foreign = read_pipelines(self._top.get("service"))
        self.problems += [*unknown, *foreign]

    def finish(self) -> CollectorConfig:
        """The configuration. Raises ConfigError."""
        file, problems = check(FileConfig, self._top, ())
        self.problems += [*problems, *self._reference_problems()]
        live = self._live_pipelines()
        used = self._used(live)
        specs = self._specs(used)
        self.problems += self._order_problems(live)
        if self.problems or file is None:
            raise ConfigError(lines(self.problems))
        return CollectorConfig(
            receivers=_of_kind("receivers", specs),
            processors=_of_kind("processors", specs),
            exporters=_of_kind("exporters", specs),
            pipelines={pipeline.name: self._pipeline_spec(pipeline) for pipeline in live},
            service=file.service,
            warnings=tuple(lines(self._warnings(live, specs))),
        )

    def _warnings(self, live: list[Pipeline], specs: _Specs) -> Iterable[Problem]:
        yield from self._unused()
        yield from self._switched_off(live)
        yield from self._unredacted(live, specs)
        yield from self._doubts(live, specs)

    def _resolve_service(self, top: Node, environ: Mapping[str, str]) -> Node:
        service = top.get("service")
        if service is None:
            return top
        resolved, unresolved = resolve(service, environ, ("service",))
        self.problems += unresolved
        return top.with_value({**top.value, "service": resolved})

    def _reference_problems(self) -> Iterable[Problem]:
        return reference_problems(self._references(), defined_ids(self._top, self._registry))

    def _references(self) -> list[Reference]:
        """Every mention of a component, in pipelines and in exporters' chains of their own."""
        named = [ref for pipeline in self._pipelines for ref in pipeline.references]
        own = [ref for d in self._definitions.values() for ref in d.own_processors]
        return named + own

    def _live_pipelines(self) -> list[Pipeline]:
        live = [pipeline for pipeline in self._pipelines if self._is_live(pipeline)]
        if self._pipelines and not live:
            self.problems += self._switched_off(live)
        return live

    def _is_live(self, pipeline: Pipeline) -> bool:
        """Whether something comes in and goes out; an empty list is another problem's concern."""
        return all(
            not pipeline.ids(kind) or any(self._is_on(kind, name) for name in pipeline.ids(kind))
            for kind in ("receivers", "exporters")
        )

    def _is_on(self, kind: Kind, component_id: str) -> bool:
        definition = self._definitions.get((kind, component_id))
        return definition is None or definition.enabled

    def _used(self, live: list[Pipeline]) -> set[tuple[str, str]]:
        """The enabled components that live pipelines reach."""
        named = {(ref.kind, ref.id) for pipeline in live for ref in pipeline.references}
        on = [d for key, d in self._definitions.items() if key in named and d.enabled]
        own = {(ref.kind, ref.id) for d in on for ref in d.own_processors}
        return {key for key in named | own if self._is_on(*key)}

    def _specs(self, used: set[tuple[str, str]]) -> _Specs:
        """The used components, checked. Enabled ones that are not used are checked as well."""
        specs: _Specs = {}
        for key, definition in self._definitions.items():
            if key in used:
                self.problems += definition.unresolved
            elif not definition.enabled or definition.unresolved:
                continue
            spec = self._spec(definition)
            if spec and key in used:
                specs[key] = spec
        return specs

    def _spec(self, definition: Definition) -> ComponentSpec | None:
        try:
            cls = self._registry.load(definition.kind, definition.type)
        except BrokenComponentError as error:
            problem = Problem(definition.node.key_place, definition.path, str(error))
            self.problems.append(problem)
            return None
        self._classes[definition.kind, definition.id] = cls
        config, problems = check(cls.Config, definition.node, definition.path)
        unresolved = {problem.path for problem in definition.unresolved}
        self.problems += [problem for problem in problems if problem.path not in unresolved]
        return ComponentSpec(definition.id, cls, self._without_disabled(config)) if config else None

    def _without_disabled(self, config: ComponentConfig) -> ComponentConfig:
        if not isinstance(config, ExporterConfig):
            return config
        enabled = [name for name in config.processors if self._is_on("processors", name)]
        return config.model_copy(update={"processors": enabled})

    def _order_problems(self, live: list[Pipeline]) -> Iterable[Problem]:
        """Where spans would be written down before they are redacted, be settings right or not."""
        for pipeline in live:
            keeper = ""
            for ref in pipeline.references:
                cls = self._classes.get((ref.kind, ref.id))
                if cls is None or ref.kind != "processors":
                    continue
                if keeper and cls.redacts:
                    message = f"comes after {keeper!r}, which writes spans down: name it before"
                    yield Problem(ref.place, ref.path, message)
                keeper = keeper or (ref.id if cls.keeps else "")

    def _pipeline_spec(self, pipeline: Pipeline) -> PipelineSpec:
        def enabled(kind: Kind) -> tuple[str, ...]:
            return tuple(name for name in pipeline.ids(kind) if self._is_on(kind, name))

        return PipelineSpec(
            pipeline.name, enabled("receivers"), enabled("processors"), enabled("exporters")
        )

    def _unused(self) -> Iterable[Problem]:
        mentioned = {(ref.kind, ref.id) for ref in self._references()}
        for key, definition in self._definitions.items():
            if key not in mentioned and definition.enabled:
                message = "is defined, but no pipeline uses it"
                yield Problem(definition.node.key_place, definition.path, message)

    def _switched_off(self, live: list[Pipeline]) -> Iterable[Problem]:
        for pipeline in self._pipelines:
            if pipeline not in live:
                path = ("service", "pipelines", pipeline.name)
                message = "is off: all its receivers, or all its exporters, are disabled"
                yield Problem(pipeline.place, path, message)

    def _unredacted(self, live: list[Pipeline], specs: _Specs) -> Iterable[Problem]:
        """Pipelines without redaction, unless it is there and switched off."""
        for pipeline in live:
            own = [ref.id for e in pipeline.ids("exporters") for ref in self._own(e)]
            named = [("processors", name) for name in [*pipeline.ids("processors"), *own]]
            if all(key in specs and not specs[key].cls.redacts for key in named):
                path = ("service", "pipelines", pipeline.name)
                message = (
                    "nothing in it redacts: personal data and secrets pass as they come; add "
                    "redaction, with `enabled: false` if that is meant"
                )
                yield Problem(pipeline.place, path, message)

    def _doubts(self, live: list[Pipeline], specs: _Specs) -> Iterable[Problem]:
        """What processors say of their places in pipelines, and in exporters' chains."""
        for pipeline in live:
            chain = _steps(pipeline.references, specs)
            own = [_steps(self._own(name), specs) for name in pipeline.ids("exporters")]
            yield from doubts(chain, behind=[step for steps in own for step in steps])
            for steps in own:
                yield from doubts(steps, before=chain)

    def _own(self, exporter_id: str) -> list[Reference]:
        definition = self._definitions.get(("exporters", exporter_id))
        return definition.own_processors if definition else []


def _steps(references: Iterable[Reference], specs: _Specs) -> list[Step]:
    found = [(ref, specs.get((ref.kind, ref.id))) for ref in references if ref.kind == "processors"]
    return [Step(ref, spec) for ref, spec in found if spec is not None]


def _of_kind(kind: Kind, specs: _Specs) -> dict[str, ComponentSpec]:
    return {spec.id: spec for (found, _), spec in specs.items() if found == kind}
