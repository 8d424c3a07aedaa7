"""Messages that an SDK writes as JSON or plain text, as the current message JSON."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import orjson

from collector import Value
from processors.genai.dialect import Dialect, PartShape
from processors.genai.messages import (
    OUTPUT_MESSAGES,
    Folded,
    Message,
    Unfoldable,
    with_object,
)

Part = dict[str, Any]
_MESSAGES = "messages"
_PLAIN = frozenset({"text", "reasoning"})
_OF_A_PROMPT = frozenset({"system", "prompt", "messages"})


class Content:
    """The dialects' `content` tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._tables: dict[str, dict[str, dict[str, str]]] = {}
        self._shapes: dict[str, PartShape] = {}
        for dialect in dialects:
            self._shapes = {**dialect.parts, **self._shapes}
            for operation, targets in dialect.content.items():
                for target, sources in targets.items():
                    table = self._tables.setdefault(operation, {}).setdefault(target, {})
                    table.update({key: sources[key] for key in sources if key not in table})

    @property
    def names(self) -> frozenset[str]:
        """Every attribute that some table reads."""
        return frozenset(
            source
            for targets in self._tables.values()
            for sources in targets.values()
            for source in sources
        )

    def convert(self, operation: str, values: Mapping[str, Value]) -> Iterator[Folded]:
        """What of the span's content has a lossless form as messages."""
        for target, sources in self._tables.get(operation, {}).items():
            present = {key: form for key, form in sources.items() if values.get(key)}
            if present:
                try:
                    yield self._fold(target, present, values)
                except (Unfoldable, orjson.JSONDecodeError):
                    continue

    def _fold(self, target: str, forms: Mapping[str, str], values: Mapping[str, Value]) -> Folded:
        role = "assistant" if target == OUTPUT_MESSAGES else "user"
        for key, form in forms.items():
            if form == _MESSAGES:
                return Folded(target, self._messages(values[key], role), [key])
        parts = [part for key, form in forms.items() for part in self._said(form, values[key])]
        if not parts:
            raise Unfoldable
        return Folded(target, [{"role": role, "parts": parts}], list(forms))

    def _said(self, form: str, value: Value) -> Iterable[Part]:
        """What one attribute adds to a message."""
        if not isinstance(value, str):
            raise Unfoldable
        if form in _PLAIN:
            return [{"type": form, "content": value}]
        listed = orjson.loads(value)
        if not isinstance(listed, list):
            raise Unfoldable
        return [self._part({"type": form, **_checked(item)}) for item in listed]

    def _messages(self, value: Value, role: str) -> list[Message]:
        """The messages in JSON; plain text is one message of `role`."""
        if not isinstance(value, str):
            raise Unfoldable
        told = _parsed(value)
        if isinstance(told, str):
            return [_text_message(role, told)]
        if isinstance(told, dict) and told.keys() <= _OF_A_PROMPT:
            return self._prompt(told)
        messages = [self._message(item) for item in (told if isinstance(told, list) else [told])]
        if not messages:
            raise Unfoldable
        return messages

    def _prompt(self, told: Mapping[str, Any]) -> list[Message]:
        """A system text, and a prompt or messages, as `generateText` takes them."""
        system, prompt = told.get("system"), told.get("prompt")
        asked = told.get("messages") or (prompt if isinstance(prompt, list) else None) or []
        messages = [_text_message("system", _checked_text(system))] if system else []
        messages += [self._message(item) for item in asked]
        if prompt and not isinstance(prompt, list):
            messages.append(_text_message("user", _checked_text(prompt)))
        if not messages:
            raise Unfoldable
        return messages

    def _message(self, raw: object) -> Message:
        fields = {key: value for key, value in _checked(raw).items() if value is not None}
        role = fields.pop("role", None)
        if not isinstance(role, str) or not role:
            raise Unfoldable
        if "parts" in fields:
            return _current({"role": role, **fields})
        content, answers = fields.pop("content", None), fields.pop("tool_call_id", None)
        if answers is not None:
            parts = [{"type": "tool_call_response", "id": answers, "response": content}]
        else:
            parts = self._parts(content)
        parts += [self._part({"type": "function", **_checked(call)}) for call in _calls(fields)]
        return {"role": role, "parts": parts, **fields}

    def _parts(self, content: object) -> list[Part]:
        if content is None:
            return []
        if isinstance(content, str):
            return [{"type": "text", "content": content}]
        if not isinstance(content, list):
            raise Unfoldable
        return [
            {"type": "text", "content": item} if isinstance(item, str) else self._part(item)
            for item in content
        ]

    def _part(self, raw: object) -> Part:
        fields = dict(_checked(raw))
        kind = fields.pop("type", None)
        if not isinstance(kind, str):
            raise Unfoldable
        shape = self._shapes.get(kind)
        if shape is None:  # The conventions allow parts of any other type, with any fields.
            return {"type": kind, **fields}
        for name in shape.inline:
            fields.update(_checked(fields.pop(name, {})))
        return with_object(_renamed(shape, fields))


def _renamed(shape: PartShape, fields: Mapping[str, Any]) -> Part:
    part = {"type": shape.part}
    for key, value in fields.items():
        name = shape.fields.get(key, key)
        if name in part:
            raise Unfoldable
        part[name] = value
    if shape.part in _PLAIN and not isinstance(part.get("content"), str):
        raise Unfoldable
    return part


def _current(message: Message) -> Message:
    """A message that is in the current form already."""
    parts = message["parts"]
    if not isinstance(parts, list) or any("type" not in _checked(part) for part in parts):
        raise Unfoldable
    return message


def _calls(fields: dict[str, Any]) -> list[object]:
    calls = fields.pop("tool_calls", [])
    if not isinstance(calls, list):
        raise Unfoldable
    return calls


def _parsed(text: str) -> object:
    """The JSON that stands in `text`; the text itself where it is none."""
    if not text.startswith(("[", "{", '"')):
        return text
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text


def _text_message(role: str, text: str) -> Message:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _checked(raw: object) -> dict[str, Any]:
    if not isinstance(raw, dict):
        raise Unfoldable
    return raw


def _checked_text(raw: object) -> str:
    if not isinstance(raw, str):
        raise Unfoldable
    return raw
