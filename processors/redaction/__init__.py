"""The `redaction` processor: no personal data and no secret goes on from here."""

from pathlib import Path
from typing import TYPE_CHECKING

from collector import Batch, Context, Processor
from processors.redaction.action_settings import Action
from processors.redaction.config import RedactionConfig
from processors.redaction.evaluation import Evaluation, evaluate
from processors.redaction.findings import Finding
from processors.redaction.labelled import load

if TYPE_CHECKING:
    from processors.redaction.batches import BatchRedactor, Outcome
    from processors.redaction.decryption import Decrypter
    from processors.redaction.workers import WorkerPool

__all__ = ["Action", "Finding", "Redaction", "RedactionConfig"]


class Redaction(Processor[RedactionConfig]):
    """Replaces personal data and secrets in all text of a span.

    Fails closed: what cannot be searched, be it too long, too slow or the cause of an error, is
    masked as a whole and counted.
    """

    Config = RedactionConfig
    mutates = False  # sees to it itself: a worker's answer is serialized already
    redacts = True

    def __init__(self, config: RedactionConfig, context: Context) -> None:
        super().__init__(config, context)
        metrics = context.counts.metrics
        self._entities = metrics.counter(
            "pii_entities",
            "Personal data and secrets found, by what was done to them.",
            ("entity_type", "action"),
        )
        self._masked = metrics.counter(
            "winnow_redaction_masked_values",
            "Values masked as a whole because they could not be searched.",
            ("reason",),
        )
        self._redactor: BatchRedactor | None = None
        self._workers: WorkerPool | None = None

    def start(self) -> None:
        """Load Presidio and the rules, here or in the workers. Raises StartError."""
        # Importing Presidio takes seconds; checking a configuration should not.
        if self.config.ner:
            from processors.redaction import ner_models

            ner_models.check(self.config.ner)
        if self.config.workers:
            from processors.redaction.workers import WorkerPool

            self._workers = WorkerPool(self.config)
            self._workers.start()
        else:
            self._local()
        self.context.logger.info(
            "redaction is on",
            entities=self.config.entities,
            secrets="on" if self.config.secrets else "off",
            ner=self.config.ner.model if self.config.ner else "off",
        )

    def shutdown(self) -> None:
        """End the workers."""
        if self._workers is not None:
            self._workers.stop()

    def redact(self, text: str, key: str = "") -> tuple[str, list[Finding]]:
        """One string redacted as if it stood under the attribute `key`, and what was found in it.

        Findings are at their places in `text`, without overlaps; one in base64 covers all of it.
        Nothing is counted.
        """
        return self._local().redact_text(text, key)

    @staticmethod
    def decrypter(key: str) -> "Decrypter":
        """What puts findings back that were encrypted with this `encryption_key`.

        Raises ValueError where it can be no key.
        """
        from processors.redaction.decryption import Decrypter

        return Decrypter(key)

    def evaluate(self, path: Path) -> Evaluation:
        """How well these settings find what is labelled in a file; see `labelled` for its format.

        Raises LabelledDataError for a file that does not fit, and OSError.
        """
        from processors.redaction.secrets import secret_types

        secret = secret_types() if self.config.secrets else []
        return evaluate(load(path), self.redact, {*self.config.searched, *secret})

    def process(self, batch: Batch) -> None:
        """Redact the batch; count what was found once it is owned."""
        redactor = self._workers or self._redactor
        if redactor is None:
            raise RuntimeError("redaction is not started")
        outcome = redactor.redact(batch)
        for error in outcome.errors:
            self.context.counts.failed(error)
        if outcome.done or outcome.masked:
            batch.transaction.on_commit(lambda: self._count(outcome))

    def _local(self) -> "BatchRedactor":
        if self._redactor is None:
            from processors.redaction.batches import BatchRedactor

            self._redactor = BatchRedactor(self.config)
        return self._redactor

    def _count(self, outcome: "Outcome") -> None:
        for (entity, action), number in outcome.done.items():
            self._entities.labels(entity, action).inc(number)
        for reason, number in outcome.masked.items():
            self._masked.labels(reason).inc(number)
