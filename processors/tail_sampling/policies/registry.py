"""The table of policies; from it follow the configuration models and their JSON Schema.

Importing this module imports the policies of other distributions, too.
"""

import operator
from collections.abc import Sequence
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from pydantic import Field, create_model, model_validator

from collector import ConfigModel
from processors.tail_sampling.policies.adaptive import Adaptive
from processors.tail_sampling.policies.attributes import (
    BooleanAttribute,
    NumericAttribute,
    StringAttribute,
)
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.policies.chance import Probabilistic
from processors.tail_sampling.policies.composite import Composite, CompositeSettings
from processors.tail_sampling.policies.extensions import extensions
from processors.tail_sampling.policies.latency import Latency, LatencyPercentile
from processors.tail_sampling.policies.limits import BytesLimiting, RateLimiting
from processors.tail_sampling.policies.ottl import OttlCondition
from processors.tail_sampling.policies.propagated import TraceFlags, TraceState
from processors.tail_sampling.policies.retries import Retries
from processors.tail_sampling.policies.seen import (
    ContextUtilization,
    Evaluation,
    FinishReason,
    Guardrail,
)
from processors.tail_sampling.policies.simple import (
    AlwaysSample,
    HeadSampled,
    SpanCount,
    StatusCode,
)
from processors.tail_sampling.policies.usage import Cost, Tokens
from processors.tail_sampling.summary import Summary


class PolicyConfig(ConfigModel):
    """One entry of `policies`: a name, a type, and the section that the type is named after."""

    name: str = Field(min_length=1, max_length=100)
    """Shown in metrics and in `winnow.sampling.policy`."""
    type: str
    """Which policy."""

    def build(self, setup: Setup) -> Policy[Any]:
        """The policy itself."""
        policy = _CLASSES[self.type](getattr(self, self.type), setup)
        setup.built.append((self.name, policy))
        return policy


if TYPE_CHECKING:
    AnyPolicyConfig: TypeAlias = PolicyConfig


class AndSettings(ConfigModel):
    """What must agree."""

    and_sub_policy: "list[AnyPolicyConfig]" = Field(min_length=1)
    """Policies as in `policies`."""


class And(Policy[AndSettings]):
    """Keeps traces that all its policies sample."""

    Settings = AndSettings

    def __init__(self, settings: AndSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._subs = [config.build(setup) for config in settings.and_sub_policy]
        self.weight = max(sub.weight for sub in self._subs)
        self.lasting = all(sub.lasting for sub in self._subs)

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if every sub-policy says so."""
        return Verdict.of(_all_positive(self._subs, summary))

    def threshold(self, summary: Summary) -> int:
        """The highest: all compare the same randomness."""
        return max(sub.threshold(summary) for sub in self._subs)


class DropSettings(ConfigModel):
    """What must agree."""

    drop_sub_policy: "list[AnyPolicyConfig]" = Field(min_length=1)
    """Policies as in `policies`."""


class Drop(Policy[DropSettings]):
    """Drops traces that all its policies sample, whatever other policies say."""

    Settings = DropSettings

    def __init__(self, settings: DropSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._subs = [config.build(setup) for config in settings.drop_sub_policy]
        self.lasting = all(sub.lasting for sub in self._subs)

    def decide(self, summary: Summary) -> Verdict:
        """Dropped if every sub-policy says sampled."""
        agreed = _all_positive(self._subs, summary)
        return Verdict.DROPPED if agreed else Verdict.NOT_SAMPLED


class NotSettings(ConfigModel):
    """What to turn round."""

    not_sub_policy: "AnyPolicyConfig"
    """A policy as in `policies`."""


class Not(Policy[NotSettings]):
    """Keeps traces that its policy does not sample, and no others."""

    Settings = NotSettings

    def __init__(self, settings: NotSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        self._sub = settings.not_sub_policy.build(setup)
        self.weight = Weight.UNKNOWN if self._sub.weight else Weight.ONE

    def decide(self, summary: Summary) -> Verdict:
        """The opposite of the sub-policy's verdict."""
        return Verdict.of(not self._sub.decide(summary).positive)


def _all_positive(policies: Sequence[Policy[Any]], summary: Summary) -> bool:
    return all(policy.decide(summary).positive for policy in policies)


POLICIES: dict[str, type[Policy[Any]]] = {
    "adaptive": Adaptive,
    "always_sample": AlwaysSample,
    "and": And,
    "boolean_attribute": BooleanAttribute,
    "bytes_limiting": BytesLimiting,
    "composite": Composite,
    "context_utilization": ContextUtilization,
    "cost": Cost,
    "drop": Drop,
    "evaluation": Evaluation,
    "finish_reason": FinishReason,
    "guardrail": Guardrail,
    "head_sampled": HeadSampled,
    "latency": Latency,
    "latency_percentile": LatencyPercentile,
    "not": Not,
    "numeric_attribute": NumericAttribute,
    "ottl_condition": OttlCondition,
    "probabilistic": Probabilistic,
    "rate_limiting": RateLimiting,
    "retries": Retries,
    "span_count": SpanCount,
    "status_code": StatusCode,
    "string_attribute": StringAttribute,
    "tokens": Tokens,
    "trace_flags": TraceFlags,
    "trace_state": TraceState,
}
"""Every built-in policy, by its `type`."""


def _has_defaults(settings: type[ConfigModel]) -> bool:
    try:
        settings()
    except Exception:  # whatever the validators of other people's settings raise
        return False
    return True


def _model(kind: str, policy: type[Policy[Any]]) -> type[PolicyConfig]:
    settings = policy.Settings
    section = Field(default_factory=settings) if _has_defaults(settings) else Field()
    fields: dict[str, Any] = {"type": (Literal[kind], ...), kind: (settings, section)}
    return create_model(f"{policy.__name__}Config", __base__=PolicyConfig, **fields)


def _broken_model(kind: str, problem: str) -> type[PolicyConfig]:
    """A policy that is told to be unusable where somebody wants to use it, and nowhere else."""

    def refuse(_: Any) -> Any:
        raise ValueError(problem)

    fields: dict[str, Any] = {"type": (Literal[kind], ...)}
    checks: dict[str, Any] = {"refuse": model_validator(mode="before")(refuse)}
    name = f"Broken{kind.title()}Config"
    return create_model(name, __base__=PolicyConfig, __validators__=checks, **fields)


_EXTENSIONS = list(extensions(POLICIES, dir(PolicyConfig) + list(PolicyConfig.model_fields)))
_BROKEN = {found.name: found.problem for found in _EXTENSIONS if found.policy is None}
_OFFERED = POLICIES | {found.name: found.policy for found in _EXTENSIONS if found.policy}
_CLASSES = {kind: policy for kind, policy in _OFFERED.items() if kind not in _BROKEN}
# On one line each: pydantic reads the source of the line that makes a model, for its docstrings.
_MODELS = [_model(kind, policy) for kind, policy in _CLASSES.items()]
_MODELS += [_broken_model(kind, problem) for kind, problem in _BROKEN.items()]

if not TYPE_CHECKING:
    AnyPolicyConfig = Annotated[reduce(operator.or_, _MODELS), Field(discriminator="type")]

_recursive: list[type[ConfigModel]] = [
    AndSettings,
    CompositeSettings,
    DropSettings,
    NotSettings,
    *_MODELS,
]
for _model_class in _recursive:
    _model_class.model_rebuild()
