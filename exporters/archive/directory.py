"""An archive in a local directory: whole files only, readable by their owner only."""

import errno
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from collector import RetryableError, StartError

_REASONS = {
    errno.ENOSPC: ("disk_full", "free some space, or move the archive to a larger disk"),
    errno.EDQUOT: ("disk_full", "raise the quota, or move the archive"),
    errno.EACCES: ("permission_denied", "make it writable for the user that runs winnow"),
    errno.EPERM: ("permission_denied", "make it writable for the user that runs winnow"),
    errno.EROFS: ("permission_denied", "mount it writable, or set url to another directory"),
}
_OTHER = ("disk_error", "check the disk, or set url to another directory")


class Directory:
    """Writes files under a directory so that a reader sees all of a file or nothing.

    For reading, the root may also be a single file.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self) -> None:
        """Make the directory and try it. Raises StartError with the remedy."""
        try:
            self._root.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=self._root):
                pass
        except OSError as error:
            _, remedy = _REASONS.get(error.errno or 0, _OTHER)
            raise StartError(f"url: {self._root}: {_says(error)}: {remedy}") from error

    def write(self, path: str, data: memoryview) -> None:
        """Write one file, in place of one of the same name.

        Raises RetryableError: an operator can put right whatever is wrong with a disk.
        """
        target = self._root / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(target, data)
        except OSError as error:
            reason, remedy = _REASONS.get(error.errno or 0, _OTHER)
            raise RetryableError(reason, f"{target.parent}: {_says(error)}: {remedy}") from error

    def files(self) -> Iterator[tuple[str, int]]:
        """The path and the size in bytes of each Parquet file. Raises OSError."""
        if self._root.is_file():
            yield self._root.name, self._root.stat().st_size
            return
        for path in self._root.rglob("*.parquet"):
            if not path.name.startswith("."):  # files in the making
                yield path.relative_to(self._root).as_posix(), path.stat().st_size

    def read(self, path: str) -> str:
        """Where the file lies."""
        return str(self._root if self._root.is_file() else self._root / path)

    def parts(self, path: str, _size: int) -> str:
        """The same: of a file on disk only what is asked for is read anyway."""
        return self.read(path)


def _replace(target: Path, data: memoryview) -> None:
    # The dot and the suffix both keep readers off: some go by the one, some by the other.
    # Each has a name of its own, for two archives may lie in one place and get the same batch.
    descriptor, name = tempfile.mkstemp(".tmp", f".{target.name}.", target.parent)
    temporary = Path(name)
    try:
        with open(descriptor, "wb", buffering=0) as file:
            _write_all(file.fileno(), data)
            os.fsync(file.fileno())
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_directory(target.parent)


def _write_all(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _sync_directory(path: Path) -> None:
    """Make the new name as durable as the bytes: the queue forgets the spans after this."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _says(error: OSError) -> str:
    return error.strerror or type(error).__name__
