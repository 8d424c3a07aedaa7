"""Policies that keep so much a second: token buckets, as in the Collector."""

from pydantic import Field

from collector import Clock, ConfigModel
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.summary import Summary


class TokenBucket:
    """Full to begin with; fills at a rate, up to its capacity. Not thread-safe."""

    def __init__(self, clock: Clock, per_second: int, capacity: int) -> None:
        """A `capacity` of 0 is twice the rate."""
        self._clock = clock
        self._rate = per_second
        self._capacity = float(capacity or 2 * per_second)
        self._tokens = self._capacity
        self._filled = clock.monotonic()

    def take(self, tokens: int) -> bool:
        """Spend so many tokens, if they are there."""
        now = self._clock.monotonic()
        gained = (now - self._filled) * self._rate
        self._tokens, self._filled = min(self._capacity, self._tokens + gained), now
        if tokens > self._tokens:
            return False
        self._tokens -= tokens
        return True


class RateLimitingSettings(ConfigModel):
    """How many spans."""

    spans_per_second: int = Field(gt=0)
    """On average."""
    burst_capacity: int = Field(default=0, ge=0)
    """At once, after a pause; 0 is twice `spans_per_second`. A trace with more spans is never
    sampled."""


class RateLimiting(Policy[RateLimitingSettings]):
    """Keeps whole traces up to a rate of spans."""

    Settings = RateLimitingSettings
    weight = Weight.UNKNOWN

    def __init__(self, settings: RateLimitingSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._bucket = TokenBucket(setup.clock, settings.spans_per_second, settings.burst_capacity)

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if there is a token for each span; these are then spent."""
        return Verdict.of(self._bucket.take(summary.spans))


class BytesLimitingSettings(ConfigModel):
    """How many bytes of serialized spans."""

    bytes_per_second: int = Field(gt=0)
    """On average."""
    burst_capacity: int = Field(default=0, ge=0)
    """At once, after a pause; 0 is twice `bytes_per_second`. A larger trace is never sampled."""


class BytesLimiting(Policy[BytesLimitingSettings]):
    """Keeps whole traces up to a rate of bytes, as they are held: the OTLP messages."""

    Settings = BytesLimitingSettings
    weight = Weight.UNKNOWN

    def __init__(self, settings: BytesLimitingSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._bucket = TokenBucket(setup.clock, settings.bytes_per_second, settings.burst_capacity)

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if there is a token for each byte; these are then spent."""
        return Verdict.of(self._bucket.take(summary.size))
