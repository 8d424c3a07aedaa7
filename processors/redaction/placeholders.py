"""What redaction itself has put into a text, and must not search again."""

import re
from collections.abc import Callable, Collection

from processors.redaction.encryption import MARK, Cipher

_PLACEHOLDER = re.compile(
    rf"<([A-Z][A-Z0-9_]*)(?:{MARK}([A-Za-z0-9_-]+))?>"
    "|<REDACTED:(?:attribute|depth|error|oversize|timeout|worker)>"
)


def veil(types: Collection[str], cipher: Cipher | None) -> Callable[[str], str]:
    """From a text to one of the same length whose placeholders hold nothing to be found.

    An encrypted finding counts as one only if the cipher's key made it: anybody can write its like
    around a secret. Without a cipher, it is text.
    """

    def hidden(match: re.Match[str]) -> str:
        entity, payload = match.groups()
        if entity is None or (payload is None and entity in types):
            return "<" * len(match[0])
        if payload and cipher and cipher.decrypt(entity, payload) is not None:
            return "<" * len(match[0])
        return match[0]

    return lambda text: _PLACEHOLDER.sub(hidden, text) if "<" in text else text
