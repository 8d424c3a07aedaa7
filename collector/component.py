"""What a component is: a class with a Config, built with a Context, started and shut down."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from structlog.typing import FilteringBoundLogger

from collector.batch import Batch
from collector.clock import Clock
from collector.config.fields import ComponentConfig
from collector.storage import Storage
from collector.telemetry.spans import SpanCounts

C = TypeVar("C", bound=ComponentConfig)


class Consumer(Protocol):
    """Anything that takes batches: a processor, a queue, a fan-out."""

    def consume(self, batch: Batch) -> None:
        """Take the batch over.

        What must survive is added to `batch.transaction`; nothing is owned before that is
        committed. Raises RefusedError when the batch cannot be taken now. Called from many
        threads at once. The batch belongs to the callee, which may change it.
        """
        ...


@dataclass(frozen=True)
class Context:
    """What the collector lends a component."""

    component_id: str
    """`type` or `type/name`, as in the configuration."""
    state_key: str
    """Names this instance's rows in the storage: the component in its pipeline."""
    counts: SpanCounts
    """Counts spans for this component; `counts.metrics` makes metrics of its own."""
    storage: Storage
    """The collector's durable state."""
    clock: Clock
    """The time."""
    logger: FilteringBoundLogger
    """Bound to the component's id. Never log attribute values."""


class Component(Generic[C]):
    """The life of every component.

    `start` is called once, sinks before sources; `shutdown` may come twice, or without a start.
    The constructor acquires nothing: whatever needs releasing is acquired in `start`.
    """

    Config: ClassVar[type[Any]]
    """The pydantic model of this component's settings; every field has a default or is required
    for a reason, and a description."""

    def __init__(self, config: C, context: Context) -> None:
        """Raises ConfigError where the settings cannot work together."""
        self.config = config
        self.context = context

    def start(self) -> None:
        """Acquire what the component needs. Raises StartError."""

    def shutdown(self) -> None:
        """Finish what was begun and release everything."""


class Receiver(Component[C]):
    """A source of batches: it calls `self.next.consume(batch)` and answers its sender after."""

    next: Consumer


class Processor(Component[C]):
    """A step of a pipeline. Subclasses write `process`, or `consume` to hold batches back."""

    mutates: ClassVar[bool] = True
    """Whether `process` edits the message in place. `Batch.retain` sees to itself."""

    keeps: ClassVar[bool] = False
    """Whether it writes spans down, or what stands in them."""

    writes_elsewhere: ClassVar[bool] = False
    """Whether it writes to a place of its own, which a test of the configuration must not touch."""

    redacts: ClassVar[bool] = False
    """Whether spans may be written down only behind this. A pipeline with a processor in front of
    it that `keeps` is refused."""

    next: Consumer

    @classmethod
    def doubts(
        cls,
        config: C,  # noqa: ARG003
        before: frozenset[str],  # noqa: ARG003
        behind: frozenset[str],  # noqa: ARG003
    ) -> Iterable[str]:
        """What is valid at this place in a chain, but hardly meant; `winnow validate` warns of it.

        `before` and `behind` are the types of the other processors that spans pass.
        """
        return ()

    def consume(self, batch: Batch) -> None:
        """Process the batch and hand on what is left of it."""
        self.process(batch)
        if self.mutates:
            batch.changed()
        if batch.span_count:
            self.next.consume(batch)

    def process(self, batch: Batch) -> None:
        """Edit the batch in place."""
        raise NotImplementedError


class Exporter(Component[C]):
    """A way out. The collector puts a queue, batching and retries before `push`."""

    def push(self, batch: Batch) -> int:
        """Deliver the batch; returns how many of its spans the backend refused for good.

        Raises RetryableError, SplitError or PermanentError. Called from the queue's own threads;
        blocks until the backend has answered, at most `config.timeout`. The batch is the
        exporter's own, to edit as it likes: every try gets a fresh one.
        """
        raise NotImplementedError
