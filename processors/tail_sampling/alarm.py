"""When the decision thread wakes up."""

import math
import threading
from collections.abc import Callable


class Alarm:
    """One thread sleeps; others wake it when something is due sooner. For use under `lock`."""

    def __init__(self, lock: threading.Lock) -> None:
        self._sooner = threading.Condition(lock)
        self._until = 0.0
        self._stopped = threading.Event()

    def pause(self, seconds: float) -> None:
        """Wait outside of the lock, but not after `stop`."""
        self._stopped.wait(seconds)

    def sleep_until(self, due: float | None, now: Callable[[], float]) -> bool:
        """Wait until `due`, or for ever if that is None; False after `stop`."""
        if not self._stopped.is_set():
            self._until = math.inf if due is None else due
            timeout = self._until - now()
            if timeout > 0:
                self._sooner.wait(min(timeout, threading.TIMEOUT_MAX))
            self._until = 0.0
        return not self._stopped.is_set()

    def set(self, due: float | None) -> None:
        """The next thing is due then."""
        if due is not None and due < self._until:
            self._sooner.notify_all()

    def stop(self) -> None:
        """Sleep no more."""
        self._stopped.set()
        self._sooner.notify_all()
