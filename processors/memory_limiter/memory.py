"""How much memory this process uses, how much it may use, and how to give some back."""

import ctypes
import gc
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int | None:
    """The process's resident set in bytes; None where the system has no /proc.

    getrusage knows only the peak, which never falls: refusing by it would never end.
    """
    descriptor = _statm()
    if descriptor is None:
        return None
    return int(os.pread(descriptor, 128, 0).split()[1]) * _PAGE


@cache
def _statm() -> int | None:
    """The open file, for as long as the process lives: opening it costs far more than reading."""
    try:
        return os.open("/proc/self/statm", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None


def total(root: Path = Path("/")) -> int:
    """The bytes that this process may use: the machine's memory, or its cgroup's if that is less.

    `root` is the file system's, for tests.
    """
    limits = [os.sysconf("SC_PHYS_PAGES") * _PAGE]
    for path in _limit_files(root):
        try:
            limits.append(int(path.read_text()))
        except (OSError, ValueError):  # no such controller, or "max"
            continue
    return min(limits)


def _limit_files(root: Path) -> list[Path]:
    """Where cgroup v1 and v2 state a limit: our group's file, and that of each group above it."""
    mount = root / "sys/fs/cgroup"
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    files: list[Path] = []
    for line in lines:
        hierarchy, controllers, path = line.split(":", 2)
        if hierarchy == "0":
            files += _upwards(mount, path, "memory.max")
        elif "memory" in controllers.split(","):
            files += _upwards(mount / "memory", path, "memory.limit_in_bytes")
    return files


def _upwards(mount: Path, path: str, name: str) -> list[Path]:
    group = mount / path.lstrip("/")
    return [place / name for place in (group, *group.parents) if place.is_relative_to(mount)]


def collect() -> None:
    """Free what only cycles keep alive."""
    gc.collect()


def trimmer() -> Callable[[], None]:
    """A function that gives free memory back to the system; it does nothing without glibc."""
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (OSError, AttributeError):
        return lambda: None
    return lambda: trim(0) and None
