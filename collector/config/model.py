"""The top level of the configuration, laid out as the Collector's."""

import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from collector.config.fields import ConfigModel, Duration, Endpoint


def _level(value: Any) -> Any:
    """The Collector also takes levels in capitals, and `warn`."""
    lower = value.lower() if isinstance(value, str) else value
    return "warning" if lower == "warn" else lower


def _empty_mapping(value: Any) -> Any:
    return {} if value is None else value


def _empty_list(value: Any) -> Any:
    return [] if value is None else value


def _default_encoding() -> Literal["console", "json"]:
    return "console" if sys.stderr.isatty() else "json"


Ids = Annotated[list[str], BeforeValidator(_empty_list)]
Components = Annotated[dict[str, Any], BeforeValidator(_empty_mapping)]


class StorageConfig(ConfigModel):
    """The collector's durable state."""

    directory: Path | None = Path("data/state")
    """Where open traces and the exporters' queues are kept; `null` keeps them in memory, where a
    restart loses them."""


class LogsConfig(ConfigModel):
    """The collector's own log, on standard error."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        BeforeValidator(_level),
    ] = "info"
    """The least severe events that are logged."""
    encoding: Literal["console", "json"] = Field(default_factory=_default_encoding)
    """`console` for people, `json` for machines; by default `console` on a terminal."""


class TelemetryConfig(ConfigModel):
    """What the collector says about itself."""

    endpoint: Endpoint = "127.0.0.1:8888"
    """`host:port` of /metrics, /livez and /readyz."""
    logs: LogsConfig = LogsConfig()
    """The collector's own log."""


class PipelineConfig(ConfigModel):
    """A way for spans: from every receiver, through the processors in order, to every exporter."""

    receivers: Ids = Field(min_length=1)
    """Ids of the receivers that feed the pipeline."""
    processors: Ids = []
    """Ids of the processors, in the order in which spans pass them."""
    exporters: Ids = Field(min_length=1)
    """Ids of the exporters; each gets every span."""


class ServiceConfig(ConfigModel):
    """What runs, and how."""

    pipelines: dict[str, PipelineConfig] = Field(min_length=1)
    """Pipelines by name: `traces`, or `traces/<name>` where there are several."""
    storage: StorageConfig = StorageConfig()
    """The collector's durable state."""
    telemetry: TelemetryConfig = TelemetryConfig()
    """What the collector says about itself."""
    drain_timeout: Duration = 10.0
    """How long a stop may take to deliver what waits."""


class FileConfig(ConfigModel):
    """A configuration file. What each component takes is for the component to say."""

    receivers: Components = {}
    """Receivers by id: `type`, or `type/name` where a type is used more than once."""
    processors: Components = {}
    """Processors by id."""
    exporters: Components = {}
    """Exporters by id."""
    service: ServiceConfig
    """What runs, and how."""
