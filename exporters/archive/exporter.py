"""The archive exporter: a batch becomes one Parquet file for each hour in it."""

import hashlib
from typing import TYPE_CHECKING

from collector import Batch, Context, Exporter
from exporters.archive.directory import Directory
from exporters.archive.settings import ArchiveConfig

if TYPE_CHECKING:
    from exporters.archive.bucket import Bucket
    from exporters.archive.reading import Reader


class Archive(Exporter[ArchiveConfig]):
    """Writes `<url>/date=YYYY-MM-DD/hour=HH/<hash>.parquet`. See docs/archive.md."""

    Config = ArchiveConfig

    def __init__(self, config: ArchiveConfig, context: Context) -> None:
        super().__init__(config, context)
        self._store = _store(config)

    def start(self) -> None:
        """Make the directory, or the client. Raises StartError; an unreachable store is none."""
        self._store.open()

    def push(self, batch: Batch) -> int:
        """Write the batch; refuses no span. Raises RetryableError or PermanentError.

        Files are named by the batch's content: a second try replaces what the first one wrote.
        """
        from exporters.archive.table import partitions

        name = hashlib.blake2b(batch.payload, digest_size=16).hexdigest()
        for path, data in partitions(batch):
            self._store.write(f"{path}/{name}.parquet", data)
        return 0

    @staticmethod
    def reader(config: ArchiveConfig) -> "Reader":
        """Reads back what lies at `config.url`. Raises StartError for settings it cannot take."""
        from exporters.archive.reading import Reader

        store = _store(config)
        if not isinstance(store, Directory):
            store.open()
        return Reader(store, config.url)


def _store(config: ArchiveConfig) -> "Bucket | Directory":
    if config.directory is not None:
        return Directory(config.directory)
    from exporters.archive.bucket import Bucket  # loads obstore: 4 MB that a directory can spare

    return Bucket(config)
