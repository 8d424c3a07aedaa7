"""What loading a configuration gives: everything that is needed to build and run it."""

from dataclasses import dataclass
from typing import Any

from collector.config.fields import ComponentConfig
from collector.config.model import ServiceConfig


@dataclass(frozen=True)
class ComponentSpec:
    """One configured component."""

    id: str
    """`redaction` or `redaction/strict`."""
    cls: type[Any]
    """The Receiver, Processor or Exporter to build."""
    config: ComponentConfig
    """Its settings, validated; an exporter's `processors` name enabled ones only."""


@dataclass(frozen=True)
class PipelineSpec:
    """One pipeline: ids of enabled components, in order."""

    name: str
    receivers: tuple[str, ...]
    processors: tuple[str, ...]
    exporters: tuple[str, ...]


@dataclass(frozen=True)
class CollectorConfig:
    """A configuration that can run. Components by id: the enabled ones that a pipeline uses."""

    receivers: dict[str, ComponentSpec]
    processors: dict[str, ComponentSpec]
    exporters: dict[str, ComponentSpec]
    pipelines: dict[str, PipelineSpec]
    service: ServiceConfig
    warnings: tuple[str, ...] = ()
    """`file:line:col: path: message` for what is not wrong, but hardly meant."""
