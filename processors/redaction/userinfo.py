"""A user and a password before a host, which are no e-mail address: `user:password@localhost`.

What is refused here as an address must be seen by the rules for `URL_PASSWORD` in `secrets.yaml`,
whose patterns are these.
"""

import re

from processors.redaction import context

_SCHEME = re.compile(r"\b[A-Za-z][A-Za-z0-9+.-]{1,30}\Z")
_IN_URL = re.compile(
    r"""://[^\s/?#@:<>"']{0,128}:[^\s@/<>*"'$\{\}\[\]][^\s@/<>*"']{0,255}@[A-Za-z0-9\[]"""
)
_USER = re.compile(r"""(?:\A|[\s"'`=(,;>\[])[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}\Z""")
_ALONE = re.compile(
    r""":[^\s@/:<>*"'`$\{\}\[\]][^\s@/:<>*"'`]{2,255}@(?:localhost|[0-9]{1,3}(?:\.[0-9]{1,3}){3})"""
)
_LONGEST_SCHEME, _LONGEST_USER = 32, 65
_LONGEST = 400

_LABELS = (
    *("mail", "contact", " to ", " cc ", " bcc ", " from ", " by ", " address ", "recipient"),
    *("sender", "author", "owner", " sip ", " sips ", " xmpp ", " acct "),
)
"""What stands with a colon right before an address."""


def is_password(text: str, floor: int, at: int) -> bool:
    """Whether what ends at the `@` at this place, and begins at `floor` or later, is a password.

    Behind a scheme that is sure; else only before a host that mail from elsewhere does not reach.
    """
    if text[at] != "@":
        return False
    floor = max(floor, at - _LONGEST)
    scheme = text.rfind("://", floor, at)
    if scheme >= 0 and _SCHEME.search(text, max(0, scheme - _LONGEST_SCHEME), scheme):
        found = _IN_URL.match(text, scheme)
        return found is not None and found.end() == at + 2
    colon = text.rfind(":", floor, at)
    found = _ALONE.match(text, colon) if colon >= 0 else None
    if found is None or not _USER.search(text[max(0, colon - _LONGEST_USER) : colon]):
        return False
    return not context.supports(context.words_before(text, colon, 2), _LABELS)
