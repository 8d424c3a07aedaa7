"""Reading the files that settings name."""

from pathlib import Path


def read_file(path: Path, most: int) -> bytes:
    """The content of a file of at most `most` bytes.

    Raises ValueError, with path and remedy, for one that is larger or cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ValueError(
            f"{path} cannot be read ({reason}): write a path from the working directory to a "
            "file that Winnow's user may read"
        ) from None
    if len(content) > most:
        raise ValueError(f"{path} is larger than {most >> 20} MiB: shorten it, or name another")
    return content
