"""Redacts one string: text, JSON, or either in the other in base64; JSON stays JSON."""

from collections.abc import Callable

from processors.redaction import context, json_text
from processors.redaction.analyzer import Analyzer, Suspects
from processors.redaction.attribute_rules import Treatments
from processors.redaction.budget import UnreadableError, deeper
from processors.redaction.cache import CLEAN, Cache, Done, Verdict
from processors.redaction.edits import Edit, applied
from processors.redaction.findings import Finding
from processors.redaction.json_editor import JsonEditor
from processors.redaction.ner_together import DeferredError
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
        redacting it again changes nothing. Where a part of it waits for a model, `run` says so, and
        what comes back counts for nothing.
        """
        batch = run.budget
        try:
            run.budget = self._analyzer.budget(text, batch)
            treatment = treatment or self.treatments.of(key)
            if treatment.whole:
                return _applied(text, self.whole(text, treatment.whole), run)
            return self._settled(text, self.words(key), treatment, run)
        except UnreadableError as error:
            return run.mask(error.reason)
        except Exception:  # whatever it was, the value must not pass
            return run.mask("error")
        finally:
            run.budget = batch

    def redact_key(self, key: str, run: Run) -> str:
        """The name of an attribute without what was found in it."""
        if key in self._clean_keys:
            return key
        redacted = self.redact(key, "", run)
        if redacted == key:
            self._remember_clean(key)
        return redacted

    def key(self, name: str, run: Run, depth: int) -> Verdict:
        """One pass over the key of a JSON member."""
        if name in self._clean_keys:
            return CLEAN
        fleeting = run.fleeting
        verdict = self.inner(name, "", self.treatments.ordinary.in_json, run, depth)
        if verdict == CLEAN and run.fleeting == fleeting:
            self._remember_clean(name)
        return verdict

    def redact_number(
        self, number: float, key: str, run: Run, treatment: Treatment | None = None
    ) -> str | None:
        """What stands for a number that `may_be_personal`, and is; else None."""
        if not self.may_be_personal(number, key):
            return None
        text = str(abs(int(number)))
        redacted = self.redact(text, key, run, treatment)
        return None if redacted == text else redacted

    def may_be_personal(self, number: float, key: str) -> bool:
        """Whether a number can be a card, or its key says it to be personal.

        Numbers under keys such as `order.id` or `duration_ns` are left alone.
        """
        words = self.words(key)
        telling = context.supports(words, _TELLING) or context.supports(words, _SECRET)
        if not telling and (abs(number) < _LEAST_CARD or context.supports(words, _TECHNICAL)):
            return False
        return number == number // 1 and abs(number) < 1e19

    def whole(self, value: str, rule: Rule) -> Verdict:
        """What comes of a value that goes whatever it holds."""
        redacted = rule.replace(value)
        if redacted == value:
            return CLEAN
        finding = Finding(0, len(value), WHOLE, 1.0)
        edit = Edit(0, len(value), redacted)
        return Verdict((edit,), (Done(finding, rule.action, changed=True),))

    def words(self, key: str) -> str:
        """The words of a key, as detectors want them."""
        return self._clean_keys.get(key) or context.key_words(key)

    def _remember_clean(self, key: str) -> None:
        if len(self._clean_keys) < _MAX_KEYS:
            self._clean_keys[key] = context.key_words(key)

    def _settled(self, text: str, words: str, treatment: Treatment, run: Run) -> str:
        """Pass after pass until nothing changes: what is put in can bring forth new findings."""
        try:
            for _ in range(_MAX_PASSES):
                redacted = _applied(text, self._verdict(text, words, treatment, run, 0), run)
                if redacted == text or run.waiting:
                    return text
                text, run.again = redacted, True
        finally:
            run.again = False
        raise UnreadableError

    def inner(self, text: str, words: str, treatment: Treatment, run: Run, depth: int) -> Verdict:
        """One pass over a part of a text; a part that cannot be read harms no other."""
        try:
            return self._verdict(text, words, treatment, run, depth)
        except UnreadableError as error:
            return Verdict((Edit(0, len(text), run.mask(error.reason)),))

    def _verdict(
        self, text: str, words: str, treatment: Treatment, run: Run, depth: int
    ) -> Verdict:
        """One pass, or what is remembered of it. Raises UnreadableError."""
        if not treatment.searched:
            return CLEAN
        name = self._name(text, words, treatment)
        verdict = self._cache.get(name) if name else None
        if verdict is None:
            fleeting = run.fleeting
            verdict = self._pass(text, words, treatment, run, depth)
            if name and run.fleeting == fleeting:
                self._cache.put(name, verdict)
        return verdict

    def _pass(self, text: str, words: str, treatment: Treatment, run: Run, depth: int) -> Verdict:
        suspects = self._analyzer.suspects(text, words)
        if suspects is None:
            return CLEAN
        if json_text.is_json(text):
            editor = JsonEditor(self, treatment, run, deeper(depth))
            return json_text.verdict(text, words, editor)
        return TextEditor(self, words, treatment, run, depth).verdict(text, suspects)

    def suspects(self, text: str, words: str) -> Suspects | None:
        """What may be found in a text; None where nothing can be."""
        return self._analyzer.suspects(text, words)

    def search(self, text: str, words: str, suspects: Suspects | None, run: Run) -> list[Finding]:
        """What is found in a text, but for what is redacted already."""
        if suspects is None:
            return []
        try:
            return self._analyzer.findings(self._veil(text), words, suspects.detectors, run.budget)
        except DeferredError:
            run.wait()
            return []

    def _name(self, text: str, words: str, treatment: Treatment) -> bytes | None:
        if not self._cache.wants(text):
            return None
        # Treatments live as long as the cache does, so that none takes another's identity.
        return self._cache.name(f"{id(treatment):x}", words, text)


def _applied(text: str, verdict: Verdict, run: Run) -> str:
    """The text with the verdict's edits; what was done is noted."""
    for done in verdict.done:
        if done.changed or not run.again:
            run.note(done.finding, done.action)
    return applied(text, verdict.edits)
