"""The running pipelines: built from configuration, started sinks first, stopped sources first."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from collector.clock import Clock
from collector.component import Consumer, Context, Exporter, Processor, Receiver
from collector.config.load import CollectorConfig, ComponentSpec, PipelineSpec
from collector.delivery.chain import Delivery, DirectDelivery, make_delivery
from collector.pipeline import Entry, FanOut, Tally
from collector.storage import Storage
from collector.telemetry.logs import get_logger
from collector.telemetry.metrics import Metrics
from collector.telemetry.spans import SpanCounts


@dataclass(frozen=True)
class Surroundings:
    """What outlives one graph: a reload builds the next one with the same."""

    metrics: Metrics
    storage: Storage
    clock: Clock


class Graph:
    """Every component of one configuration, wired up."""

    def __init__(
        self, config: CollectorConfig, surroundings: Surroundings, *, reloaded: bool = False
    ) -> None:
        """Build and wire; nothing is acquired yet. Raises ConfigError from a component.

        `reloaded`: another graph ran in this process before.
        """
        self._config = config
        self._reloaded = reloaded
        self._around = surroundings
        self._processors: list[Processor[Any]] = []
        self._deliveries = {
            spec.id: self._make_delivery(spec) for spec in config.exporters.values()
        }
        self._ways_out = {spec.id: self._make_way_out(spec) for spec in config.exporters.values()}
        pipelines = {spec.name: self._make_pipeline(spec) for spec in config.pipelines.values()}
        self.receivers: list[Receiver[Any]] = [
            self._make_receiver(spec, pipelines) for spec in config.receivers.values()
        ]
        self._started: list[Delivery | Processor[Any] | Receiver[Any]] = []

    def start(self) -> None:
        """Start everything, sinks first. Raises StartError, with everything stopped again."""
        parts: Sequence[Delivery | Processor[Any] | Receiver[Any]] = [
            *self._deliveries.values(),
            *self._processors,
            *self.receivers,
        ]
        try:
            for part in parts:
                self._started.append(part)
                part.start()
        except sqlite3.Error as error:
            self.shutdown()
            raise self._around.storage.unusable(error) from error
        except BaseException:
            self.shutdown()
            raise

    @property
    def queues(self) -> frozenset[str]:
        """The exporters that have a queue."""
        return frozenset(name for name in self._deliveries if not self._pushes_at_once(name))

    def write_off(self) -> None:
        """No other graph follows in this process: count what is lost with it."""
        for delivery in self._deliveries.values():
            delivery.write_off()

    def shutdown(self) -> None:
        """Stop everything that was started, sources first. Safe to call twice.

        The exporters drain side by side: a slow one takes no time from the others.
        """
        for delivery in self._deliveries.values():
            delivery.interrupt()
        deliveries = []
        while self._started:
            part = self._started.pop()
            if part in self._deliveries.values():
                deliveries.append(part)
            else:
                _shut_down(part)
        if deliveries:
            with ThreadPoolExecutor(len(deliveries), thread_name_prefix="drain") as drains:
                list(drains.map(_shut_down, deliveries))

    def _context(self, component_id: str, pipeline: str) -> Context:
        return Context(
            component_id=component_id,
            state_key=f"{pipeline}/{component_id}",
            counts=SpanCounts(
                self._around.metrics, component_id, pipeline, reloaded=self._reloaded
            ),
            storage=self._around.storage,
            clock=self._around.clock,
            logger=get_logger(component=component_id),
        )

    def _make_delivery(self, spec: ComponentSpec) -> Delivery:
        context = self._context(spec.id, f"exporter:{spec.id}")
        exporter: Exporter[Any] = spec.cls(spec.config, context)
        return make_delivery(exporter, context, self._config.service.drain_timeout)

    def _make_way_out(self, spec: ComponentSpec) -> Consumer:
        """An exporter's queue, behind the processors that only it has."""
        own = getattr(spec.config, "processors", ())
        return self._chain(own, f"exporter:{spec.id}", self._deliveries[spec.id])

    def _make_pipeline(self, spec: PipelineSpec) -> Consumer:
        entry = self._chain(spec.processors, spec.name, self._fan_out(spec))
        return Tally(
            self._around.metrics,
            "winnow_pipeline_accepted_spans",
            "Spans that a pipeline owns.",
            {"pipeline": spec.name},
            entry,
        )

    def _fan_out(self, spec: PipelineSpec) -> Consumer:
        readers: list[Consumer] = []
        editors: list[Consumer] = []
        # What a full queue refuses should not have been pushed by an exporter without one.
        for exporter_id in sorted(spec.exporters, key=self._pushes_at_once):
            way_out = self._count_exported(spec.name, exporter_id)
            plain = self._ways_out[exporter_id] is self._deliveries[exporter_id]
            (readers if plain else editors).append(way_out)
        return FanOut(readers, editors)

    def _pushes_at_once(self, exporter_id: str) -> bool:
        return isinstance(self._deliveries[exporter_id], DirectDelivery)

    def _count_exported(self, pipeline: str, exporter_id: str) -> Consumer:
        return Tally(
            self._around.metrics,
            "winnow_pipeline_exported_spans",
            "Spans that a pipeline handed to an exporter's queue.",
            {"pipeline": pipeline, "exporter": exporter_id},
            self._ways_out[exporter_id],
        )

    def _chain(self, processor_ids: Sequence[str], pipeline: str, end: Consumer) -> Consumer:
        """The processors in order, the last of them feeding `end`."""
        following = end
        for processor_id in reversed(processor_ids):
            spec = self._config.processors[processor_id]
            processor: Processor[Any] = spec.cls(spec.config, self._context(spec.id, pipeline))
            processor.next = following
            self._processors.append(processor)
            following = processor
        return following

    def _make_receiver(self, spec: ComponentSpec, pipelines: dict[str, Consumer]) -> Receiver[Any]:
        receiver: Receiver[Any] = spec.cls(spec.config, self._context(spec.id, ""))
        fed = [
            pipelines[pipeline.name]
            for pipeline in self._config.pipelines.values()
            if spec.id in pipeline.receivers
        ]
        receiver.next = Entry(self._around.storage, FanOut((), fed))
        return receiver


def _shut_down(part: Delivery | Processor[Any] | Receiver[Any]) -> None:
    try:
        part.shutdown()
    except Exception:
        get_logger().exception("shutdown failed", part=type(part).__name__)
