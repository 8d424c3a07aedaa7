"""The settings that every exporter has, named as in the Collector's exporterhelper."""

from typing import Literal, Self

from pydantic import Field, model_validator

from collector.config.fields import ComponentConfig, ConfigModel, Duration


class QueueBatch(ConfigModel):
    """Joining queued batches into larger ones before they are pushed."""

    flush_timeout: Duration = 0.2
    """The oldest span waits at most this long for company."""
    min_size: int = Field(default=8192, ge=0)
    """Push as soon as this many spans wait."""
    max_size: int = Field(default=0, ge=0)
    """Never join more than this many spans; 0 is no limit beyond `min_size`."""
    max_bytes: int = Field(default=32 << 20, ge=1)
    """Never join more than this many bytes: a few spans may carry long conversations."""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.max_size and self.max_size < self.min_size:
            raise ValueError(f"max_size {self.max_size} is below min_size {self.min_size}")
        return self


class SendingQueue(ConfigModel):
    """What waits between the pipeline and the backend."""

    enabled: bool = True
    """`false` pushes in the pipeline's own thread: the agent waits for the backend."""
    num_consumers: int = Field(default=2, ge=1, le=64)
    """How many pushes may be under way at once."""
    queue_size: int = Field(default=1000, ge=1)
    """How much may wait, in units of `sizer`. A full queue refuses, and the agent tries again."""
    sizer: Literal["requests", "items", "bytes"] = "requests"
    """What `queue_size` counts: batches, spans, or bytes."""
    block_on_overflow: bool = False
    """Wait for room, at most `timeout`, before refusing."""
    batch: QueueBatch | None = None
    """Join small batches; none by default."""


class RetryOnFailure(ConfigModel):
    """How often a push that may succeed later is tried again."""

    enabled: bool = True
    """`false` fails on the first error."""
    initial_interval: Duration = 5.0
    """The wait before the first retry."""
    randomization_factor: float = Field(default=0.5, ge=0, le=1)
    """Each wait is spread by this share, up and down."""
    multiplier: float = Field(default=1.5, ge=1)
    """Each wait is this many times the one before."""
    max_interval: Duration = 30.0
    """No wait is longer, unless the backend asks for it."""
    max_elapsed_time: Duration = 300.0
    """Give up after this long, and count the spans as failed; 0 never gives up."""


class ExporterConfig(ComponentConfig):
    """Base of every exporter's `Config`."""

    processors: list[str] = []
    """Processors that only this exporter's spans pass, in order."""
    sending_queue: SendingQueue = SendingQueue()
    """What waits between the pipeline and the backend."""
    retry_on_failure: RetryOnFailure = RetryOnFailure()
    """How often a failed push is tried again."""
    timeout: Duration = 10.0
    """How long one push may take."""
