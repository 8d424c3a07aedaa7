"""One pass over a text that is no JSON: what stands in it, behind escapes, and in base64."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from processors.redaction import base64_text, escapes
from processors.redaction.analyzer import Suspects
from processors.redaction.budget import deeper
from processors.redaction.cache import CLEAN, Done, Verdict, joined
from processors.redaction.edits import Edit, applied, is_covered, overlap
from processors.redaction.escapes import View
from processors.redaction.findings import Finding, merge
from processors.redaction.parameters import parameters
from processors.redaction.rules import KEEP, Treatment
from processors.redaction.run import Run

if TYPE_CHECKING:
    from processors.redaction.redactor import Redactor


class TextEditor:
    """For one text."""

    def __init__(
        self, redactor: "Redactor", words: str, treatment: Treatment, run: Run, depth: int
    ) -> None:
        self._redactor = redactor
        self._words = words
        self._treatment = treatment
        self._run = run
        self._depth = depth

    def verdict(self, text: str, suspects: Suspects) -> Verdict:
        """What one pass comes to."""
        views = list(self._views(text)) if suspects.escaped else []
        kept, others = self._sorted(self._found(text, suspects, views))
        decoded = CLEAN
        if suspects.encoded or any(inside.encoded for _, inside in views):
            blobs = base64_text.blobs(text, [view for view, _ in views if not view.form])
            decoded = joined(self._decoded(text, blobs, others))
        encoded = sorted(decoded.edits)
        # What was in base64 is another text now: the next pass reads it with what is around.
        open_ones = (finding for finding in others if not overlap(finding, encoded))
        return joined(
            [
                Verdict((), tuple(Done(finding, KEEP, changed=False) for finding in kept)),
                decoded,
                *(self._replaced(text, finding) for finding in open_ones),
            ]
        )

    def _replaced(self, text: str, finding: Finding) -> Verdict:
        rule = self._treatment.rules[finding.type]
        old = text[finding.start : finding.end]
        new = rule.replace(old)
        edits = (Edit(finding.start, finding.end, new),) if new != old else ()
        return Verdict(edits, (Done(finding, rule.action, changed=bool(edits)),))

    def _views(self, text: str) -> Iterator[tuple[View, Suspects]]:
        """What the text is without escapes, where there is something in it."""
        for view in escapes.views(text):
            if suspects := self._redactor.suspects(view.text, self._words):
                yield view, suspects

    def _found(
        self, text: str, suspects: Suspects, views: Sequence[tuple[View, Suspects]]
    ) -> Iterator[Finding]:
        search, run = self._redactor.search, self._run
        yield from search(text, self._words, suspects, run)
        for view, inside in views:
            yield from view.located(search(view.text, self._words, inside, run))
        if suspects.named:
            for name, value, start in parameters(text):
                words = self._redactor.words(name)
                inside_value = self._redactor.suspects(value, words)
                for finding in search(value, words, inside_value, run):
                    yield finding._replace(start=start + finding.start, end=start + finding.end)

    def _sorted(self, found: Iterable[Finding]) -> tuple[list[Finding], list[Finding]]:
        """The findings that are kept, and the others; none overlaps with one of its kind."""
        kept: list[Finding] = []
        others: list[Finding] = []
        rules = self._treatment.rules
        for finding in found:
            (kept if rules[finding.type].action == KEEP else others).append(finding)
        return merge(kept), merge(others)

    def _decoded(
        self, text: str, blobs: Iterable[base64_text.Blob], found: Sequence[Finding]
    ) -> Iterator[Verdict]:
        """What is in base64, but for what is replaced as a whole anyway."""
        for blob in blobs:
            self._run.budget.remaining()
            if is_covered(blob, found):
                continue
            inside = self._redactor.inner(
                blob.text, self._words, self._treatment, self._run, deeper(self._depth)
            )
            done = tuple(
                each._replace(finding=each.finding._replace(start=blob.start, end=blob.end))
                for each in inside.done
            )
            edits = (self._encoded(text, blob, inside),) if inside.edits else ()
            yield Verdict(edits, done)

    def _encoded(self, text: str, blob: base64_text.Blob, inside: Verdict) -> Edit:
        # It holds what stays of the text, and nothing of a text may be remembered.
        self._run.fleeting += 1
        new = base64_text.put_back(text, blob, applied(blob.text, inside.edits))
        return Edit(blob.start, blob.end, new)
