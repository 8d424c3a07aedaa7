"""Redacts one string: text, JSON, or either in the other in base64; JSON stays JSON."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from processors.redaction import base64_text, context, escapes, json_text
from processors.redaction.analyzer import Analyzer, Suspects
from processors.redaction.attribute_rules import Treatments
from processors.redaction.budget import DepthError, UnreadableError
from processors.redaction.cache import Cache, Done, Verdict
from processors.redaction.edits import Edit, applied, is_covered, overlap
from processors.redaction.escapes import View
from processors.redaction.findings import Finding, merge
from processors.redaction.parameters import parameters
from processors.redaction.rules import KEEP, WHOLE, Rule, Treatment
from processors.redaction.run import Place, Run

_MAX_DEPTH = 16
"""JSON in base64 in strings of JSON: what is deeper is masked."""
_MAX_PASSES = 8
_MAX_KEYS = 4096

_TELLING = ("card", "pan", "ssn", "social", "security", "phone", "mobile", "tel", "fax", "cell")
_SECRET = ("password", "passwd", "passphrase", "pwd")
_TECHNICAL = (
    *("id", "ids", "count", "total", "size", "bytes", "tokens", "offset", "index", "sequence"),
    *("seed", "hash", "port", "pid", "time", "timestamp", "date", "nano", "nanos", "duration"),
    *("cost", "price", "amount", "length", "version", "ns", "us", "ms"),
)
_LEAST_CARD = 10**11
_CLEAN = Verdict()


class Redactor:
    """Replaces what an analyzer finds. Safe to use from several threads."""

    def __init__(
        self,
        analyzer: Analyzer,
        treatments: Treatments,
        veil: Callable[[str], str],
        cache: Cache,
        shortest: int = 4,
    ) -> None:
        """`treatments` tells what to do; `veil` hides what is redacted already.

        In shorter strings than `shortest` characters nothing can be found.
        """
        self.treatments = treatments
        self.shortest = shortest
        self._analyzer = analyzer
        self._veil = veil
        self._cache = cache
        self._clean_keys: dict[str, str] = {}

    def redact(self, text: str, key: str, run: Run, treatment: Treatment | None = None) -> str:
        """`text` without what was found in it, or `<REDACTED:reason>` where it could not be read.

        `key` is the name of the attribute, which says how to treat the text unless `treatment`
        does. Text without a finding comes back as it was. What comes back holds no more findings:
        redacting it again changes nothing.
        """
        batch = run.budget
        try:
            run.budget = self._analyzer.budget(text, batch)
            treatment = treatment or self.treatments.of(key)
            if treatment.whole:
                return self.whole(text, treatment.whole, run)
            return self._settled(text, self.words(key), treatment, run)
        except UnreadableError as error:
            return run.mask(error.reason)
        except Exception:  # whatever it was, the value must not pass
            return run.mask("error")
        finally:
            run.budget = batch

    def redact_key(self, key: str, run: Run) -> str:
        """The name of an attribute or of a JSON member without what was found in it."""
        if key in self._clean_keys:
            return key
        redacted = self.redact(key, "", run)
        if redacted == key and len(self._clean_keys) < _MAX_KEYS:
            self._clean_keys[key] = context.key_words(key)
        return redacted

    def redact_number(
        self, number: float, key: str, run: Run, treatment: Treatment | None = None
    ) -> str | None:
        """What stands for a number that is a card, or that its key says to be personal; else None.

        Numbers under keys such as `order.id` or `duration_ns` are left alone.
        """
        words = self.words(key)
        telling = context.supports(words, _TELLING) or context.supports(words, _SECRET)
        if not telling and (abs(number) < _LEAST_CARD or context.supports(words, _TECHNICAL)):
            return None
        if number != number // 1 or abs(number) >= 1e19:
            return None
        text = str(abs(int(number)))
        redacted = self.redact(text, key, run, treatment)
        return None if redacted == text else redacted

    def whole(self, value: str, rule: Rule, run: Run) -> str:
        """What stands for a value that goes whatever it holds."""
        redacted = rule.replace(value)
        if redacted != value:
            run.note(Finding(0, len(value), WHOLE, 1.0), rule.action)
        return redacted

    def words(self, key: str) -> str:
        """The words of a key, as detectors want them."""
        return self._clean_keys.get(key) or context.key_words(key)

    def _settled(self, text: str, words: str, treatment: Treatment, run: Run) -> str:
        """Pass after pass until nothing changes: what is put in can bring forth new findings."""
        outer = run.again
        try:
            for _ in range(_MAX_PASSES):
                first = len(run.findings)
                redacted = self.once(text, words, treatment, run)
                if run.again:
                    del run.findings[first:]
                if redacted == text:
                    return text
                text, run.again = redacted, True
        finally:
            run.again = outer
        raise UnreadableError

    def once(self, text: str, words: str, treatment: Treatment, run: Run, depth: int = 0) -> str:
        """One pass. Raises UnreadableError."""
        if not treatment.searched:
            return text
        name = self._name(text, words, treatment)
        verdict = self._cache.get(name) if name else None
        if verdict is None:
            suspects = self._analyzer.suspects(text, words)
            if suspects is not None and json_text.is_json(text):
                editor = _JsonEditor(self, treatment, run, deeper(depth))
                return json_text.edit(text, words, editor)
            verdict = _CLEAN
            if suspects is not None:
                verdict = _TextEditor(self, words, treatment, run, depth).verdict(text, suspects)
            if name and not verdict.noted:
                self._cache.put(name, verdict)
        for done in verdict.done:
            if done.changed or not run.again:
                run.note(done.finding, done.action)
        return applied(text, verdict.edits)

    def inner(self, text: str, words: str, treatment: Treatment, run: Run, depth: int) -> str:
        """One pass over a part of a text; a part that cannot be read harms no other."""
        try:
            return self.once(text, words, treatment, run, depth)
        except UnreadableError as error:
            return run.mask(error.reason)

    def suspects(self, text: str, words: str) -> Suspects | None:
        """What may be found in a text; None where nothing can be."""
        return self._analyzer.suspects(text, words)

    def search(self, text: str, words: str, suspects: Suspects | None, run: Run) -> list[Finding]:
        """What is found in a text, but for what is redacted already."""
        if suspects is None:
            return []
        return self._analyzer.findings(self._veil(text), words, suspects.detectors, run.budget)

    def _name(self, text: str, words: str, treatment: Treatment) -> bytes | None:
        if not self._cache.wants(text):
            return None
        # Treatments live as long as the cache does, so that none takes another's identity.
        return self._cache.name(f"{id(treatment):x}", words, text)


def deeper(depth: int) -> int:
    """One level deeper. Raises DepthError below the last."""
    if depth == _MAX_DEPTH:
        raise DepthError
    return depth + 1


class _TextEditor:
    """Redacts a text that is no JSON: what stands in it, behind escapes, and in base64."""

    def __init__(
        self, redactor: Redactor, words: str, treatment: Treatment, run: Run, depth: int
    ) -> None:
        self._redactor = redactor
        self._words = words
        self._treatment = treatment
        self._run = run
        self._depth = depth

    def verdict(self, text: str, suspects: Suspects) -> Verdict:
        """What one pass comes to; what was in base64 is noted in the run already."""
        views = list(self._views(text)) if suspects.escaped else []
        kept, others = self._sorted(self._found(text, suspects, views))
        noted = len(self._run.done), len(self._run.masked)
        decoded: list[Edit] = []
        if suspects.encoded or any(inside.encoded for _, inside in views):
            blobs = base64_text.blobs(text, [view for view, _ in views if not view.form])
            decoded = sorted(self._decoded(text, blobs, others))
        done = [Done(finding, KEEP, changed=False) for finding in kept]
        edits = decoded.copy()
        for finding in others:
            # What was in base64 is another text now: the next pass reads it with what is around.
            if not overlap(finding, decoded):
                rule = self._treatment.rules[finding.type]
                old = text[finding.start : finding.end]
                edits.append(Edit(finding.start, finding.end, rule.replace(old)))
                done.append(Done(finding, rule.action, changed=edits[-1].new != old))
        again = noted != (len(self._run.done), len(self._run.masked))
        return Verdict(tuple(edits), tuple(done), noted=again or bool(decoded))

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
    ) -> Iterator[Edit]:
        """Base64 that holds something, but for what is replaced as a whole anyway."""
        for blob in blobs:
            self._run.budget.remaining()
            if is_covered(blob, found):
                continue
            first = len(self._run.findings)
            new = self._redactor.inner(
                blob.text, self._words, self._treatment, self._run, deeper(self._depth)
            )
            self._run.moved(first, Place(blob.start, blob.end, literal=False))
            if new != blob.text:
                old = text[max(0, blob.start - 3) : blob.end + 3]  # with the escapes beside it
                yield Edit(blob.start, blob.end, base64_text.encoded(new, blob.word, old))


class _JsonEditor:
    """Redacts the parts of a JSON text one by one; one that cannot be read harms no other."""

    def __init__(self, redactor: Redactor, treatment: Treatment, run: Run, depth: int) -> None:
        self._redactor = redactor
        self._members = redactor.treatments.members
        self._outer = treatment.in_json
        self._run = run
        self._depth = depth

    def key(self, name: str, place: Place) -> str:
        first = len(self._run.findings)
        redacted = self._redactor.redact_key(name, self._run)
        self._run.moved(first, place)
        return redacted

    def whole(self, key: str) -> bool:
        treatment = self._members[key]
        return treatment is not None and not (treatment.searched and treatment.whole is None)

    def string(self, value: str, key: str, label: str, place: Place) -> str:
        first = len(self._run.findings)
        redacted = self._string(value, key, label)
        self._run.moved(first, place)
        return redacted

    def _string(self, value: str, key: str, label: str) -> str:
        redactor = self._redactor
        treatment = self._treatment(key)
        # A label, which the agent chooses, can only make more of the value go.
        if rule := treatment.whole or (label and self._treatment(label).whole):
            return redactor.whole(value, rule, self._run)
        words = redactor.words(f"{key} {label}" if label else key)
        return redactor.inner(value, words, treatment, self._run, self._depth)

    def _treatment(self, key: str) -> Treatment:
        treatment = self._members[key]
        return treatment.in_json if treatment else self._outer

    def number(self, literal: str, key: str, place: Place) -> str | None:
        digits = literal.removesuffix(".0").lstrip("-")
        if not 3 < len(digits) < 20 or not digits.isdecimal():
            return None
        first = len(self._run.findings)
        treatment = self._treatment(key)
        redacted = self._redactor.redact_number(int(digits), key, self._run, treatment)
        self._run.moved(first, place)
        return redacted
