"""From the policies' verdicts to one decision, and what is remembered of it."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from collector import Clock, SpanRecord
from processors.tail_sampling.policies.base import Policy, Setup, Verdict, Weight
from processors.tail_sampling.policies.registry import PolicyConfig
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
    ) -> None:
        """`first_match`: the first policy that samples decides. `failed` is told of policies
        that raise; these then have no say.
        """
        setup = Setup(clock)
        self._policies = [Named(config.name, config.build(setup)) for config in configs]
        self._observers = setup.observers
        self._learners: list[Policy[Any]] = setup.learners
        self._final = (Verdict.DROPPED, *((Verdict.SAMPLED,) if first_match else ()))
        self._failed = failed

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

    def decide(self, summary: Summary) -> Decision:
        """Decide on the evidence so far, and let the policies learn from it. Does not raise."""
        first = self._verdicts(summary)
        decision = _combine(first, summary)
        for learner in self._learners:
            try:
                learner.learn(summary)
            except Exception as error:
                self._failed(error)
        return decision

    def _verdicts(self, summary: Summary) -> Sequence[Named | None]:
        """The first policy of each verdict."""
        first: list[Named | None] = [None] * len(Verdict)
        for named in self._policies:
            try:
                verdict = named.policy.decide(summary)
            except Exception as error:
                self._failed(error)
                continue
            if first[verdict] is None:
                first[verdict] = named
            if verdict in self._final:
                break
        return first


def _combine(first: Sequence[Named | None], summary: Summary) -> Decision:
    not_sampled, sampled, dropped, invert_sampled, invert_not_sampled = first
    if dropped:
        return Decision("dropped", dropped.name)
    if invert_not_sampled:
        return Decision("not_sampled", invert_not_sampled.name)
    winner = sampled or (None if not_sampled else invert_sampled)
    if winner is None:
        return _NOT_SAMPLED
    weight, threshold = winner.policy.weight, winner.policy.threshold(summary)
    if weight is Weight.THRESHOLD and not threshold:
        weight = Weight.ONE
    return Decision("sampled", winner.name, weight, summary.head, threshold)


class DecisionCache:
    """The latest decisions, so that late spans follow them. Not thread-safe."""

    def __init__(self, sampled_size: int, non_sampled_size: int) -> None:
        """How many traces of each kind are remembered; 0 is none."""
        self._sampled: OrderedDict[bytes, Decision] = OrderedDict()
        self._non_sampled: OrderedDict[bytes, Decision] = OrderedDict()
        self._sizes = sampled_size, non_sampled_size

    def get(self, trace_id: bytes) -> Decision | None:
        """The decision on the trace, if it is still remembered."""
        for side in (self._sampled, self._non_sampled):
            decision = side.get(trace_id)
            if decision is not None:
                side.move_to_end(trace_id)
                return decision
        return None

    def put(self, trace_id: bytes, decision: Decision) -> None:
        """Remember a decision; the one that was not asked for longest goes."""
        side = self._sampled if decision.kept else self._non_sampled
        size = self._sizes[0 if decision.kept else 1]
        side[trace_id] = decision
        if len(side) > size:
            side.popitem(last=False)
