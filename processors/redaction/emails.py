"""E-mail addresses, in one pass from `@` to `@`.

Presidio's pattern needs 36 s for 16 kB of `a=1&…@`, downloads the public suffix list for its
check, and knows no host outside that list. Here an address is what mail servers route: a local
part (RFC 5321, section 4.1.2) and a host, be it `example.com`, `server.local` or `[10.0.0.1]`.
"""

import re
from collections.abc import Iterator

from processors.redaction import context
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding
from processors.redaction.userinfo import is_password

TYPE = "EMAIL_ADDRESS"
_SCORE = 1.0
_WEAK = 0.1
_TERMS = ("email", "e mail", "mail", "contact")

# `%40`, `\u0040` and `&#64;` are the sign in URLs, in JSON inside of other text and in HTML.
_AT = re.compile(r"@|%40|\\u0040|&#64;", re.IGNORECASE)
# Accents may be marks of their own, which `\w` does not hold.
_LETTER = r"[\w\u0300-\u036f\u0900-\u0e7f]"
_LOCAL = re.compile(rf"(?:{_LETTER}|[.!#$%&'*+\-/=?^`{{|}}~])+")
_NAME = rf"{_LETTER}+(?:-+{_LETTER}+)*"
_DOMAIN = re.compile(rf"{_NAME}(?:\.{_NAME})*|\[[\da-fA-F:.]+\]")
_WORD = re.compile(r"[^\W_]")
_MAX_LOCAL = 320

# Allowed by the RFC, but in agents' traffic they stand between an address and what is before it.
_CUT = re.compile(r"[?&/|{}`*#^~$!]|='|%(?!2[Bb])[0-9A-Fa-f]{2}")
_PARAMETER = re.compile(r"[A-Za-z_][\w.\-]*=(?=[^=]+$)")
_ESCAPE = re.compile(r"(?:[nrtbf]|u[0-9a-fA-F]{4})(?=.)")
_TOP_LEVEL = re.compile(r"\.(?:[^\W\d_]{2,}|xn--)")
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_SEMVER = re.compile(r"\d+\.\d+\.")
_FILE = re.compile(r"\.(?:png|jpe?g|gif|svg|webp|ico|css|scss|js|mjs|ts|tsx|json|yaml|yml)$", re.I)


class EmailDetector:
    """Finds e-mail addresses in time linear in the text."""

    condition = r"(?i)@|%40|\\u0040|&#64;"

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        floor = announced = 0
        for at in _AT.finditer(text):
            budget.remaining()
            domain = _DOMAIN.match(text, at.end())
            start = _local_start(text, floor, at.start())
            before, floor = floor, at.end()
            if domain is None or start == at.start() or is_password(text, before, at.start()):
                continue
            score = _host_score(domain[0])
            if score == _WEAK and text.startswith("@", domain.end()):
                continue
            # What announces an address announces those right behind it, as many as there are.
            behind = announced and not _WORD.search(text, announced, start)
            if score < _SCORE and (behind or _announced(text, start, key)):
                score = context.boosted(score)
                announced = domain.end()
            yield Finding(start, domain.end(), TYPE, score)


def _announced(text: str, start: int, key: str) -> bool:
    return context.supports(key, _TERMS) or context.supports(
        context.words_before(text, start), _TERMS
    )


def _host_score(host: str) -> float:
    """Certain for a host with a top-level domain or an address; weak for a bare name."""
    if host.startswith("[") or _ADDRESS.fullmatch(host) or host.lower() == "localhost":
        return _SCORE
    if _TOP_LEVEL.search(host) and not _SEMVER.match(host) and not _FILE.search(host):
        return _SCORE
    return 0.0 if "." in host or host[0].isdigit() else _WEAK


def _local_start(text: str, floor: int, end: int) -> int:
    """Where the local part that ends at `end` begins; `end` if there is none."""
    window = text[max(floor, end - _MAX_LOCAL) : end]
    run = _run_at_end(window)
    start = end - len(run)
    if start > 0 and text[start - 1] == "\\" and (escape := _ESCAPE.match(run)):
        run = run[escape.end() :]
    local = _trimmed(run)
    return end - len(local) if _WORD.search(local) else end


def _run_at_end(window: str) -> str:
    length = len(window)
    position = length
    while position and _LOCAL.match(window[position - 1]):
        position -= 1
    return window[position:]


def _trimmed(run: str) -> str:
    """The run without what belongs to a URL, a query string or markup before the address."""
    short = _CUT.split(run)[-1]
    if parameter := _PARAMETER.match(short):
        short = short[parameter.end() :]
    return short.lstrip(".-+'=%") or run.lstrip("./?&'=")
