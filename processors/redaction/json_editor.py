"""What becomes of the parts of a JSON text: keys, strings and numbers, each by its own key."""

from typing import TYPE_CHECKING

from processors.redaction.rules import Treatment
from processors.redaction.run import Place, Run

if TYPE_CHECKING:
    from processors.redaction.redactor import Redactor


class JsonEditor:
    """Redacts the parts of a JSON text one by one; one that cannot be read harms no other."""

    def __init__(self, redactor: "Redactor", treatment: Treatment, run: Run, depth: int) -> None:
        self._redactor = redactor
        self._members = redactor.treatments.members
        self._outer = treatment.in_json
        self._run = run
        self._depth = depth

    def key(self, name: str, place: Place) -> str:
        """See `json_text.Editor`."""
        first = len(self._run.findings)
        redacted = self._redactor.redact_key(name, self._run)
        self._run.moved(first, place)
        return redacted

    def whole(self, key: str) -> bool:
        """See `json_text.Editor`."""
        treatment = self._members[key]
        return treatment is not None and not (treatment.searched and treatment.whole is None)

    def string(self, value: str, key: str, label: str, place: Place) -> str:
        """See `json_text.Editor`."""
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
        """See `json_text.Editor`."""
        digits = literal.removesuffix(".0").lstrip("-")
        if not 3 < len(digits) < 20 or not digits.isdecimal():
            return None
        first = len(self._run.findings)
        treatment = self._treatment(key)
        redacted = self._redactor.redact_number(int(digits), key, self._run, treatment)
        self._run.moved(first, place)
        return redacted
