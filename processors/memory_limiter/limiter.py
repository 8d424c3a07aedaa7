"""The memory limiter: between the soft and the hard limit lies what is already under way."""

import threading
from collections.abc import Iterator
from typing import Any, Self

from pydantic import Field, model_validator

from collector import (
    Batch,
    ComponentConfig,
    Context,
    Duration,
    MistakesError,
    Processor,
    RefusedError,
)
from processors.memory_limiter import memory

MIB = 1 << 20
DEFAULT_MIB = 512
_LIMITS = ("limit_mib", "limit_percentage")


class MemoryLimiterConfig(ComponentConfig):
    """How much memory the process may use. Below the limit lies room for spikes: from
    `limit - spike_limit` on, spans are refused, and the agents send them again.
    """

    check_interval: Duration = 1.0
    """How old a measurement may be while less than half of the soft limit is used; from there on
    every batch is measured. While spans are refused, memory is given back to the system this
    often."""
    limit_mib: int | None = Field(default=None, ge=1)
    """The most memory that the process should use, in MiB; 512 if no limit is given."""
    spike_limit_mib: int | None = Field(default=None, ge=1)
    """The room for spikes, in MiB; a fifth of the limit if not given."""
    limit_percentage: int | None = Field(default=None, ge=1, le=100)
    """The limit as a share of the container's or machine's memory, in percent; `limit_mib` goes
    first where both are given."""
    spike_limit_percentage: int | None = Field(default=None, ge=1, le=100)
    """The room for spikes as a share of the container's or machine's memory, in percent."""
    min_gc_interval_when_soft_limited: Duration = 10.0
    """The least time between forced garbage collections above the soft limit."""
    min_gc_interval_when_hard_limited: Duration = 1.0
    """The least time between forced garbage collections above the limit itself."""

    @model_validator(mode="before")
    @classmethod
    def _some_limit(cls, given: Any) -> Any:
        settings = {} if given is None else given
        if isinstance(settings, dict) and settings.keys().isdisjoint(_LIMITS):
            return {**settings, "limit_mib": DEFAULT_MIB}
        return given

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        mistakes = [((key,), problem) for key, problem in self._mistakes()]
        if mistakes:
            raise MistakesError(mistakes)
        return self

    def _mistakes(self) -> Iterator[tuple[str, str]]:
        unit, other = ("percentage", "mib") if self.by_percentage else ("mib", "percentage")
        limit = getattr(self, f"limit_{unit}") or DEFAULT_MIB
        spike = getattr(self, f"spike_limit_{unit}")
        if getattr(self, f"spike_limit_{other}") is not None:
            yield (
                f"spike_limit_{other}",
                f"does not go with limit_{unit}: use spike_limit_{unit}",
            )
        if spike is not None and spike >= limit:
            yield (
                f"spike_limit_{unit}",
                f"{spike} leaves nothing of limit_{unit} {limit}: lower it",
            )
        if self.min_gc_interval_when_soft_limited < self.min_gc_interval_when_hard_limited:
            yield (
                "min_gc_interval_when_soft_limited",
                "is below min_gc_interval_when_hard_limited: raise it",
            )

    @property
    def by_percentage(self) -> bool:
        """Whether the limit is a share of the memory there is."""
        return self.limit_mib is None and self.limit_percentage is not None

    def limits(self, total: int) -> tuple[int, int]:
        """The soft and the hard limit in bytes, where the process may use `total` bytes."""
        if self.by_percentage:
            hard = total * (self.limit_percentage or 0) // 100
            spike = total * (self.spike_limit_percentage or 0) // 100
        else:
            hard = (self.limit_mib or DEFAULT_MIB) * MIB
            spike = (self.spike_limit_mib or 0) * MIB
        return hard - (spike or hard // 5), hard


class MemoryLimiter(Processor[MemoryLimiterConfig]):
    """Refuses spans while the process's resident memory is above the soft limit.

    There is no thread of its own: memory is measured (some microseconds) when a batch comes,
    so that no burst slips in between two looks.
    """

    Config = MemoryLimiterConfig
    mutates = False

    def __init__(self, config: MemoryLimiterConfig, context: Context) -> None:
        super().__init__(config, context)
        self.read_memory = memory.resident
        self.trim = memory.trimmer()
        self.collect = memory.collect
        self._soft, self._hard = config.limits(memory.total() if config.by_percentage else 0)
        self._lock = threading.Lock()
        self._used = 0
        self._refusing = False
        self._measured = self._trimmed = self._collected = float("-inf")

    def start(self) -> None:
        """Publish the gauge; warn where the limit cannot be kept."""
        used = self.read_memory()
        log = self.context.logger
        if used is None:
            log.warning("memory cannot be measured on this system: nothing is limited")
            return
        self.context.counts.metrics.gauge(
            "winnow_process_memory_rss_bytes", "Resident memory of the collector."
        ).set_function(lambda: self.read_memory() or 0)
        if used >= self._soft:
            log.warning(
                "memory is above the soft limit before any span came: raise limit_mib",
                used_mib=used // MIB,
                soft_limit_mib=self._soft // MIB,
            )

    def process(self, _: Batch) -> None:
        """Let the batch pass. Raises RefusedError while memory is short."""
        # One thread looks; the others need not wait for it and go by the look before.
        if self._lock.acquire(blocking=False):
            try:
                self._look(self.context.clock.monotonic())
            finally:
                self._lock.release()
        if self._refusing:
            raise RefusedError(
                "memory_limited",
                "the collector is short of memory: send again later, or raise limit_mib",
                retry_after=max(1.0, self.config.check_interval),
            )

    def _look(self, now: float) -> None:
        if self._used < self._soft // 2 and now - self._measured < self.config.check_interval:
            return
        self._measured = now
        self._measure()
        if self._used >= self._soft:
            self._give_back(now)
        self._turn(self._used >= self._soft)

    def _measure(self) -> None:
        self._used = self.read_memory() or 0

    def _give_back(self, now: float) -> None:
        """Free what can be freed, without spending all time on it, and measure again."""
        config = self.config
        interval = (
            config.min_gc_interval_when_hard_limited
            if self._used >= self._hard
            else config.min_gc_interval_when_soft_limited
        )
        if now - self._collected >= interval:
            self.collect()
            self._collected = now
        elif now - self._trimmed < config.check_interval:
            return
        # Freed memory stays with the allocator until it is told: without this, refusing might
        # never end.
        self.trim()
        self._trimmed = now
        self._measure()

    def _turn(self, refusing: bool) -> None:
        if refusing == self._refusing:
            return
        self._refusing = refusing
        log, used = self.context.logger, self._used // MIB
        if refusing:
            log.warning(
                "memory is short, refusing spans", used_mib=used, limit_mib=self._hard // MIB
            )
        else:
            log.info("memory is back below the soft limit", used_mib=used)
