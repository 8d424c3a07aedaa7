"""The settings of `tail_sampling`, named as in the Collector."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from collector import ComponentConfig, ConfigModel, Duration, MistakesError
from processors.tail_sampling.policies.registry import AnyPolicyConfig, PolicyConfig

MAX_AGE = 86_400.0
_DEFAULT_POLICIES: list[dict[str, Any]] = [
    {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
    {"name": "slow", "type": "latency_percentile", "latency_percentile": {"percentile": 99}},
    {"name": "guardrails", "type": "guardrail"},
    {"name": "sampled", "type": "head_sampled"},
]


def _default_policies() -> list[PolicyConfig]:
    return TypeAdapter(list[AnyPolicyConfig]).validate_python(_DEFAULT_POLICIES)


class DecisionCacheConfig(ConfigModel):
    """For how many traces the decision is remembered, so that late spans follow it.

    Late spans of a trace that is not remembered are decided as a trace of their own. Decisions
    are kept in `service.storage`, so a restart forgets none.
    """

    sampled_cache_size: int = Field(default=50_000, ge=0)
    """Kept traces to remember."""
    non_sampled_cache_size: int = Field(default=50_000, ge=0)
    """Dropped traces to remember."""


class TailSamplingConfig(ComponentConfig):
    """Whole traces are kept or dropped, when enough of them has arrived."""

    policies: list[AnyPolicyConfig] = Field(
        default_factory=_default_policies, min_length=1, validate_default=False
    )
    """What is kept. Without it: errors, traces slower than the 99th percentile, guardrails that
    intervened, and what `head_sampling` chose."""
    decision_wait: Duration = 30.0
    """A trace is decided this long after its first span."""
    decision_wait_after_root_received: Duration = 0.0
    """A trace is decided this long after its root span, if that is sooner; 0 is off."""
    inactivity_wait: Duration = 0.0
    """A trace is decided when no span of it has come for this long, and not before
    `decision_wait`: for runs whose length nobody knows. 0 is off."""
    max_age: Duration = Field(default=MAX_AGE, gt=0)
    """With `inactivity_wait`, a trace is decided at the latest this long after its first span."""
    decide_early: bool = True
    """A trace is decided as soon as a policy has spoken that nothing can overturn, such as one
    for errors where no `drop` policy is; what comes after follows at once."""
    dry_run: bool = False
    """Decide, but drop nothing: `winnow.sampling.decision` says on every span what would have
    become of it, and the metrics count it so."""
    num_traces: int = Field(default=50_000, ge=1)
    """So many traces may be open. Where there are more, the oldest are decided early, on the
    evidence so far."""
    max_bytes: int | None = Field(default=None, ge=1)
    """So many bytes of spans may be open; beyond, the oldest traces are decided early. Without
    it 256 MiB, or 16 GiB where `service.storage` keeps them on disk."""
    maximum_trace_size_bytes: int = Field(default=0, ge=0)
    """A trace with more is decided early; 0 is no limit."""
    block_on_overflow: bool = False
    """Where `num_traces` are open, new ones wait for some seconds and are then refused, instead
    of having the oldest decided early."""
    expected_new_traces_per_sec: int = Field(default=0, ge=0)
    """Accepted for the Collector's sake; nothing needs to be allocated ahead."""
    num_shards: int = Field(default=1, ge=1)
    """Accepted for the Collector's sake; one thread decides."""
    sampling_strategy: Literal["trace-complete", "span-ingest"] = "trace-complete"
    """Only `trace-complete` is supported."""
    decision_cache: DecisionCacheConfig = DecisionCacheConfig()
    """How long decisions are remembered."""
    sample_on_first_match: bool = False
    """The first policy that samples decides, and later ones are not asked; `drop` policies are
    asked before all others, wherever they stand."""
    drop_pending_traces_on_shutdown: bool = False
    """Drop what is open at the end. Otherwise it stays in `service.storage` for the next start,
    or, kept in memory only, is decided on the evidence so far."""

    @property
    def head_sampled(self) -> list[str]:
        """The names of the policies of this type that the file has, also within others."""
        written = self.policies if "policies" in self.model_fields_set else []
        return [policy.name for policy in _with_inner(written) if policy.type == "head_sampled"]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        mistakes = [*self._same_names()]
        mistakes += [((key,), problem) for wrong, key, problem in self._nonsense() if wrong]
        if mistakes:
            raise MistakesError(mistakes)
        return self

    def _same_names(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        seen: set[str] = set()
        for number, policy in enumerate(self.policies):
            if policy.name in seen:
                problem = f"two have the name {policy.name!r}; give each its own"
                yield ("policies", number), problem
            seen.add(policy.name)

    def _nonsense(self) -> Iterator[tuple[bool, str, str]]:
        last = "max_age" if self.inactivity_wait else "decision_wait"
        longest = self.max_age if self.inactivity_wait else self.decision_wait
        yield (
            self.sampling_strategy != "trace-complete",
            "sampling_strategy",
            "span-ingest is not supported; decide_early, which is on unless "
            "switched off, decides as spans come where the decision cannot change",
        )
        yield (
            not self.inactivity_wait and self.max_age != MAX_AGE,
            "max_age",
            "has no effect without inactivity_wait",
        )
        yield (
            bool(self.inactivity_wait) and self.max_age <= self.decision_wait,
            "max_age",
            "must be longer than decision_wait",
        )
        yield (
            self.inactivity_wait >= self.max_age,
            "inactivity_wait",
            "must be shorter than max_age, which ends the wait anyway",
        )
        yield (
            self.decision_wait_after_root_received > longest,
            "decision_wait_after_root_received",
            f"is longer than {last}, which ends the wait anyway",
        )
        yield (
            self.max_bytes is not None and self.maximum_trace_size_bytes > self.max_bytes,
            "maximum_trace_size_bytes",
            "is more than max_bytes, the limit for all traces together",
        )


def _with_inner(policies: Iterable[PolicyConfig]) -> Iterator[PolicyConfig]:
    """The policies, and those that they combine."""
    for policy in policies:
        yield policy
        for value in dict(getattr(policy, policy.type)).values():
            inner = value if isinstance(value, list) else [value]
            yield from _with_inner(one for one in inner if isinstance(one, PolicyConfig))
