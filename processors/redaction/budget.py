"""How long redaction may take, and the errors that mask a value instead of letting it pass."""

import time
from typing import Optional

_MAX_DEPTH = 16
"""JSON in base64 in strings of JSON, and so on."""


class UnreadableError(Exception):
    """A value could not be searched to its end; `reason` says why, and stands in its place."""

    reason = "error"


class OverrunError(UnreadableError):
    """Searching the value took longer than it may."""

    reason = "timeout"


class OversizeError(UnreadableError):
    """The value is longer than what is searched."""

    reason = "oversize"


class DepthError(UnreadableError):
    """The value holds text inside of text inside of text, deeper than what is searched."""

    reason = "depth"


class Budget:
    """CPU seconds of the calling thread: on a busy machine others' work masks nothing."""

    __slots__ = ("_deadline",)

    def __init__(self, seconds: float, within: Optional["Budget"] = None) -> None:
        """`within` is a larger budget that this one is a part of."""
        deadline = time.thread_time() + seconds
        self._deadline: float = deadline if within is None else min(deadline, within._deadline)

    def remaining(self) -> float:
        """The seconds left. Raises OverrunError where there are none."""
        left = self._deadline - time.thread_time()
        if left <= 0:
            raise OverrunError
        return left


def deeper(depth: int) -> int:
    """One level deeper into text inside of text. Raises DepthError below the last."""
    if depth == _MAX_DEPTH:
        raise DepthError
    return depth + 1
