"""The policy that gives each of its policies a share of a rate."""

from typing import TYPE_CHECKING, Any, Self, TypeAlias

from pydantic import Field, model_validator

from collector import ConfigModel
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.summary import Summary

if TYPE_CHECKING:
    from processors.tail_sampling.policies.registry import PolicyConfig

    AnyPolicyConfig: TypeAlias = PolicyConfig


class RateAllocation(ConfigModel):
    """The share of one policy."""

    policy: str
    """The name of a policy in `composite_sub_policy`."""
    percent: int = 0
    """Of `max_total_spans_per_second`; 0 is an equal share."""


class CompositeSettings(ConfigModel):
    """Which policies, in which order, and how much each of them may keep."""

    max_total_spans_per_second: int = Field(ge=0)
    """What the shares are shares of. Shares over 100 percent together exceed it, as in the
    Collector."""
    policy_order: list[str] = []
    """Names of `composite_sub_policy`, the first to be asked first; those that are not named
    follow in their own order."""
    composite_sub_policy: "list[AnyPolicyConfig]" = Field(min_length=1)
    """Policies as in `policies`."""
    rate_allocation: list[RateAllocation] = []
    """Shares; a policy without one has an equal share: `max_total_spans_per_second` divided by
    the number of policies."""

    @model_validator(mode="after")
    def _names_are_known(self) -> Self:
        names = [policy.name for policy in self.composite_sub_policy]
        if len(set(names)) < len(names):
            raise ValueError("composite_sub_policy: two have the same name; give each its own")
        self._check("policy_order", self.policy_order, names)
        self._check("rate_allocation", [share.policy for share in self.rate_allocation], names)
        return self

    @staticmethod
    def _check(where: str, used: list[str], names: list[str]) -> None:
        for name in used:
            if name not in names:
                raise ValueError(f"{where}: there is no {name!r}: use {', '.join(names)}")
            if used.count(name) > 1:
                raise ValueError(f"{where}: {name!r} stands there twice: remove one")


class _Share:
    """A policy and how many spans of the current second it has kept."""

    def __init__(self, policy: Policy[Any], limit: int) -> None:
        self.policy = policy
        self.limit = limit
        self.kept = 0


class Composite(Policy[CompositeSettings]):
    """Asks its policies in their order; the first that samples a trace keeps it, as long as its
    share of the current second lasts.

    As in the Collector, a trace for which there is no room left is not offered to the policies
    that follow. The Collector asks in the order of `composite_sub_policy` whatever
    `policy_order` says (contrib issue 36955); here `policy_order` holds.
    """

    Settings = CompositeSettings
    weight = Weight.UNKNOWN

    def __init__(self, settings: CompositeSettings, setup: Setup) -> None:
        super().__init__(settings, setup)
        total = settings.max_total_spans_per_second
        percents = {share.policy: share.percent for share in settings.rate_allocation}
        equal = total / len(settings.composite_sub_policy)
        shares = {}
        for config in settings.composite_sub_policy:
            percent = percents.get(config.name, 0)
            limit = int(percent / 100 * total if percent > 0 else equal)
            shares[config.name] = _Share(config.build(setup), min(limit, total))
        order = [*settings.policy_order, *shares]
        self._shares = [shares[name] for name in dict.fromkeys(order)]
        self._second = 0

    def decide(self, summary: Summary) -> Verdict:
        """Sampled if the first policy that samples has room left for the spans."""
        second = int(self.clock.now())
        if second != self._second:
            self._second = second
            for share in self._shares:
                share.kept = 0
        for share in self._shares:
            if share.policy.decide(summary).positive:
                return self._keep(share, summary.spans)
        return Verdict.NOT_SAMPLED

    @staticmethod
    def _keep(share: _Share, spans: int) -> Verdict:
        fits = share.kept + spans <= share.limit
        share.kept += spans * fits
        return Verdict.of(fits)
