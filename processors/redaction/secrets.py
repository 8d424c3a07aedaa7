"""Keys, tokens and passwords: the rules of `secrets.yaml`, and the detector that runs them."""

import functools
import math
from collections import Counter
from collections.abc import Iterator
from importlib.resources import files

import regex
import yaml
from pydantic import Field

from collector import ConfigModel
from processors.redaction.budget import Budget
from processors.redaction.detectors import Detector, search
from processors.redaction.findings import Finding

_SCORE = 1.0


class SecretRule(ConfigModel):
    """One kind of secret: a row of the file."""

    type: str = Field(pattern="^[A-Z][A-Z0-9_]*$")
    """The entity type that is reported."""
    condition: str
    """A pattern for RE2 that is in every text with such a secret; for a rule with `key`, in the
    words of every such key."""
    pattern: str
    """The secret. Where the pattern has a group named `secret`, that is all that is replaced."""
    key: str = ""
    """For secrets that only their key gives away: a pattern for the words of the attribute's or
    JSON key, in small letters with single blanks."""
    entropy: float = 0.0
    """The least Shannon entropy, in bits a character, of what is replaced."""
    source: str
    """Where the format is documented."""


@functools.cache
def load_rules() -> list[SecretRule]:
    """The rules that come with Winnow."""
    text = files(__package__).joinpath("secrets.yaml").read_text("utf-8")
    return [SecretRule.model_validate(row) for row in yaml.safe_load(text)]


def secret_types() -> list[str]:
    """The entity types of all rules, sorted."""
    return sorted({rule.type for rule in load_rules()})


def detectors() -> list[Detector]:
    """A detector for each rule."""
    return [SecretDetector(rule) for rule in load_rules()]


class SecretDetector:
    """Finds one kind of secret."""

    def __init__(self, rule: SecretRule) -> None:
        self.condition = rule.condition
        self._type = rule.type
        self._entropy = rule.entropy
        self._pattern = regex.compile(rule.pattern, regex.ASCII)
        self._key = regex.compile(rule.key) if rule.key else None
        self._group = "secret" if "secret" in self._pattern.groupindex else 0

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        if self._key is not None and not self._key.search(key):
            return
        for match in search(self._pattern, text, budget):
            start, end = match.span(self._group)
            if start < end and entropy(text[start:end]) >= self._entropy:
                yield Finding(start, end, self._type, _SCORE)


def entropy(text: str) -> float:
    """Shannon entropy in bits a character: 0 for one repeated letter, 6 for random base64."""
    shares = [count / len(text) for count in Counter(text).values()]
    return -sum(share * math.log2(share) for share in shares)
