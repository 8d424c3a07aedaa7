"""Redacts one string: text, JSON, or either in the other in base64; JSON stays JSON."""

from collections.abc import Callable

from processors.redaction import context, json_text
from processors.redaction.analyzer import Analyzer, Suspects
from processors.redaction.attribute_rules import Treatments
from processors.redaction.budget import UnreadableError, deeper
from processors.redaction.cache import Cache, Verdict
from processors.redaction.edits import applied
from processors.redaction.findings import Finding
from processors.redaction.json_editor import JsonEditor
from processors.redaction.rules import WHOLE, Rule, Treatment
from processors.redaction.run import Run
from processors.redaction.text_editor import TextEditor

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
                redacted = self._in_json(text, words, treatment, run, depth)
                if name and redacted is None:
                    self._cache.put(name, _CLEAN)
                return text if redacted is None else redacted
            verdict = _CLEAN
            if suspects is not None:
                verdict = TextEditor(self, words, treatment, run, depth).verdict(text, suspects)
            if name and not verdict.noted:
                self._cache.put(name, verdict)
        for done in verdict.done:
            if done.changed or not run.again:
                run.note(done.finding, done.action)
        return applied(text, verdict.edits)

    def _in_json(
        self, text: str, words: str, treatment: Treatment, run: Run, depth: int
    ) -> str | None:
        """One pass over JSON; None where there was nothing to note, this time or any other."""
        noted = len(run.done), len(run.masked)
        redacted = json_text.edit(text, words, JsonEditor(self, treatment, run, deeper(depth)))
        # What is kept is noted in the first pass only.
        quiet = not run.again and noted == (len(run.done), len(run.masked))
        return None if quiet and redacted == text else redacted

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
