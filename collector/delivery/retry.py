"""Trying again: exponential backoff as in the Collector, with the backend's own delay."""

import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from collector.delivery.settings import RetryOnFailure
from collector.errors import PermanentError, RetryableError

T = TypeVar("T")


class InterruptedRetryError(Exception):
    """The collector is stopping: the item stays where it is."""


class Retry:
    """Runs an attempt until it succeeds, fails for good, takes too long, or is interrupted."""

    def __init__(self, settings: RetryOnFailure, stop: threading.Event) -> None:
        """`stop` ends any wait at once."""
        self._settings = settings
        self._stop = stop

    def run(self, attempt: Callable[[], T], on_retry: Callable[[RetryableError, float], None]) -> T:
        """The attempt's result.

        `on_retry` hears of each failure and the wait before the next try, in seconds. Raises
        PermanentError when the time is up, InterruptedRetryError when stopped.
        """
        began = time.monotonic()
        interval = self._settings.initial_interval
        while True:
            try:
                return attempt()
            except RetryableError as error:
                if self._stop.is_set():
                    raise InterruptedRetryError from error
                delay = max(self._spread(interval), error.delay or 0.0)
                self._check_deadline(error, time.monotonic() - began + delay)
                on_retry(error, delay)
            if self._stop.wait(min(delay, threading.TIMEOUT_MAX)):
                raise InterruptedRetryError
            interval = min(interval * self._settings.multiplier, self._settings.max_interval)

    def _spread(self, interval: float) -> float:
        spread = self._settings.randomization_factor
        return interval * random.uniform(1 - spread, 1 + spread)  # noqa: S311

    def _check_deadline(self, error: RetryableError, elapsed: float) -> None:
        if not self._settings.enabled:
            raise PermanentError(error.reason, str(error)) from error
        limit = self._settings.max_elapsed_time
        if limit and elapsed > limit:
            next_try = f"the next try would come {elapsed:.0f}s after the first"
            raise PermanentError(
                "retry_timeout", f"{error}: {next_try}, and max_elapsed_time is {limit:g}s"
            ) from error
