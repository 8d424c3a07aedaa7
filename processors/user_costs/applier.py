"""Carries amounts from the outbox to the table, in a thread of its own."""

import threading
from collections.abc import Callable

from structlog.typing import FilteringBoundLogger

from collector import Clock
from processors.user_costs.metrics import UserCostsMetrics
from processors.user_costs.outbox import Outbox
from processors.user_costs.table import Table

_LONGEST_PAUSE = 60.0
_LAST_WORK = 5.0
"""Seconds that a stop may spend on what waits."""


class Applier:
    """Adds what waits to the table, in order; tries again, ever more rarely, while it cannot.

    The table remembers with each addition the last entry that is in it. So an entry that was
    added, but not forgotten here before the process died, is not added again.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - its parts, and how often
        self,
        outbox: Outbox,
        table: Table,
        metrics: UserCostsMetrics,
        clock: Clock,
        logger: FilteringBoundLogger,
        interval: float,
        retention: float,
    ) -> None:
        """`interval` and `retention` are in seconds."""
        self._outbox, self._table, self._metrics = outbox, table, metrics
        self._clock, self._logger = clock, logger
        self._interval, self._retention = interval, retention
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0
        self._pruned = float("-inf")

    def start(self, name: str) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Add what waits, if that can be done soon, and let go of the table."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
            if not self._failures:
                deadline = self._clock.monotonic() + _LAST_WORK
                self.attempt(lambda: self._clock.monotonic() > deadline)
        self._table.close()

    def attempt(self, enough: Callable[[], bool] = lambda: False) -> bool:
        """Add what waits to the table, parcel by parcel until `enough`; whether that went well."""
        try:
            self._prune()
            while not enough() and (parcel := self._outbox.oldest()):
                added = self._table.add(parcel, self._clock.now())
                self._outbox.done(parcel)
                self._metrics.rows.inc(added.rows)
                for name, calls in added.overflow.items():
                    self._metrics.overflow[name].inc(calls)
        except Exception as error:
            self._failed(error)
            return False
        if self._failures:
            self._logger.info("the table can be written to again")
        self._failures = 0
        return True

    def _run(self) -> None:
        pause = self._interval
        while not self._stop.wait(pause):
            going_well = self.attempt(self._stop.is_set)
            grown = self._interval * 2.0 ** min(self._failures, 16)
            pause = self._interval if going_well else min(grown, _LONGEST_PAUSE)

    def _prune(self) -> None:
        if self._clock.monotonic() - self._pruned >= 3600:
            self._table.prune(self._clock.now() - self._retention)
            self._pruned = self._clock.monotonic()

    def _failed(self, error: Exception) -> None:
        self._metrics.failed(error)
        self._failures += 1
        if self._failures == 1:
            # Not its text: databases quote the values and the address that they were given.
            self._logger.warning(
                "the table cannot be written to; amounts wait",
                error=type(error).__name__,
                code=getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None),
            )
