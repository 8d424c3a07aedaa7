"""True examples of secrets, drawn from the patterns that find them: none stands in a file."""

import base64
import itertools
import random
import string

# What `re` makes of a pattern, to walk along it.
from re import _parser

from processors.redaction.secret_checks import CHECKS, entropy

_PRINTABLE = string.ascii_letters + string.digits + "+/_-.=!$%&*"
_IN = {
    "CATEGORY_DIGIT": string.digits,
    "CATEGORY_SPACE": " ",
    "CATEGORY_WORD": string.ascii_letters + string.digits,
    "CATEGORY_NOT_SPACE": string.ascii_letters + string.digits,
}


class Drawn:
    """A text that a pattern matches, and where its last group that takes part stands in it."""

    def __init__(self, pattern, seed, *, least=True):
        self._random = random.Random(str(seed))
        self._least = least
        self._parts = []
        self._groups = {}
        self._sequence(_parser.parse(pattern.replace(r"\z", r"\Z").replace("(?s:", "(?:")))
        self.text = "".join(self._parts)
        start, end = self._groups[max(self._groups)] if self._groups else (0, len(self.text))
        self.secret = self.text[start:end]

    def _sequence(self, items):
        for kind, value in items:
            getattr(self, f"_{str(kind).lower()}")(value)

    def _literal(self, code):
        self._parts.append(chr(code))

    def _any(self, _):
        self._parts.append("x")

    def _not_literal(self, code):
        self._parts.append(self._random.choice(_PRINTABLE.replace(chr(code), "")))

    def _at(self, _):
        pass

    def _in(self, choices):
        negated = str(choices[0][0]) == "NEGATE"
        signs = "".join(self._signs(*choice) for choice in choices[negated:])
        if negated:
            signs = (
                "".join(c for c in string.ascii_letters + string.digits if c not in signs) or " "
            )
        self._parts.append(self._random.choice(signs))

    def _signs(self, kind, value):
        if str(kind) == "RANGE":
            return "".join(map(chr, range(value[0], value[1] + 1)))
        return _IN[str(value)] if str(kind) == "CATEGORY" else chr(value)

    def _branch(self, value):
        self._sequence(self._random.choice(value[1]))

    def _subpattern(self, value):
        group, _, _, items = value
        start = sum(map(len, self._parts))
        self._sequence(items)
        if group:
            self._groups[group] = (start, sum(map(len, self._parts)))

    def _max_repeat(self, value):
        least, most, items = value
        times = least if self._least else min(int(most), least + self._random.randrange(3))
        for _ in range(times):
            self._sequence(items)

    _min_repeat = _max_repeat


def draw(rule, seed):
    """A text with a secret of this kind and the secret: `name = "value"` for a rule with a name."""
    if not rule.name:
        drawn = Drawn(rule.pattern, seed)
        return drawn.text, drawn.secret
    name = Drawn(rule.name, seed).text.strip().replace(" ", "_")
    drawn = Drawn(rule.value, seed)
    return f'{name} = "{drawn.text}"', drawn.secret


def credentials(seed):
    """Base64 of a name and a password."""
    word = "".join(random.Random(seed).choices(string.ascii_letters + string.digits, k=12))
    return base64.b64encode(f"svc{seed}:{word}".encode()).decode()


def encrypted_token(seed):
    """A JWE in its compact form: a header that says so, and four parts of anything."""
    header = base64.urlsafe_b64encode(b'{"alg":"dir","enc":"A256GCM"}').decode().rstrip("=")
    parts = [Drawn("[A-Za-z0-9_-]{24}", (seed, part)).text for part in "kvct"]
    return ".".join([header, *parts])


_MADE = {
    "BASIC_CREDENTIALS": lambda seed: (f"Basic {credentials(seed)}", credentials(seed)),
    "DOCKER_CONFIG_AUTH": lambda seed: (f'"auth": "{credentials(seed)}"', credentials(seed)),
    "JWE": lambda seed: (encrypted_token(seed), encrypted_token(seed)),
}
"""What is more than its pattern, drawn by hand."""


def examples(rule):
    """Texts and secrets without end, all of them as random as the rule wants them."""
    for seed in itertools.count():
        text, secret = _MADE.get(rule.type, lambda seed: draw(rule, seed))(seed)
        tests = [CHECKS[name] for name in rule.require]
        if entropy(secret) >= rule.entropy and all(test(secret) for test in tests):
            yield text, secret
