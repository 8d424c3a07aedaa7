"""Old traces before new policies, to see what these would have kept."""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from collector import Batch, Processor, SpanRecord
from collector import tracestate as ts
from processors.tail_sampling.config import TailSamplingConfig
from processors.tail_sampling.decision import Decision, Rules, Unready
from processors.tail_sampling.stamp import final_tracestate
from processors.tail_sampling.summary import POLICY_ATTRIBUTE, Summary

T = TypeVar("T")

Failed: TypeAlias = Callable[[Exception], None]

HEAD_SAMPLED_OUT = "head_sampled_out"
"""What decided where head sampling dropped the trace."""

_WRITTEN = ("winnow.sampling.", "winnow.trace.")
"""How the attributes begin that a decision writes on spans."""


class Earlier(NamedTuple):
    """What an earlier sampler said of a trace that it kept."""

    policy: str = ""
    """The policy that kept it; empty where none is named."""
    randomness: int | None = None
    threshold: int | None = None
    """The rejection threshold that it was kept by, of 56 bits; None where none is told."""

    @property
    def stands_for(self) -> float:
        """How many traces it stands for; 1 where no threshold tells."""
        return _count(self.threshold)


class Outcome(NamedTuple, Generic[T]):
    """What would become of a trace."""

    tag: T
    """What the trace was handed in with."""
    earlier: Earlier
    kept: bool
    policy: str
    """The policy that decided, `none` where no policy sampled the trace, or `head_sampled_out`."""
    stands_for: float = 0.0
    """How many kept traces it stands for, by the threshold that it was kept by before."""


class _DataClock:
    """Goes with the data, and never back."""

    def __init__(self) -> None:
        self._time = 0.0

    def advance(self, time: float) -> None:
        """To this time, in seconds since the Unix epoch, if it is later."""
        self._time = max(self._time, time)

    def now(self) -> float:
        """Seconds since the Unix epoch."""
        return self._time

    monotonic = now


class _Open(NamedTuple, Generic[T]):
    due: float
    summary: Summary
    earlier: Earlier
    tag: T


class Replay(Generic[T]):
    """Runs samplers over whole traces, on a clock that follows them.

    A trace is decided `decision_wait` after its last span ended, or earlier where more than
    `num_traces` are open, on all its spans.
    """

    def __init__(
        self, config: TailSamplingConfig, before: Sequence[Processor[Any]], failed: Failed
    ) -> None:
        """`before` are the samplers that spans pass first; `failed` is told of policies that
        raise.
        """
        self._before = before
        self._clock = _DataClock()
        first_match = config.sample_on_first_match
        self._rules = Rules(config.policies, self._clock, first_match, failed)
        self._wait = config.decision_wait
        self._most = config.num_traces
        self._open: deque[_Open[T]] = deque()

    def add(self, batch: Batch, finished: float, tag: T) -> list[Outcome[T]]:
        """Take in one whole trace that ended at `finished`, in seconds since the Unix epoch.

        Traces come in the order of their end. What an earlier decision wrote on the spans is
        taken off. Returns what was decided until then.
        """
        decided = self._decide_until(finished)
        self._clock.advance(finished)
        earlier = _earlier(batch.spans)
        _unstamp(batch.spans)
        for processor in self._before:
            processor.process(batch)
        if not batch.span_count:
            return [*decided, Outcome(tag, earlier, False, HEAD_SAMPLED_OUT)]
        self._open.append(_Open(finished + self._wait, self._summary(batch), earlier, tag))
        while len(self._open) > self._most:
            decided.append(self._decide_next())
        return decided

    def _summary(self, batch: Batch) -> Summary:
        ((trace_id, records),) = batch.by_trace().items()
        summary = self._rules.summary(trace_id)
        self._rules.observe(summary, records)
        summary.size = len(batch.payload)
        return summary

    def finish(self) -> list[Outcome[T]]:
        """Decide what is still open."""
        return self._decide_until(float("inf"))

    @property
    def unready(self) -> list[Unready]:
        """The policies that had to judge without their percentile so far."""
        return self._rules.unready

    def _decide_until(self, time: float) -> list[Outcome[T]]:
        decided = []
        while self._open and self._open[0].due <= time:
            self._clock.advance(self._open[0].due)
            decided.append(self._decide_next())
        return decided

    def _decide_next(self) -> Outcome[T]:
        _, summary, earlier, tag = self._open.popleft()
        decision = self._rules.decide(summary)
        self._rules.learn(summary)
        stands_for = _stands_for(decision, summary, earlier) if decision.kept else 0.0
        return Outcome(tag, earlier, decision.kept, decision.policy, stands_for)


def _earlier(records: Sequence[SpanRecord]) -> Earlier:
    """What stands on the spans of a trace."""
    policy, randomness, threshold = "", None, None
    for record in records:
        policy = policy or record.attributes.text(POLICY_ATTRIBUTE)
        if threshold is None and record.span.trace_state:
            ot = ts.subkeys(ts.member(record.span.trace_state, "ot"))
            randomness = ts.parse_randomness(ot.get("rv")) or randomness
            threshold = ts.parse_threshold(ot.get("th"))
        if policy and threshold is not None:
            break
    return Earlier(policy, randomness, threshold)


def _unstamp(records: Sequence[SpanRecord]) -> None:
    """Take off the spans of a trace what decisions wrote, so that they can be taken again.

    Randomness that is the trace id's own came with a sampler further up, and stays.
    """
    for record in records:
        written = [key for key in record.attributes if key.startswith(_WRITTEN)]
        if written:
            record.attributes.delete(*written)
        span = record.span
        if before := span.trace_state:
            randomness = ts.parse_randomness(ts.subkeys(ts.member(before, "ot")).get("rv"))
            if randomness not in (None, int.from_bytes(span.trace_id[-7:], "big")):
                span.trace_state = ts.with_member(before, "ot", "")


def _stands_for(decision: Decision, summary: Summary, earlier: Earlier) -> float:
    """How many the new policies would have kept, for one that was kept by the old threshold.

    Of a head sample that grows, the trace stands for those that come in with it; in one that
    shrinks, for itself, since the others were archived too.
    """
    if decision.head is None:
        return earlier.stands_for
    final = final_tracestate(summary.last_tracestate, decision)
    ot = ts.subkeys(ts.member(final, "ot"))
    if ts.parse_randomness(ot.get("rv")) != earlier.randomness:
        return earlier.stands_for  # drawn anew, so independent of what was kept then
    own = _count(ts.parse_threshold(ot.get("th")))
    return earlier.stands_for / min(own, earlier.stands_for)


def _count(threshold: int | None) -> float:
    """The adjusted count of a kept span: 2^56 / (2^56 - T)."""
    return ts.NEVER / (ts.NEVER - (threshold or 0))
