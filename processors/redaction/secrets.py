"""Keys, tokens and passwords: the rules of `secrets.yaml`, and the detector that runs them.

All patterns run on RE2, so that no text takes longer than in proportion to its length.
"""

import functools
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal

import re2
import yaml
from pydantic import Field, model_validator

from collector import ConfigModel
from processors.redaction.budget import Budget
from processors.redaction.detectors import Detector
from processors.redaction.findings import Finding
from processors.redaction.secret_checks import CHECKS, entropy, is_filled, stands_in

_SURE = 1.0
"""The score of a form that no example and no code has by chance; of others, stand-ins are left."""
_DOUBT = 0.05
"""What a checksum that does not hold takes from the score."""
_MAX_MEMORY = 16 << 20

# A token begins at a word's start, or after an escape: `\nghp_…`, `%3Dghp_…`, `TOKEN_ghp_…`.
_START = r"(?:\b|_|\\[nrt]|%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4})"
# `name = "`, `"name": "`, `name => '`, `\"name\":\"`, `environ["name"] = "`.
_ASSIGNED = r"""[\\"'`\])]{0,4}\s{0,4}(?:=>|:=|={1,2}|:)\s{0,4}(?:[brfu]{0,2}\\?["'`])?"""
# `("name", "`: two strings in a row, which say something only if the second looks random.
_LISTED = r"""\\?["']\s{0,2},\s{0,4}\\?["']"""
_END = r"(?:[^A-Za-z0-9_+/=\[(.-]|\.(?:\s|$)|$)"
_KEYED = r"(?:^| )(?:{name})(?: \d+)? $"
_PARAMETER = re.compile(r"[?&][A-Za-z_][\w.\-\[\]]{0,63}=\Z")
_NEXT_PARAMETER = re.compile(r"&[A-Za-z_][\w.\-\[\]]*=")
_LONGEST_NAME = 66

Check = Literal["crc32", "jose_header", "user_password", "mixed", "unworded"]


class SecretRule(ConfigModel):
    """One kind of secret: a row of the file."""

    type: str = Field(pattern="^[A-Z][A-Z0-9_]*$")
    """The entity type that is reported."""
    condition: str = ""
    """A pattern that is in every text with such a secret. A rule with `name` needs none."""
    pattern: str = ""
    """The secret. Where the pattern has groups, the last that takes part is all that is replaced.
    A word boundary at its start is seen after escapes such as `\\n` and `%3D` too."""
    name: str = ""
    """For a secret that only its name gives away: a pattern for the words of the name, in small
    letters, with blanks between them that stand for `_`, `-`, `.` or nothing."""
    value: str = ""
    """A pattern for what is assigned to the name, or stands under it as a key."""
    keyed: str = ""
    """A pattern for what stands under the name as a key, where that is more than `value`: only
    stand-ins are told from it, without the tests below."""
    entropy: float = 0.0
    """The least Shannon entropy, in bits a character, of what is replaced."""
    require: list[Check] = []
    """Tests of `secret_checks` that what is found must pass."""
    check: Check | None = None
    """A test that tells how sure the finding is, and no more."""
    score: float = Field(default=_SURE, ge=0, le=1)
    """How sure a finding is. Of kinds that overlap, the surest gives its name."""
    source: str = Field(pattern="^https://")
    """Where the format is documented."""

    @model_validator(mode="after")
    def _complete(self) -> "SecretRule":
        if bool(self.pattern and self.condition) == bool(self.name and self.value):
            raise ValueError(f"{self.type}: write condition and pattern, or name and value")
        return self


@functools.cache
def load_rules() -> list[SecretRule]:
    """The rules that come with Winnow."""
    text = files(__package__).joinpath("secrets.yaml").read_text("utf-8")
    return [SecretRule.model_validate(row) for row in yaml.safe_load(text)]


def secret_types() -> list[str]:
    """The entity types of all rules, sorted."""
    return sorted({rule.type for rule in load_rules()})


def detectors(*disabled: str) -> list[Detector]:
    """A detector for each rule whose type is not among `disabled`."""
    return [SecretDetector(rule) for rule in load_rules() if rule.type not in disabled]


class SecretDetector:
    """Finds one kind of secret."""

    def __init__(self, rule: SecretRule) -> None:
        self._rule = rule
        self.condition = rule.condition or f"(?i){_spelled(rule.name)}"
        self._pattern = compiled(_assigned(rule) if rule.name else _anchored(rule.pattern))
        self._key = compiled(_KEYED.format(name=rule.name.replace(" ", " ?")))
        self._value = compiled(rf"\s*({rule.keyed or rule.value})\s*")

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        if self._rule.name and self._key.search(key) and (found := self._value.fullmatch(text)):
            start, end = _place(found)
            if self._believed(text[start:end], tested=not self._rule.keyed):
                yield self._finding(text, start, end)
        for start, end in self._spans(text, budget):
            if self._believed(text[start:end], tested=True):
                yield self._finding(text, start, end)

    def _spans(self, text: str, budget: Budget) -> Iterator[tuple[int, int]]:
        """As `spans`, but what is assigned in a query ends where the next parameter begins."""
        for start, end in spans(self._pattern, text, budget):
            following = self._rule.name and _NEXT_PARAMETER.search(text, start, end)
            if not following or not _PARAMETER.search(text, max(0, start - _LONGEST_NAME), start):
                yield start, end
            elif start < following.start():
                yield start, following.start()

    def _believed(self, secret: str, *, tested: bool) -> bool:
        rule = self._rule
        if is_filled(secret) or (rule.score < _SURE and stands_in(secret)):
            return False
        if not tested:
            return True
        return entropy(secret) >= rule.entropy and all(CHECKS[c](secret) for c in rule.require)

    def _finding(self, text: str, start: int, end: int) -> Finding:
        rule = self._rule
        doubtful = rule.check is not None and not CHECKS[rule.check](text[start:end])
        return Finding(start, end, rule.type, rule.score - (_DOUBT if doubtful else 0))


def compiled(pattern: str) -> Any:
    """The pattern for RE2. Raises ValueError for one that is not."""
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        raise ValueError(_reason(error)) from None


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else "unknown"
    return reason.decode() if isinstance(reason, bytes) else str(reason)


def spans(pattern: Any, text: str, budget: Budget) -> Iterator[tuple[int, int]]:
    """Where the last group that takes part in each match stands, or a match without groups."""
    for match in pattern.finditer(text):
        budget.remaining()
        start, end = _place(match)
        if start < end:
            yield start, end


def _place(match: Any) -> tuple[int, int]:
    taking_part = (n for n in range(match.re.groups, 0, -1) if match.start(n) >= 0)
    start, end = match.span(next(taking_part, 0))
    return start, end


def _anchored(pattern: str) -> str:
    """The pattern, with its first word boundary made to hold after an escape."""
    if not pattern.startswith(r"\b"):
        return pattern
    rest = pattern.removeprefix(r"\b")
    return _START + (rest if compiled(rest).groups else f"({rest})")


def _assigned(rule: SecretRule) -> str:
    between = f"(?:{_ASSIGNED}|{_LISTED})" if rule.entropy else _ASSIGNED
    return rf"(?i:{_spelled(rule.name)})[0-9]?{between}({rule.value}){_END}"


def _spelled(name: str) -> str:
    """A pattern for a name in all its spellings: `api key` is `apiKey`, `API_KEY`, `api-key`."""
    return name.replace(" ", r"[_.\- ]?")
