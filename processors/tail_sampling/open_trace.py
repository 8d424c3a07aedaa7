"""A trace without a decision, and what is known of it."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import NamedTuple

from collector import SpanRecord
from processors.tail_sampling.decision import Decision
from processors.tail_sampling.summary import Summary


@dataclass(frozen=True)
class Limits:
    """When a trace is decided, and how much may be open. Times in seconds; 0 is no limit."""

    wait: float = 0.0
    wait_after_root: float = 0.0
    inactivity: float = 0.0
    max_age: float = 0.0
    traces: int = 0
    total_bytes: int = 0
    trace_bytes: int = 0
    block: bool = False
    """New traces wait for room, instead of having the oldest decided early."""
    decide_early: bool = True


class State(Enum):
    """Where a trace stands."""

    NEW = 0
    """Nothing of it is committed."""
    WAITING = 1
    """It counts against the limits."""
    DUE = 2
    """It is decided as soon as possible."""
    STREAMING = 3
    """Decided before its time: its spans follow, and are still taken into account."""
    GONE = 4


NEW, WAITING, DUE, STREAMING, GONE = State  # in Python 3.11, State.NEW costs a call


class Reason(StrEnum):
    """Why a decision came when it did."""

    DECISION_WAIT = "decision_wait"
    ROOT_RECEIVED = "root_received"
    INACTIVITY = "inactivity"
    MAX_AGE = "max_age"
    POLICY = "policy"
    NUM_TRACES = "num_traces"
    MAX_BYTES = "max_bytes"
    TRACE_SIZE = "maximum_trace_size_bytes"
    SHUTDOWN = "shutdown"


STREAMED = frozenset({Reason.POLICY, Reason.TRACE_SIZE})
"""After a decision for these reasons more spans are expected."""


class OpenTrace:
    """One trace. Times are on the monotonic clock."""

    __slots__ = (
        "chunks",
        "decision",
        "due",
        "first",
        "latest",
        "parked",
        "pins",
        "reason",
        "rooted",
        "size",
        "slot",
        "spans",
        "state",
        "summary",
        "trace_id",
    )

    def __init__(self, trace_id: bytes, summary: Summary | None) -> None:
        self.trace_id = trace_id
        self.summary = summary
        """None for a trace that was restored: its chunks tell, when it is decided."""
        self.state = NEW
        self.chunks = array("q")
        """The ids of its chunks: numbers, and no objects."""
        self.spans = 0
        self.size = 0
        """Bytes of its chunks."""
        self.first = 0.0
        """When its first span came."""
        self.latest = 0.0
        """It is due by then, whatever comes."""
        self.rooted = False
        """That is because its root has come."""
        self.due = 0.0
        self.slot = -1
        """Its place among the deadlines."""
        self.pins = 0
        """Batches on their way that hold spans of it: it cannot be decided meanwhile."""
        self.parked = False
        """It was due while pinned."""
        self.reason: Reason | None = None
        """Why it is decided; None before it is due."""
        self.decision: Decision | None = None


class Arrival(NamedTuple):
    """A chunk for an open trace, and the spans in it."""

    trace: OpenTrace
    chunk_id: int
    size: int
    rooted: bool
    """Whether the root is among them; unknown, and False, where nobody needs it."""
    records: Sequence[SpanRecord]


class Pinned(NamedTuple):
    """The traces of a batch by what becomes of their spans."""

    open: dict[bytes, OpenTrace]
    """They wait with their trace, which stays open until they are added or unpinned."""
    streaming: dict[bytes, OpenTrace]
    """They follow an early decision."""
    decided: dict[bytes, Decision]
    """They are late, and follow the decision."""
