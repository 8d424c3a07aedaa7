"""Settings of `head_sampling`."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from collector import ComponentConfig, ConfigModel
from processors._match import MatchProperties
from processors.head_sampling.canary import read_values

TRACE_ID = "trace_id"
"""What stands for the trace's id in `key`."""
DEFAULT = "default"
CANARY = "canary"
PRIORITY = "priority"
_TAKEN = (DEFAULT, CANARY, PRIORITY)


class RuleConfig(ConfigModel):
    """Another percentage for some traces."""

    name: str = Field(default="", max_length=64)
    """What the metric calls it; `rule 1` and so on if not given."""
    match: MatchProperties
    """Which: those with a span that this matches, in the notation of the `filter` processor."""
    percentage: float = Field(ge=0, le=100)
    """How much of these is in the sample, in percent."""


class CanaryConfig(ConfigModel):
    """Those who are always in the sample."""

    key: str = Field(default="user.id", min_length=1)
    """The attribute of a span or resource that says who it is, as it is at this place in the chain:
    behind `redaction` that may be a pseudonym."""
    values: list[str] = []
    """Who is always in the sample."""
    file: Path | None = None
    """More of them, one a line; lines that begin with `#` are comments. It is read again when it
    has changed; while it cannot be read, the list before holds. Relative to the working
    directory."""

    @field_validator("file")
    @classmethod
    def _can_be_read(cls, file: Path | None) -> Path | None:
        if file is not None:
            read_values(file)
        return file

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if not self.values and self.file is None:
            raise ValueError("nobody is in the cohort: give values or a file")
        return self


class HeadSamplingConfig(ComponentConfig):
    """A deterministic share of users, sessions or traces."""

    percentage: float = Field(default=10.0, ge=0, le=100)
    """How much is in the sample, in percent."""
    key: list[str] = ["user.id", "session.id", "gen_ai.conversation.id"]
    """Attributes whose value is hashed, the best first, looked for on the spans of the trace and
    on their resource; the trace id where none is there. `trace_id` at the end says so."""
    rules: list[RuleConfig] = []
    """Other percentages for some traces. The first rule that matches a span of the trace seen so
    far holds; `percentage` where none does."""
    canary: CanaryConfig | None = None
    """Users, or values of any attribute, whose traces are always in the sample."""
    sampling_priority: bool = True
    """Whether the attribute `sampling.priority` on any span decides for the trace: above 0 it is in
    the sample, at 0 it is not, unless it is in the canary."""
    mode: Literal["defer", "drop"] = "defer"
    """`defer` only marks the spans, for the policy `head_sampled` of `tail_sampling`; `drop`
    drops what is outside the sample at once."""
    hash_seed: int = Field(default=0, ge=0, le=0xFFFFFFFF)
    """Another seed is another sample. Collectors that should agree need the same seed."""
    trace_cache_size: int = Field(default=50_000, ge=0)
    """For how many traces key and rule are remembered, so that later spans follow them."""

    @field_validator("key")
    @classmethod
    def _trace_id_is_last(cls, key: list[str]) -> list[str]:
        if TRACE_ID in key[:-1]:
            raise ValueError(
                "trace_id is in every trace, so what follows is never used: put it last"
            )
        return key

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [*_TAKEN, *self.rule_names]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"rules: the name {twice!r} is taken: choose another")
        return self

    @property
    def rule_names(self) -> list[str]:
        """What the metric calls each rule."""
        return [rule.name or f"rule {number}" for number, rule in enumerate(self.rules, start=1)]
