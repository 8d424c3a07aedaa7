"""Puts encrypted findings back into text, and into JSON of any depth, which stays JSON."""

import re
from urllib.parse import quote

import orjson

from processors.redaction import json_text
from processors.redaction.encryption import MARK, Cipher
from processors.redaction.run import Place

# In a URL, the signs around a token are percent-encoded (RFC 3986, section 2.1).
_TOKEN = re.compile(rf"(<|%3[Cc])([A-Z][A-Z0-9_]*){MARK}([A-Za-z0-9_-]+)(?:>|%3[Ee])")
_QUOTED_OR_TOKEN = re.compile(rf'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|{_TOKEN.pattern}', re.DOTALL)


class Decrypter:
    """Decrypts with one key, and counts. Of one thread."""

    def __init__(self, key: str) -> None:
        """`key` is what `encryption.decode_key` reads, with its ValueError."""
        self._cipher = Cipher(key)
        self.restored = 0
        """Encrypted findings that were put back."""
        self.failed = 0
        """Those that stayed: another key made them, or somebody changed them."""

    def restore(self, text: str) -> str:
        """The text with every encrypted finding put back.

        In JSON, and between double quotes in other text, a value is escaped as JSON wants it.
        """
        if MARK not in text:
            return text
        if json_text.is_json(text):
            return json_text.edit(text, "", _JsonRestorer(self))
        return _QUOTED_OR_TOKEN.sub(self._quoted_or_token, text)

    def plain(self, text: str) -> str:
        """The text of a JSON string with its findings put back."""
        if json_text.is_json(text):
            return self.restore(text)
        return _TOKEN.sub(self._token, text)

    def _quoted_or_token(self, match: re.Match[str]) -> str:
        if match[1]:
            return self._token(match)
        try:
            value = orjson.loads(match[0])
        except orjson.JSONDecodeError:
            return self.plain(match[0])
        restored = self.plain(value)
        return match[0] if restored == value else orjson.dumps(restored).decode()

    def _token(self, match: re.Match[str]) -> str:
        opening, entity, payload = match.groups()
        found = self._cipher.decrypt(entity, payload)
        if found is None:
            self.failed += 1
            return match[0]
        self.restored += 1
        # A finding may have been found around an older one.
        found = _TOKEN.sub(self._token, found)
        return found if opening == "<" else quote(found, safe="")


class _JsonRestorer:
    """Restores the parts of a JSON text."""

    def __init__(self, decrypter: Decrypter) -> None:
        self._decrypter = decrypter

    def key(self, name: str, _place: Place) -> str:
        return self._decrypter.plain(name)

    def string(self, value: str, _key: str, _label: str, _place: Place) -> str:
        return self._decrypter.plain(value)

    def number(self, _literal: str, _key: str, _place: Place) -> str | None:
        return None

    def whole(self, _key: str) -> bool:
        return False
