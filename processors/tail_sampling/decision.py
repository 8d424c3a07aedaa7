"""From the policies' verdicts to one decision."""

import copy
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from collector import Clock, SpanRecord
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight, unnoticed
from processors.tail_sampling.policies.percentile import PercentilePolicy
from processors.tail_sampling.policies.registry import POLICIES, PolicyConfig
from processors.tail_sampling.summary import Head, Summary

NO_POLICY = "none"


class Decision(NamedTuple):
    """What becomes of a trace, and of its spans that come later."""

    outcome: str
    """`sampled`, `not_sampled`, or `dropped` by a drop policy."""
    policy: str
    """The policy that decided; `none` where no policy sampled the trace."""
    weight: Weight = Weight.UNKNOWN
    """How many traces a kept one stands for."""
    head: Head | None = None
    """What head sampling said of the trace."""
    threshold: int = 0
    """The policy's own rejection threshold, where that is the weight."""

    @property
    def kept(self) -> bool:
        """Whether the trace goes on."""
        return self.outcome == "sampled"


_NOT_SAMPLED = Decision("not_sampled", NO_POLICY)


class Named(NamedTuple):
    """A policy and its name in the configuration."""

    name: str
    policy: Policy[Any]


class Unready(NamedTuple):
    """A policy with a percentile that it could not always tell."""

    policy: str
    """Its name in the configuration."""
    traces: int
    """How many it judged before it had enough samples."""
    min_samples: int
    """How many are enough."""


class Rules:
    """The policies in their order, with the Collector's precedence.

    drop > inverted not sampled > sampled > inverted sampled > not sampled; among equals the first
    policy gives its name.
    """

    def __init__(
        self,
        configs: Sequence[PolicyConfig],
        clock: Clock,
        first_match: bool,
        failed: Callable[[Exception], None],
        overflowed: Callable[[str], None] = unnoticed,
    ) -> None:
        """`first_match`: the first policy that samples decides, `drop` policies being asked first.
        `failed` is told of policies that raise; these then have no say. `overflowed` is told the
        limits that policies meet.
        """
        setup = Setup(clock, overflowed)
        if first_match:  # as the Collector does: nothing that samples can pass a drop policy
            configs = sorted(configs, key=lambda config: config.type != "drop")
        self._policies = [Named(config.name, config.build(setup)) for config in configs]
        self._observers = setup.observers
        self._learners: list[Policy[Any]] = setup.learners
        self._built = setup.built
        self._final = (Verdict.DROPPED, *((Verdict.SAMPLED,) if first_match else ()))
        self._failed = failed
        self._early = _cannot_be_overturned(configs, self._policies, first_match)

    @property
    def asks_early(self) -> bool:
        """Whether `decide_early` can ever say anything."""
        return bool(self._early)

    @property
    def unready(self) -> list[Unready]:
        """The policies that had to judge without their percentile so far."""
        return [
            Unready(name, policy.unready, policy.settings.min_samples)
            for name, policy in self._built
            if isinstance(policy, PercentilePolicy) and policy.unready
        ]

    def summary(self, trace_id: bytes) -> Summary:
        """An empty summary with room for what the policies want to keep."""
        return Summary(trace_id, len(self._observers))

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Take spans of the trace in. Does not raise."""
        try:
            summary.observe(records)
        except Exception as error:
            self._failed(error)
        for observer in self._observers:
            try:
                observer.observe(summary, records)
            except Exception as error:
                self._failed(error)

    def preview(self, summary: Summary, records: Sequence[SpanRecord]) -> Summary:
        """What the summary will be with these spans; the policies do not see them yet."""
        ahead = copy.copy(summary)
        ahead.state = []
        ahead = copy.deepcopy(ahead)
        try:
            ahead.observe(records)
        except Exception as error:
            self._failed(error)
        return ahead

    def decide_early(self, summary: Summary) -> Decision | None:
        """The decision, if one policy has made it whatever else arrives. Does not raise."""
        for named in self._early:
            try:
                verdict = named.policy.decide(summary)
            except Exception as error:
                self._failed(error)
                continue
            if verdict is Verdict.DROPPED:
                return Decision("dropped", named.name)
            if verdict is Verdict.SAMPLED:
                return Decision("sampled", named.name, named.policy.weight, summary.head)
        return None

    def decide(self, summary: Summary) -> Decision:
        """Decide on the evidence so far. Does not raise."""
        first, weights = self._verdicts(summary)
        return _combine(first, weights, summary)

    def learn(self, summary: Summary) -> None:
        """Let the policies learn from a trace that is complete. Does not raise."""
        for learner in self._learners:
            try:
                learner.learn(summary)
            except Exception as error:
                self._failed(error)

    def _verdicts(self, summary: Summary) -> tuple[Sequence[Named | None], set[Weight]]:
        """The first policy of each verdict, and the weights of all that sampled."""
        first: list[Named | None] = [None] * len(Verdict)
        weights = set()
        for named in self._policies:
            try:
                verdict = named.policy.decide(summary)
            except Exception as error:
                self._failed(error)
                continue
            if first[verdict] is None:
                first[verdict] = named
            if verdict is Verdict.SAMPLED:
                weights.add(_weight(named.policy, summary)[0])
            if verdict in self._final:
                break
        return first, weights


def _combine(first: Sequence[Named | None], weights: set[Weight], summary: Summary) -> Decision:
    not_sampled, sampled, dropped, invert_sampled, invert_not_sampled = first
    if dropped:
        return Decision("dropped", dropped.name)
    if invert_not_sampled:
        return Decision("not_sampled", invert_not_sampled.name)
    winner = sampled or (None if not_sampled else invert_sampled)
    if winner is None:
        return _NOT_SAMPLED
    weight, threshold = _weight(winner.policy, summary)
    # A trace that would have been kept anyway stands for itself, whoever kept it first.
    if Weight.ONE in weights:
        weight, threshold = Weight.ONE, 0
    return Decision("sampled", winner.name, weight, summary.head, threshold)


def _weight(policy: Policy[Any], summary: Summary) -> tuple[Weight, int]:
    """What a policy says that a trace stands for which it has just sampled."""
    threshold = policy.threshold(summary)
    if policy.weight is Weight.THRESHOLD and not threshold:
        return Weight.ONE, 0
    return policy.weight, threshold


def _cannot_be_overturned(
    configs: Sequence[PolicyConfig], policies: Sequence[Named], first_match: bool
) -> list[Named]:
    """The policies whose verdict decides, as soon as they have one.

    One that samples does not, where another may say drop, or not sampled by inversion; nor where
    its weight may turn out to be another's. With `first_match` only policies before it matter.
    """
    decisive = []
    vetoes = [_may_veto(config) for config in configs]
    for number, named in enumerate(policies):
        rivals = vetoes[:number] if first_match else vetoes
        drops = configs[number].type == "drop"
        keeps = named.policy.weight is Weight.ONE and not any(rivals)
        if named.policy.lasting and (drops or keeps):
            decisive.append(named)
    return decisive


def _may_veto(config: PolicyConfig) -> bool:
    """Whether the policy may say drop, or not sampled by inversion; one's own may say anything."""
    if config.type == "drop" or config.type not in POLICIES:
        return True
    return bool(getattr(getattr(config, config.type), "invert_match", False))
