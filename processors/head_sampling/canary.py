"""The cohort that is always in the sample: values of the configuration, and of a file."""

import threading
from pathlib import Path
from typing import TypeAlias

from prometheus_client import Counter
from structlog.typing import FilteringBoundLogger

from collector import Clock, StartError
from collector.files import read_file

MAX_BYTES = 16 << 20
"""A file may not be larger: it is held in memory."""
_INTERVAL = 1.0
"""Seconds between two looks at the file."""

Version: TypeAlias = "tuple[int, int, int]"


def read_values(path: Path) -> frozenset[str]:
    """The lines of the file, without comments and empty ones.

    Raises ValueError, with path and remedy, for a file that cannot be read, is not UTF-8 or is
    larger than 16 MiB.
    """
    content = read_file(path, MAX_BYTES)
    try:
        lines = map(str.strip, content.decode("utf-8-sig").splitlines())
    except UnicodeDecodeError:
        raise ValueError(f"{path} is not UTF-8: save it as UTF-8, one value a line") from None
    return frozenset(line for line in lines if line and not line.startswith("#"))


class Cohort:
    """Who is in it, by a file that may change. Thread-safe.

    A file that cannot be read leaves the cohort as it was; that is logged once until it can be
    read again, and every try is counted in `failures`.
    """

    def __init__(
        self,
        fixed: list[str],
        file: Path | None,
        clock: Clock,
        logger: FilteringBoundLogger,
        failures: Counter,
    ) -> None:
        self._fixed = frozenset(fixed)
        self._file = file
        self._clock, self._logger, self._failures = clock, logger, failures
        self._members = self._fixed
        self._version: Version | None = None
        self._failed = False
        self._looked = clock.monotonic()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Read the file. Raises StartError where that cannot be done."""
        if self._file is None:
            return
        try:
            self._read(self._file)
        except ValueError as error:
            raise StartError(f"canary.file: {error}") from None

    def current(self) -> frozenset[str]:
        """The cohort now: the file is looked at once a second at most."""
        now = self._clock.monotonic()
        due = self._file is not None and now - self._looked >= _INTERVAL
        # Whoever comes while another thread is reading goes on with the list before.
        if due and self._lock.acquire(blocking=False):
            try:
                self._looked = now
                self._refresh()
            finally:
                self._lock.release()
        return self._members

    def _refresh(self) -> None:
        file = self._file
        if file is None:
            return
        try:
            if self._failed or _version(file) != self._version:
                self._read(file)
        except (OSError, ValueError) as error:
            self._failures.inc()
            if not self._failed:
                self._failed = True
                self._logger.error(
                    "canary file cannot be read; the list before holds",
                    file=str(file),
                    error=str(error),
                )

    def _read(self, file: Path) -> None:
        # The version first: a change while the file is read is then seen the next time.
        version = _version(file) if file.exists() else None
        self._members = self._fixed | read_values(file)
        self._version, self._failed = version, False


def _version(file: Path) -> Version:
    found = file.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
