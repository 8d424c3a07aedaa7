"""Parameters of URLs and forms: `?phone=7858949` says what its value is, as a JSON key does."""

import re
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import re2

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding

CONDITION = r"(?:^|[\n?&;])[A-Za-z_][A-Za-z0-9_.\-\[\]]*=[^\s=&;#]{4}"
"""A pattern, in RE2's syntax, that is in every text with a parameter."""

_NAMED = r"(?P<name>[A-Za-z_][A-Za-z0-9_.\-\[\]]{0,63})=(?P<value>[^\s&;#\"'<>]{4,4096})"
_FIRST, _NEXT = re.compile(_NAMED), re.compile(rf"[?&;]{_NAMED}")

_BEFORE = r"[?&;#](?:[a-z][a-z0-9_.\-]*[_.\-])?"
_NAMES = r"(?:token|secret|sig|signature|credential|auth|apikey|awsaccesskeyid|jwt)"
_TOKEN = "API_KEY"  # noqa: S105 - an entity type
_LONGEST_COUNT = 5  # of `max_token=4096`


class Parameter(NamedTuple):
    """A name with a value in the query of a URL, or in a form."""

    name: str
    value: str
    start: int
    """Where the value begins."""


def parameters(text: str) -> Iterator[Parameter]:
    """Every parameter in the text, in order."""
    first = _FIRST.match(text)
    for match in chain((first,) if first else (), _NEXT.finditer(text)):
        yield Parameter(match["name"], match["value"], match.start("value"))


class TokenDetector:
    """Finds what stands under `token=` and the like in a URL's query, whatever its form.

    Elsewhere `token` says little; in a URL it is what lets somebody in. The names are those that
    OpenTelemetry's conventions have redacted in `url.full`, and what else is in use.
    """

    condition = rf"(?i){_BEFORE}{_NAMES}=[^\s&;#<]{{4}}"
    _pattern = re2.compile(rf"(?i){_BEFORE}{_NAMES}=([^\s&;#\"'<>]{{4,}})")

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`."""
        for match in self._pattern.finditer(text):
            budget.remaining()
            if not match[1].isdecimal() or len(match[1]) > _LONGEST_COUNT:
                yield Finding(match.start(1), match.end(1), _TOKEN, 1.0)
