"""A whole batch redacted: the same in the collector's own process and in a worker's."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from collector import Batch, ResourceRecord, ScopeRecord, SpanRecord
from processors.redaction.budget import Budget
from processors.redaction.build import load_names, make_redactor
from processors.redaction.config import RedactionConfig
from processors.redaction.findings import Finding, merge
from processors.redaction.run import Run
from processors.redaction.spans import (
    Seen,
    SpanRedactor,
    TextCollector,
    ValueRedactor,
    discard_unsearchable,
    mask_record,
)

Record = SpanRecord | ResourceRecord | ScopeRecord


@dataclass
class Outcome:
    """What came of a batch: numbers and names only, nothing of what was found."""

    done: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Findings by entity type and action."""
    masked: Counter[str] = field(default_factory=Counter)
    """Values masked as a whole, by reason."""
    errors: list[str] = field(default_factory=list)
    """The class of each error that had a whole record masked."""


class BatchRedactor:
    """Redacts batches and single strings as the settings say. Safe to use from several threads."""

    def __init__(self, config: RedactionConfig) -> None:
        """Loads Presidio and the rules: seconds. Raises what the settings' components raise."""
        self._config = config
        self._names = load_names(config)
        self._redactor = make_redactor(config, self._names)
        # Not with the model, which takes labels such as `chat gpt-4o` for names; they are short.
        labels = config.model_copy(update={"cache_bytes": 0})
        self._labels = make_redactor(labels) if self._names else self._redactor
        self._technical = make_redactor(config, technical=True)
        # Once now, so that no batch has to wait for what is made on first use.
        self.redact_text("alice@example.com, +1 415 555 0132, 4111 1111 1111 1111")

    def redact_text(self, text: str, key: str = "") -> tuple[str, list[Finding]]:
        """One string as if it stood under the attribute `key`, and what was found in it, sorted."""
        run = self._run()
        redacted = self._redactor.redact(text, key, run)
        return redacted, merge(run.findings)

    def redact(self, batch: Batch) -> Outcome:
        """Redact the batch in place. Does not raise: what fails is masked."""
        run, outcome = self._run(), Outcome()
        discard_unsearchable(batch.request)
        spans = SpanRedactor(
            ValueRedactor(self._redactor, run, self._ahead(batch, run)),
            ValueRedactor(self._labels, run),
            ValueRedactor(self._technical, run),
        )
        for redact, record in self._parts(batch, spans):
            _guarded(redact, record, run, outcome)
        batch.changed()
        outcome.done.update(run.done)
        outcome.masked.update(run.masked)
        return outcome

    def _ahead(self, batch: Batch, run: Run) -> Seen:
        """What comes of the texts that are searched for names; without a model, nothing yet."""
        if self._names is None:
            return {}
        from processors.redaction import ahead

        collector, others = TextCollector(self._redactor, run), TextCollector(self._labels, run)
        for collect, _ in self._parts(batch, SpanRedactor(collector, others, others)):
            with contextlib.suppress(Exception):  # it comes again, and is masked then
                collect()
        return ahead.redacted(collector.texts, self._redactor, self._names, run.budget)

    def _parts(
        self, batch: Batch, spans: SpanRedactor
    ) -> Iterator[tuple[Callable[[], None], Record]]:
        """Everything in a batch that holds text, and how `spans` goes through it."""
        if self._config.resource_attributes:
            for resource in {record.resource: None for record in batch.spans}:
                yield partial(spans.resource, resource), resource
            for scope in {record.scope: None for record in batch.spans}:
                yield partial(spans.scope, scope), scope
        for record in batch.spans:
            yield partial(spans.span, record), record

    def _run(self) -> Run:
        return Run(Budget(self._config.batch_timeout))


def mask_batch(batch: Batch, reason: str) -> Outcome:
    """Take all text out of a batch that nobody could redact."""
    run = Run(Budget(0))
    discard_unsearchable(batch.request)
    for record in batch.spans:
        for part in (record, record.resource, record.scope):
            mask_record(part, f"<REDACTED:{reason}>")
        run.mask(reason)
    batch.changed()
    return Outcome(masked=Counter(run.masked))


def _guarded(redact: Callable[[], None], record: Record, run: Run, outcome: Outcome) -> None:
    try:
        redact()
    except Exception as error:  # whatever it was, nothing must pass as it is
        outcome.errors.append(type(error).__name__)
        mask_record(record, run.mask("error"))
