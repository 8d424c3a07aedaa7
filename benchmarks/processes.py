"""Processes under test: started, waited for, read from /proc, stopped."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_GRACE = 20.0


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(
    condition: Callable[[], bool], what: str, seconds: float = 60.0, interval: float = 0.02
) -> None:
    """Return once `condition` holds, asked every `interval` seconds. Raises TimeoutError."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(interval)


def listens(port: int) -> bool:
    """Whether somebody accepts connections on a port of the loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """A process and its descendants."""

    def __init__(self, command: list[str], log: Path) -> None:
        """Starts `command`, in a process group of its own; its output goes to `log`."""
        self.log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait_for_port(self, port: int) -> None:
        """Return once it listens. Raises RuntimeError with its last words if it ended instead."""
        wait_until(lambda: not self.alive or listens(port), f"a listener on port {port}")
        if not self.alive:
            raise RuntimeError(f"{self._process.args} ended:\n{self.log.read_text()[-2000:]}")

    def cpu(self) -> float:
        """CPU seconds so far, user and system, of the whole tree and of its reaped children."""
        return sum(sum(map(int, _stat(pid)[11:15])) for pid in self.pids()) / _TICK

    def memory(self, field: str) -> float:
        """MiB of `VmRSS` (now) or `VmHWM` (peak), summed over the tree."""
        return sum(status(pid, field) for pid in self.pids()) / 1024

    def wait_until_quiet(self, window: float = 0.5, seconds: float = 60.0) -> None:
        """Return once it has used less than a twentieth of a core for `window` seconds."""
        before = self.cpu()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(window)
            now = self.cpu()
            if now - before < window / 20:
                return
            before = now

    def stop(self) -> None:
        """End the group: politely, then not."""
        for how in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, how)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
                return

    def pids(self) -> list[int]:
        """Its id, and those of its descendants."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parents[int(entry.name)] = int(_stat(int(entry.name))[1])
        found = [self._process.pid]
        for pid in found:
            found.extend(child for child, parent in parents.items() if parent == pid)
        return [pid for pid in found if pid in parents]


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[Process]:
    """A process for the length of a block."""
    process = Process(command, log)
    try:
        yield process
    finally:
        process.stop()


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) `stat` from `state` on: the name before may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def status(pid: int | str, field: str) -> float:
    """A field of proc(5) `status` in KiB, of a process or of `self`; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return float(line.split()[1])
    return 0.0
