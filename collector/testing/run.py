"""Sends the spans of a test through a configuration's own pipelines, and catches what comes out.

Receivers open no port and exporters reach no backend; all between them is real, in memory. Where
the test ends, the collector shuts down: so tail sampling decides on what it has.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from prometheus_client import CollectorRegistry

from collector.batch import Batch
from collector.clock import SystemClock
from collector.component import Exporter, Receiver
from collector.config.fields import ComponentConfig
from collector.config.load import CollectorConfig, ComponentSpec, PipelineSpec
from collector.delivery.settings import ExporterConfig, SendingQueue
from collector.graph import Graph, Surroundings
from collector.storage import Storage
from collector.telemetry.metrics import Metrics


@dataclass(frozen=True)
class Outcome:
    """What came of the spans of a test."""

    reached: list[str]
    """The exporters of the receiver's pipelines."""
    sent: dict[str, Batch]
    """What each exporter was given, of all that there are."""
    registry: CollectorRegistry
    """The metrics after the end."""


def run(config: CollectorConfig, receiver: str, batches: Iterable[Batch]) -> Outcome:
    """Send the batches to a receiver, and shut down.

    Raises RefusedError where the pipelines refuse one, StartError and ConfigError where they
    cannot run.
    """
    caught: dict[str, list[bytes]] = {name: [] for name in config.exporters}
    metrics, storage = Metrics(), Storage()
    graph = Graph(_cut_off(config, caught), Surroundings(metrics, storage, SystemClock()))
    entries = dict(zip(config.receivers, graph.receivers, strict=True))
    storage.open()
    try:
        graph.start()
        try:
            for batch in batches:
                entries[receiver].next.consume(batch)
        finally:
            graph.shutdown()
    finally:
        storage.close()
    sent = {name: Batch(payload=b"".join(payloads)) for name, payloads in caught.items()}
    return Outcome(_reached(config, receiver), sent, metrics.registry)


def _reached(config: CollectorConfig, receiver: str) -> list[str]:
    return [
        name
        for name in config.exporters
        if any(
            receiver in pipeline.receivers and name in pipeline.exporters
            for pipeline in config.pipelines.values()
        )
    ]


def _cut_off(config: CollectorConfig, caught: dict[str, list[bytes]]) -> CollectorConfig:
    """The configuration without a way to the outside: what exporters get goes to `caught`."""
    apart = {name for name, spec in config.processors.items() if spec.cls.writes_elsewhere}
    return replace(
        config,
        receivers={name: ComponentSpec(name, _Inlet, _NOTHING) for name in config.receivers},
        exporters={
            name: _catching(spec, caught[name].append, apart)
            for name, spec in config.exporters.items()
        },
        pipelines={name: _without(spec, apart) for name, spec in config.pipelines.items()},
    )


def _without(pipeline: PipelineSpec, apart: set[str]) -> PipelineSpec:
    kept = tuple(name for name in pipeline.processors if name not in apart)
    return replace(pipeline, processors=kept)


def _catching(
    spec: ComponentSpec, catch: Callable[[bytes], None], apart: set[str]
) -> ComponentSpec:
    own = getattr(spec.config, "processors", [])
    config = ExporterConfig(
        processors=[name for name in own if name not in apart],
        sending_queue=SendingQueue(enabled=False),
    )

    class Catch(Exporter[ExporterConfig]):
        """Stands in for an exporter."""

        Config = ExporterConfig

        def push(self, batch: Batch) -> int:
            catch(batch.payload)
            return 0

    return ComponentSpec(spec.id, Catch, config)


class _Inlet(Receiver[Any]):
    """Stands in for a receiver: what is sent is given to `next`."""

    Config = ComponentConfig


_NOTHING = ComponentConfig()
