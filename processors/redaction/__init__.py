"""The `redaction` processor: no personal data and no secret goes on from here."""

from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from collector import Batch, Context, Processor, ResourceRecord, ScopeRecord, SpanRecord
from processors.redaction.budget import Budget
from processors.redaction.config import Action, RedactionConfig
from processors.redaction.findings import Finding
from processors.redaction.redactor import Redactor
from processors.redaction.run import Run
from processors.redaction.spans import SpanRedactor, discard_unsearchable, mask_record

__all__ = ["Action", "Finding", "Redaction", "RedactionConfig"]

R = TypeVar("R", SpanRecord, ResourceRecord, ScopeRecord)


class Redaction(Processor[RedactionConfig]):
    """Replaces personal data and secrets in all text of a span.

    Fails closed: what cannot be searched, be it too long, too slow or the cause of an error, is
    masked as a whole and counted.
    """

    Config = RedactionConfig
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
        self._redactor: Redactor | None = None
        self._technical: Redactor | None = None

    def start(self) -> None:
        """Load Presidio and the rules, and find something once, so that no batch has to wait."""
        # Importing Presidio takes seconds; checking a configuration should not.
        from processors.redaction.build import make_redactor

        self._redactor = make_redactor(self.config)
        self._technical = make_redactor(self.config, technical=True)
        self.redact("alice@example.com, +1 415 555 0132, 4111 1111 1111 1111")

    def redact(self, text: str, key: str = "") -> tuple[str, list[Finding]]:
        """One string redacted as if it stood under the attribute `key`, and what was found in it.

        Findings are at their places in `text`, without overlaps; one in JSON with escapes covers
        its whole string. Nothing is counted.
        """
        run = self._run()
        redacted = _ready(self._redactor).redact(text, key, run)
        return redacted, sorted(run.findings)

    def process(self, batch: Batch) -> None:
        """Redact the batch in place; count what was found once it is owned."""
        run = self._run()
        spans = SpanRedactor(_ready(self._redactor), _ready(self._technical), run)
        discard_unsearchable(batch.message)
        if self.config.resource_attributes:
            for resource in {record.resource: None for record in batch.spans}:
                self._guarded(spans.resource, resource, run)
            for scope in {record.scope: None for record in batch.spans}:
                self._guarded(spans.scope, scope, run)
        for record in batch.spans:
            self._guarded(spans.span, record, run)
        if run.done or run.masked:
            done, masked = Counter(run.done), Counter(run.masked)
            batch.transaction.on_commit(lambda: self._count(done, masked))

    def _guarded(self, redact: Callable[[R], None], record: R, run: Run) -> None:
        try:
            redact(record)
        except Exception as error:  # whatever it was, nothing must pass as it is
            self.context.counts.failed(error)
            mask_record(record, run.mask("error"))

    def _run(self) -> Run:
        return Run(Budget(self.config.batch_timeout))

    def _count(self, done: Counter[tuple[str, str]], masked: Counter[str]) -> None:
        for (entity, action), number in done.items():
            self._entities.labels(entity, action).inc(number)
        for reason, number in masked.items():
            self._masked.labels(reason).inc(number)


def _ready(redactor: Redactor | None) -> Redactor:
    if redactor is None:
        raise RuntimeError("redaction is not started")
    return redactor
