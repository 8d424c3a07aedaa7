"""What becomes of the parts of a JSON text: keys, strings and numbers, each by its own key."""

from typing import TYPE_CHECKING

from processors.redaction.cache import CLEAN, Verdict
from processors.redaction.rules import Treatment
from processors.redaction.run import Run

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

    def key(self, name: str) -> Verdict:
        """See `json_text.Editor`."""
        return self._redactor.key(name, self._run, self._depth)

    def whole(self, key: str) -> bool:
        """See `json_text.Editor`."""
        treatment = self._members[key]
        return treatment is not None and not (treatment.searched and treatment.whole is None)

    def string(self, value: str, key: str, label: str) -> Verdict:
        """See `json_text.Editor`."""
        redactor = self._redactor
        treatment = self._treatment(key)
        # A label, which the agent chooses, can only make more of the value go.
        if rule := treatment.whole or (label and self._treatment(label).whole):
            return redactor.whole(value, rule)
        words = redactor.words(f"{key} {label}" if label else key)
        return redactor.inner(value, words, treatment, self._run, self._depth)

    def number(self, digits: str, key: str) -> Verdict:
        """See `json_text.Editor`."""
        if not 3 < len(digits) < 20 or not digits.isdecimal():
            return CLEAN
        redactor = self._redactor
        if not redactor.may_be_personal(int(digits), key):
            return CLEAN
        treatment = self._treatment(key)
        return redactor.inner(digits, redactor.words(key), treatment, self._run, self._depth)

    def _treatment(self, key: str) -> Treatment:
        treatment = self._members[key]
        return treatment.in_json if treatment else self._outer
