"""Flattened messages (`llm.input_messages.0.message.role`, …) folded into message JSON."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from collector import Value
from processors.genai.dialect import Dialect

Message = dict[str, Any]
_TEXT, _CALL, _ANSWER = "text", "tool_call", "tool_call_response"
_IN_PLACE = "tool_use"
"""A call where it stands among the texts. It is listed among the message's calls, too."""
_SAID = frozenset({_TEXT, "reasoning"})
_IN_TURN = _SAID | {_IN_PLACE}
_PARTS = _IN_TURN.union((_CALL, _ANSWER))
_PLAIN = frozenset({"type", "content"})
_LONGEST_CACHED = 256
OUTPUT_MESSAGES = "gen_ai.output.messages"


class Unfoldable(Exception):  # noqa: N818 - it ends a fold, and is no error
    """The messages hold something that the JSON form has no place for."""


class Folded(NamedTuple):
    """The messages of one prefix, and the attributes that they were read from."""

    target: str
    messages: list[Message]
    keys: list[str]


class _Place(NamedTuple):
    """Where the value of one flattened attribute goes."""

    prefix: str
    number: int
    part: str
    """The part's type; empty for a field of the message itself."""
    positions: tuple[int, ...]
    field: str


class _Draft:
    """One message while its attributes come in."""

    __slots__ = ("fields", "parts")

    def __init__(self) -> None:
        self.fields: dict[str, str] = {}
        self.parts: dict[tuple[str, tuple[int, ...]], dict[str, Any]] = {}

    def put(self, place: _Place, text: str) -> None:
        if place.part:
            part = self.parts.setdefault((place.part, place.positions), {"type": place.part})
            part[place.field] = text
        else:
            self.fields[place.field] = text

    def message(self, default_role: str) -> Message:
        role = self.fields.pop("role", default_role) or default_role
        if not role:
            raise Unfoldable
        message: Message = {"role": role, "parts": self._parts()}
        message.update((field, text) for field, text in self.fields.items() if text)
        return message

    def _parts(self) -> list[dict[str, Any]]:
        parts = [part for _, part in sorted(self.parts.items())] if self.parts else []
        if any(part["type"] != _TEXT for part in parts):
            return _mixed(parts)
        if any("content" not in text for text in parts):
            raise Unfoldable
        return parts


class Folder:
    """The dialects' message tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._tables = {
            f"{prefix}.": (target, dialect.message_paths)
            for dialect in dialects
            for prefix, target in dialect.messages.items()
        }
        self._prefixes = tuple(self._tables)
        # The same few names come again and again; taking them apart is most of the work.
        self._place = functools.lru_cache(maxsize=8192)(self._take_apart)

    @property
    def names(self) -> frozenset[str]:
        """Flattened messages hold at least one of these attributes."""
        return frozenset(
            f"{prefix}0.{path.replace('*', '0')}"
            for prefix, (_, paths) in self._tables.items()
            for path in paths
        )

    def fold(self, values: Mapping[str, Value]) -> list[Folded]:
        """What of the flattened messages in `values` has a lossless form as JSON.

        The form is that of gen-ai-input-messages.json and gen-ai-output-messages.json in
        https://opentelemetry.io/docs/specs/semconv/gen-ai/.
        """
        drafts: dict[str, dict[int, _Draft]] = {}
        keys: dict[str, list[str]] = {}
        lossy: set[str] = set()
        for key, value in values.items():
            if not key.startswith(self._prefixes):
                continue
            place = self._place(key) if len(key) <= _LONGEST_CACHED else self._take_apart(key)
            if not place.field or not isinstance(value, str):
                lossy.add(place.prefix)
                continue
            keys.setdefault(place.prefix, []).append(key)
            numbered = drafts.setdefault(place.prefix, {})
            if place.number not in numbered:
                numbered[place.number] = _Draft()
            numbered[place.number].put(place, value)
        return [
            Folded(self._tables[prefix][0], messages, keys[prefix])
            for prefix, numbered in drafts.items()
            if prefix not in lossy and (messages := self._messages(prefix, numbered))
        ]

    def _messages(self, prefix: str, drafts: Mapping[int, _Draft]) -> list[Message]:
        default_role = "assistant" if self._tables[prefix][0] == OUTPUT_MESSAGES else ""
        try:
            return [drafts[number].message(default_role) for number in sorted(drafts)]
        except Unfoldable:
            return []

    def _take_apart(self, key: str) -> _Place:
        """The place of an attribute; without a field where no table knows its path."""
        prefix = next(prefix for prefix in self._prefixes if key.startswith(prefix))
        number, _, path = key[len(prefix) :].partition(".")
        steps = path.split(".")
        pattern = ".".join("*" if step.isdecimal() else step for step in steps)
        slot = self._tables[prefix][1].get(pattern)
        if slot is None or not number.isdecimal():
            return _Place(prefix, 0, "", (), "")
        part, _, field = slot.rpartition(".")
        positions = tuple(int(step) for step in steps if step.isdecimal())
        return _Place(prefix, int(number), part, positions, field)


def _mixed(parts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The parts of a message that holds more than text."""
    if any(part["type"] not in _PARTS for part in parts):
        raise Unfoldable
    said = [_told(part) for part in parts if part["type"] in _IN_TURN and _tells(part)]
    in_place = {part.get("id") for part in said if part["type"] == _CALL}
    calls = [with_object(part) for part in parts if part["type"] == _CALL]
    said += [call for call in calls if call.get("id") is None or call["id"] not in in_place]
    answers = [part for part in parts if part["type"] == _ANSWER]
    return [_answered(answers, said)] if answers else said


def _tells(part: Mapping[str, Any]) -> bool:
    return bool(part.get("content")) or not part.keys() <= _PLAIN


def _told(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] == _IN_PLACE:
        return with_object({**part, "type": _CALL})
    # What a provider keeps to itself has no content but a signature, or data.
    return {"type": part["type"], "content": "", **part}


def _answered(answers: Sequence[dict[str, Any]], said: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What a tool's message says is the response to the call that it names."""
    texts = [part for part in said if part["type"] == _TEXT and part.keys() == _PLAIN]
    if len(answers) > 1 or len(said) > 1 or len(texts) < len(said):
        raise Unfoldable
    return {**answers[0], "response": said[0]["content"] if said else ""}


def with_object(part: dict[str, Any]) -> dict[str, Any]:
    """A tool call has its arguments as the value that their JSON text stands for."""
    try:
        return {**part, "arguments": orjson.loads(part["arguments"])}
    except (KeyError, ValueError):
        return part
