"""Puts encrypted findings back into text, and into JSON and base64, which stay such."""

import html
import re
from collections.abc import Iterator
from urllib.parse import quote

import orjson

from processors.redaction import base64_text, escapes, json_text
from processors.redaction.budget import DepthError
from processors.redaction.cache import CLEAN, Verdict
from processors.redaction.edits import Edit, applied
from processors.redaction.encryption import MARK, Cipher

# Around a token may stand escapes of URLs (RFC 3986, section 2.1), of HTML and of JSON that was cut
# off; its backslashes double with each JSON that a string is put into.
_OPENING = r"<|%3[Cc]|&(?:lt|#60|#[xX]3[cC]);|\\+u003[cC]"
_CLOSING = r">|%3[Ee]|&(?:gt|#62|#[xX]3[eE]);|\\+u003[eE]"
_TOKEN = re.compile(rf"({_OPENING})([A-Z][A-Z0-9_]*){MARK}([A-Za-z0-9_-]+)(?:{_CLOSING})")
# A token in base64 is longer than this, and so are the lines that it may be broken into. What is
# too short is passed over in one go.
_SIGNS = r"A-Za-z0-9+/_%\\&#;=\-"
_LONG_WORD = re.compile(rf"(?:[{_SIGNS}]{{0,59}}+[^{_SIGNS}]++)*+[{_SIGNS}]{{60}}")
_QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)', re.DOTALL)


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
        if MARK not in text and not _LONG_WORD.match(text):
            return text
        if json_text.is_json(text):
            return applied(text, json_text.verdict(text, "", _JsonRestorer(self)).edits)
        parts: list[str] = []
        position = 0
        for quoted in _QUOTED.finditer(text):
            parts += (self._text(text[position : quoted.start()]), self._quoted(quoted[0]))
            position = quoted.end()
        return "".join((*parts, self._text(text[position:])))

    def plain(self, text: str) -> str:
        """The text of a JSON string, or of base64, with its findings put back."""
        return self.restore(text) if json_text.is_json(text) else self._text(text)

    def _quoted(self, literal: str) -> str:
        try:
            value = orjson.loads(literal)
        except orjson.JSONDecodeError:
            return self.plain(literal)
        restored = self.plain(value)
        return literal if restored == value else orjson.dumps(restored).decode()

    def _text(self, text: str) -> str:
        tokens = (Edit(*match.span(), self._found(match)) for match in _TOKEN.finditer(text))
        return applied(text, [*tokens, *self._encoded(text)])

    def _encoded(self, text: str) -> Iterator[Edit]:
        """The base64 that findings were put back into."""
        if not _LONG_WORD.match(text):
            return
        for blob in base64_text.blobs(text, list(_views(text))):
            if (restored := self.plain(blob.text)) != blob.text:
                yield Edit(blob.start, blob.end, base64_text.put_back(text, blob, restored))

    def _found(self, token: re.Match[str]) -> str:
        opening, entity, payload = token.groups()
        found = self._cipher.decrypt(entity, payload)
        if found is None:
            self.failed += 1
            return token[0]
        self.restored += 1
        # A finding may have been found around an older one.
        return _escaped(self._text(found), opening)


def _views(text: str) -> Iterator[escapes.View]:
    """The parts of the text without their escapes, as redaction reads them."""
    try:
        yield from (view for view in escapes.views(text) if not view.form)
    except DepthError:  # redaction has masked such, as a whole
        return


def _escaped(found: str, opening: str) -> str:
    """The finding, with the escapes that the token's opening sign has."""
    if opening.startswith("%"):
        return quote(found, safe="")
    if opening.startswith("&"):
        return html.escape(found)
    for _ in range(opening.count("\\").bit_length()):
        found = orjson.dumps(found).decode()[1:-1]
    return found


class _JsonRestorer:
    """Restores the parts of a JSON text."""

    def __init__(self, decrypter: Decrypter) -> None:
        self._decrypter = decrypter

    def key(self, name: str) -> Verdict:
        return self._restored(name)

    def string(self, value: str, _key: str, _label: str) -> Verdict:
        return self._restored(value)

    def number(self, _digits: str, _key: str) -> Verdict:
        return CLEAN

    def whole(self, _key: str) -> bool:
        return False

    def _restored(self, text: str) -> Verdict:
        plain = self._decrypter.plain(text)
        return CLEAN if plain == text else Verdict((Edit(0, len(text), plain),))
