"""Redacts one string: text, or JSON of any depth, which stays JSON."""

from collections.abc import Callable, Sequence

from processors.redaction import context, json_text
from processors.redaction.analyzer import Analyzer
from processors.redaction.attribute_rules import Treatments
from processors.redaction.budget import UnreadableError
from processors.redaction.cache import Cache, Done, Edit, Verdict
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding, merge
from processors.redaction.rules import KEEP, WHOLE, Rule, Treatment
from processors.redaction.run import Run

_MAX_DEPTH = 16
"""JSON in strings of JSON; what is deeper is read as text."""
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
        try:
            treatment = treatment or self.treatments.of(key)
            if treatment.whole:
                return self.whole(text, treatment.whole, run)
            return self._settled(text, self.words(key), treatment, run)
        except UnreadableError as error:
            return run.mask(error.reason)
        except Exception:  # whatever it was, the value must not pass
            return run.mask("error")

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
        name = None
        if depth < _MAX_DEPTH and self._cache.wants(text):
            # Treatments live as long as the cache does, so that none takes another's identity.
            name = self._cache.name(f"{id(treatment):x}", words, text)
        verdict = self._cache.get(name) if name else None
        if verdict is None:
            suspects = self._analyzer.suspects(text, words)
            # What is escaped in JSON may hide what the gate looks for.
            if (suspects or "\\" in text) and depth < _MAX_DEPTH and json_text.is_json(text):
                return json_text.edit(text, words, _JsonEditor(self, treatment, run, depth + 1))
            verdict = self._verdict(text, words, suspects, treatment, run) if suspects else _CLEAN
            if name:
                self._cache.put(name, verdict)
        for done in verdict.done:
            if done.changed or not run.again:
                run.note(done.finding, done.action)
        return verdict.applied(text)

    def _verdict(
        self, text: str, words: str, suspects: Sequence[Detector], treatment: Treatment, run: Run
    ) -> Verdict:
        found = self._analyzer.findings(self._veil(text), words, suspects, run.budget)
        rules = treatment.rules
        kept = [finding for finding in found if rules[finding.type].action == KEEP]
        done = [Done(finding, KEEP, changed=False) for finding in merge(kept)]
        edits = []
        for finding in merge(finding for finding in found if finding not in kept):
            rule = rules[finding.type]
            old = text[finding.start : finding.end]
            new = rule.replace(old)
            edits.append(Edit(finding.start, finding.end, new))
            done.append(Done(finding, rule.action, changed=new != old))
        return Verdict(tuple(edits), tuple(done))


class _JsonEditor:
    """Redacts the parts of a JSON text one by one; one that cannot be read harms no other."""

    def __init__(self, redactor: Redactor, treatment: Treatment, run: Run, depth: int) -> None:
        self._redactor = redactor
        self._members = redactor.treatments.members
        self._outer = treatment.in_json
        self._run = run
        self._depth = depth

    def key(self, name: str, place: json_text.Place) -> str:
        first = len(self._run.findings)
        redacted = self._redactor.redact_key(name, self._run)
        self._move(first, place)
        return redacted

    def whole(self, key: str) -> bool:
        treatment = self._members[key]
        return treatment is not None and not (treatment.searched and treatment.whole is None)

    def string(self, value: str, key: str, label: str, place: json_text.Place) -> str:
        first = len(self._run.findings)
        try:
            redacted = self._string(value, key, label)
        except UnreadableError as error:
            return self._run.mask(error.reason)
        self._move(first, place)
        return redacted

    def _string(self, value: str, key: str, label: str) -> str:
        redactor = self._redactor
        treatment = self._treatment(key)
        # A label, which the agent chooses, can only make more of the value go.
        if rule := treatment.whole or (label and self._treatment(label).whole):
            return redactor.whole(value, rule, self._run)
        words = redactor.words(f"{key} {label}" if label else key)
        return redactor.once(value, words, treatment, self._run, self._depth)

    def _treatment(self, key: str) -> Treatment:
        treatment = self._members[key]
        return treatment.in_json if treatment else self._outer

    def number(self, literal: str, key: str, place: json_text.Place) -> str | None:
        digits = literal.removesuffix(".0").lstrip("-")
        if not 3 < len(digits) < 20 or not digits.isdecimal():
            return None
        first = len(self._run.findings)
        treatment = self._treatment(key)
        redacted = self._redactor.redact_number(int(digits), key, self._run, treatment)
        self._move(first, place)
        return redacted

    def _move(self, first: int, place: json_text.Place) -> None:
        """Put what was found in a token at its place in the text."""
        findings = self._run.findings
        for position in range(first, len(findings)):
            start, end = place.start, place.end
            if place.literal:
                start, end = (start + part for part in findings[position][:2])
            findings[position] = findings[position]._replace(start=start, end=end)
