"""What a policy is: settings, an opinion on a summary, and perhaps a look at every span."""

from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from collector import Clock, ConfigModel, SpanRecord
from processors.tail_sampling.summary import Summary


class Verdict(IntEnum):
    """A policy's opinion on one trace, in the Collector's terms."""

    NOT_SAMPLED = 0
    SAMPLED = 1
    DROPPED = 2
    """Not sampled, whatever the others say."""
    INVERT_SAMPLED = 3
    """Sampled if no policy says not sampled (`invert_match`)."""
    INVERT_NOT_SAMPLED = 4
    """Not sampled, unless dropped anyway (`invert_match`)."""

    @staticmethod
    def of(matched: bool) -> "Verdict":
        """SAMPLED where matched."""
        return _VERDICTS[matched]

    @property
    def positive(self) -> bool:
        """Whether a combining policy takes it for sampled."""
        return self in (Verdict.SAMPLED, Verdict.INVERT_SAMPLED)


_VERDICTS = tuple(Verdict)  # in Python 3.11, looking a member up by name costs a call


class Weight(IntEnum):
    """How many traces a kept one stands for; the larger wins where policies are combined."""

    ONE = 0
    """Every trace like it is kept: `th:0`."""
    HEAD = 1
    """It was kept because it is in the head sample: that sample's `th`."""
    THRESHOLD = 2
    """It reached the policy's own `threshold`: that `th`."""
    UNKNOWN = 3
    """Chance had a part in it that `th` cannot express: no `th`."""


class EmptySettings(ConfigModel):
    """There is nothing to set."""


S = TypeVar("S", bound=ConfigModel)


class Watcher(Protocol):
    """Looks at spans as they arrive and keeps what it found in its slot of `summary.state`."""

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Take in spans of the trace: change its slot, None to begin with."""
        ...


def unnoticed(_limit: str) -> None:
    """Where nobody counts what did not fit."""


class Setup:
    """What a policy is built with; it collects those that want more than to decide."""

    def __init__(self, clock: Clock, overflowed: Callable[[str], None] = unnoticed) -> None:
        """`overflowed` is told the name of a limit whenever something does not fit."""
        self.clock = clock
        self.overflowed = overflowed
        self.observers: list[Watcher] = []
        self.learners: list[Policy[Any]] = []
        self.built: list[tuple[str, Policy[Any]]] = []
        """Every policy, also those that others combine, with its name in the configuration."""

    def slot(self, watcher: Watcher) -> int:
        """Show `watcher` every span from now on; returns its place in `summary.state`."""
        self.observers.append(watcher)
        return len(self.observers) - 1


class Policy(Generic[S]):
    """One rule. `Settings` is the model of the policy's own section of the YAML.

    `decide` and `learn` are called from one thread at a time, `observe` perhaps from another, but
    never for the same summary: only what a policy shares between summaries needs a lock.
    """

    Settings: ClassVar[type[ConfigModel]] = EmptySettings
    weight: Weight = Weight.ONE
    lasting: bool = False
    """Whether its SAMPLED or DROPPED holds whatever else arrives, and asking spends nothing; such a
    policy may be asked while the trace is still coming in. May be set by the constructor."""

    def __init__(self, settings: S, setup: Setup) -> None:
        self.settings = settings
        self.clock = setup.clock
        if type(self).learn is not Policy.learn:
            setup.learners.append(self)

    def decide(self, summary: Summary) -> Verdict:
        """The policy's opinion on the trace as it is known so far."""
        raise NotImplementedError

    def threshold(self, summary: Summary) -> int:  # noqa: ARG002
        """The rejection threshold, of 2^56, that the trace's randomness had to reach.

        Asked right after `decide` sampled this trace. 0 where chance had no part in it.
        """
        return 0

    def learn(self, summary: Summary) -> None:
        """Called once for every trace, after all policies have decided on it."""


class Observer(Policy[S]):
    """A policy that looks at spans as they arrive and keeps what it found in `summary.state`."""

    def __init__(self, settings: S, setup: Setup) -> None:
        super().__init__(settings, setup)
        self.slot = setup.slot(self)

    def observe(self, summary: Summary, records: Sequence[SpanRecord]) -> None:
        """Take in spans of the trace: change `summary.state[self.slot]`, None to begin with."""
        raise NotImplementedError
