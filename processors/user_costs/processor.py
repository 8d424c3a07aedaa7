"""The `user_costs` processor."""

import sqlite3
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from collector import Batch, Context, Processor, RefusedError, SpanRecord, StartError
from collector.model_calls import model_calls, told_once
from processors.user_costs import ranking
from processors.user_costs.amounts import Amount, summed
from processors.user_costs.applier import Applier
from processors.user_costs.config import UserCostsConfig
from processors.user_costs.database import Database
from processors.user_costs.metrics import UserCostsMetrics
from processors.user_costs.origins import Origins
from processors.user_costs.outbox import Outbox
from processors.user_costs.postgres import PostgresDatabase
from processors.user_costs.reading import HOUR, read
from processors.user_costs.remembered import RememberedCalls
from processors.user_costs.sqlite import SqliteDatabase
from processors.user_costs.table import Table


class UserCosts(Processor[UserCostsConfig]):
    """Adds up, by hour, user and organisation, what model calls take: before any sampling.

    Stands behind `redaction` and `cost`. Only model calls count, each once: not agent spans, which
    repeat them, nor a model call with another one as its child, nor a call that is sent again.

    What a batch adds up to goes to an outbox in the collector's store with the transaction that
    makes the batch owned, and from there to the table, once.
    """

    Config = UserCostsConfig
    mutates = False
    keeps = True
    writes_elsewhere = True

    def __init__(self, config: UserCostsConfig, context: Context) -> None:
        super().__init__(config, context)
        storage, owner = context.storage, context.state_key
        self._metrics = UserCostsMetrics(context)
        self._remembered = RememberedCalls(storage, owner, config.remembered_calls)
        self._outbox = Outbox(storage, owner, uuid.uuid4().hex, config.max_backlog)
        self._path = _path(config, context.component_id, storage.directory)
        database = _database(config, self._path)
        self._table = Table(database, config.max_users_per_hour, config.max_names)
        self._applier = Applier(
            *(self._outbox, self._table, self._metrics, context.clock, context.logger),
            *(config.flush_interval, config.retention),
        )
        self._started = False

    @staticmethod
    def top(  # noqa: PLR0913, PLR0917 - a question
        config: UserCostsConfig,
        component_id: str,
        directory: Path | None,
        by: ranking.By,
        since: float,
        most: int,
    ) -> ranking.Ranking:
        """Who spent most since a Unix time, and what all did, by the table of this component.

        `directory` is that of the collector's storage. Raises OSError where there is no table yet,
        and what the database raises; ValueError where only the process itself can know.
        """
        path = _path(config, component_id, directory)
        if path is None and not config.url.get_secret_value():
            raise ValueError("the table is in the collector's memory: set path, or url")
        if path is not None and not path.exists():
            raise FileNotFoundError(
                f"{path.absolute()} is not there: no collector has written it yet, or relative to "
                "another working directory"
            )
        database = _database(config, path, read_only=True)
        try:
            return ranking.top(database, by, since, most)
        finally:
            database.close()

    def start(self) -> None:
        """Take up what an earlier process left. Raises StartError if the file cannot be made."""
        self._remembered.open()
        self._outbox.open()
        self._metrics.backlog.set_function(lambda: self._outbox.amounts)
        if not self.config.url.get_secret_value():
            self._open_file()
        self._applier.start(f"apply {self.context.component_id}")
        self._started = True

    def flush(self) -> bool:
        """Add what waits to the table now; whether that went well. Not while the thread runs."""
        return self._applier.attempt()

    def _open_file(self) -> None:
        if self._path is None:
            self.context.logger.warning("service.storage is null: the table ends with the process")
        try:
            self._table.open()
        except (OSError, sqlite3.Error) as error:
            raise StartError(
                f"{self.context.component_id}: cannot write {self._path}: {error}; "
                "set path to a file in a directory that is writable"
            ) from error

    def shutdown(self) -> None:
        """Add what waits to the table; what cannot be stays in a durable store."""
        if not self._started:
            return
        self._started = False
        self._applier.stop()
        waiting, calls = self._outbox.waiting()
        self._metrics.backlog.set_function(lambda: waiting)
        if waiting and not self.context.storage.durable:
            self.context.logger.warning("memory alone holds what is not in the table", calls=calls)

    def process(self, batch: Batch) -> None:
        """Add the batch's calls up; they count once the batch is owned."""
        calls = told_once(model_calls(batch.spans))
        if not calls:
            return
        fresh = self._remembered.claim(calls, batch.transaction)
        results = Counter(repeated=len(calls) - len(fresh))
        amounts = summed(self._amounts(batch, fresh, results))
        if amounts:
            self._keep(batch, amounts, results)
        batch.transaction.on_commit(lambda: self._count(results))

    def _keep(self, batch: Batch, amounts: Sequence[Amount], results: Counter[str]) -> None:
        counted = sum(amount.used.calls for amount in amounts)
        try:
            self._outbox.add(amounts, counted, batch.transaction)
            results["counted"] = counted
        except RefusedError:
            if self.config.on_full == "refuse":
                raise
            results["lost"] = counted

    def _count(self, results: Counter[str]) -> None:
        metrics = self._metrics
        for name in ("counted", "repeated", "expired", "lost"):
            getattr(metrics, name).inc(results[name])
        metrics.overflow["length"].inc(results["length"])

    def _amounts(
        self, batch: Batch, calls: Sequence[SpanRecord], results: Counter[str]
    ) -> list[Amount]:
        origins = Origins(self.config, batch)
        now = int(self.context.clock.now() * 1e9)
        oldest = (now - int(self.config.retention * 1e9)) // HOUR
        amounts: list[Amount] = []
        for record in calls:
            try:
                amount = read(record, origins, now, results)
            except Exception as error:
                self.context.counts.failed(error)
                continue
            if amount.key.hour < oldest:
                results["expired"] += 1
            else:
                amounts.append(amount)
        return amounts


def _path(config: UserCostsConfig, component_id: str, directory: Path | None) -> Path | None:
    """The SQLite file; None where the table is elsewhere, or in memory."""
    if config.path is not None or config.url.get_secret_value():
        return config.path
    return directory and directory / (component_id.replace("/", "-") + ".db")


def _database(config: UserCostsConfig, path: Path | None, *, read_only: bool = False) -> Database:
    url = config.url.get_secret_value()
    return PostgresDatabase(url) if url else SqliteDatabase(path, read_only=read_only)
