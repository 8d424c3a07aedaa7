"""`winnow.prompt.hash`: whether two model calls had the same system instructions."""

import json
import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from collector import Attributes, Value

PROMPT_HASH = "winnow.prompt.hash"
_INSTRUCTIONS = "gen_ai.system_instructions"
_MESSAGES = "gen_ai.input.messages"
_ROLES = frozenset({"system", "developer"})
_QUOTED_ROLES = ('"system"', '"developer"')
_BETWEEN = frozenset(" \t\r\n,")
_NO_INSTRUCTION = re.compile(
    r"""[\s,\[]*(?:\]|\{\s*"role"\s*:\s*"(?!system"|developer"))""", re.ASCII
)
_START = 128
_MOST_KNOWN = 256
_LONGEST_KNOWN = 16 * 1024
"""Characters: with `_MOST_KNOWN`, some megabytes are remembered at most."""
_SHORTEST = 64
"""Characters. English has about one bit of information a character (Shannon 1951), and 2^64
guesses are out of reach; shorter texts could be found by trying."""
_GUESSABLE = re.compile(r"[0-9][0-9 .()/-]{5,}[0-9]")
"""Looks like a phone, card or other number of a person. Within a text that is known otherwise, it
can be found by trying all there are; so can an e-mail address."""
_PERSON = b"winnow.prompt"
_decode = json.JSONDecoder().raw_decode


class _Known(NamedTuple):
    """Instructions that were seen before."""

    text: str
    """The value of the attribute, up to where the instructions end."""
    digest: str
    """Empty where the hash is left out."""


class PromptHash:
    """Hashes the system instructions of model calls."""

    names = (_INSTRUCTIONS, _MESSAGES)
    """A span with none of these attributes has no instructions."""

    def __init__(self, key: str) -> None:
        """`key` is secret, or empty; with the same key, hashes are the same on every host."""
        self._key = blake2b(key.encode(), digest_size=32).digest() if key else b""
        # Agents send the same instructions with each call. In memory only.
        self._known: dict[bool, dict[str, _Known]] = {True: {}, False: {}}

    def write(self, attributes: Attributes) -> None:
        """Write the hash, unless there are no instructions or it could give them away."""
        values = attributes.values
        if PROMPT_HASH in values:
            return
        told, whole = values.get(_INSTRUCTIONS), True
        if not told:
            told, whole = values.get(_MESSAGES), False
        digest = self._seen(told, whole) if isinstance(told, str) else self._hash(told, whole)[0]
        if digest:
            attributes.set(PROMPT_HASH, digest)

    def _seen(self, told: str, whole: bool) -> str:
        """The hash for what an attribute says, from memory where the same was said before."""
        memory, start = self._known[whole], told[:_START]
        known = memory.get(start)
        if known is not None and told.startswith(known.text):
            end = len(known.text)
            if end == len(told) or not (whole or _instructs_on(told, end)):
                return known.digest
        digest, end = self._hash(told, whole)
        if end <= _LONGEST_KNOWN:
            if len(memory) >= _MOST_KNOWN:
                memory.clear()
            memory[start] = _Known(told[:end], digest)
        return digest

    def _hash(self, told: Value, whole: bool) -> tuple[str, int]:
        """The hash, and where the instructions end in a text."""
        texts, end = _instructions(told) if whole else _heads(told)
        text = "\n".join(texts)
        if not text or not (self._key or _safe_without_key(text)):
            return "", end
        data = text.encode("utf-8", "surrogatepass")
        return blake2b(data, digest_size=16, key=self._key, person=_PERSON).hexdigest(), end


def _safe_without_key(text: str) -> bool:
    return len(text) >= _SHORTEST and "@" not in text and not _GUESSABLE.search(text)


def _instructions(told: Value) -> tuple[list[str], int]:
    """The texts of an attribute that holds nothing but instructions."""
    return list(_texts(_parsed(told))), len(told) if isinstance(told, str) else 0


def _heads(messages: Value) -> tuple[list[str], int]:
    """The texts of the leading messages that instruct the model, and where these end."""
    texts: list[str] = []
    end = 0
    for message, position in _read_on(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            break
        texts += _texts(message.get("parts", message.get("content")))
        end = position
    return texts, end


def _read_on(messages: Value) -> Iterator[tuple[Any, int]]:
    """The messages with where each ends, read when asked for: a history may be long."""
    if isinstance(messages, list):
        yield from ((message, 0) for message in messages)
    if not isinstance(messages, str):
        return
    position = len(messages) - len(messages.lstrip(" \t\r\n["))
    while _instructs_on(messages, position):
        try:
            message, position = _decode(messages, position)
        except ValueError:
            return
        yield message, position
        while messages[position : position + 1] in _BETWEEN:
            position += 1


def _instructs_on(messages: str, position: int) -> bool:
    """Whether the message at `position` may be an instruction; nearly always a quick no."""
    if _NO_INSTRUCTION.match(messages, position):
        return False
    return any(messages.find(role, position) >= 0 for role in _QUOTED_ROLES)


def _parsed(told: Value) -> object:
    if isinstance(told, str) and told.startswith(("[", "{", '"')):
        try:
            return orjson.loads(told)
        except orjson.JSONDecodeError:
            return told
    return told


def _texts(told: object) -> Iterator[str]:
    """The text of each part; of a part without, its JSON."""
    for part in told if isinstance(told, list) else [told]:
        if isinstance(part, dict):
            text = part.get("content", part.get("text"))
            yield text if isinstance(text, str) else _json(part)
        elif isinstance(part, str):
            yield part


def _json(part: dict[str, Any]) -> str:
    return orjson.dumps(part, default=repr, option=orjson.OPT_SORT_KEYS).decode()
