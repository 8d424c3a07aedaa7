"""Changes span attributes, as the Collector's `attributes` processor does."""

import base64
import hashlib
import math
import re
import struct
from collections.abc import Callable
from typing import Annotated, Any, Literal, Self, TypeAlias

import orjson
from pydantic import BeforeValidator, JsonValue, field_validator, model_validator

from collector import Attributes as SpanAttributes
from collector import Batch, ComponentConfig, ConfigModel, Context, Processor, Value
from collector.attributes import encode
from processors._match import MatchProperties, as_text, check_pattern, chooser

Edit: TypeAlias = Callable[[SpanAttributes], None]

_SOURCES = ("value", "from_attribute")
_USES = {
    "insert": _SOURCES,
    "update": _SOURCES,
    "upsert": _SOURCES,
    "delete": ("pattern",),
    "hash": ("pattern",),
    "extract": ("pattern",),
    "convert": ("converted_type",),
}
"""The fields that each action takes beside `key`."""
_WHOLE = re.compile(r"[+-]?[0-9]+")


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


class Action(ConfigModel):
    """One thing to do to the attributes of a span."""

    key: str = ""
    """The attribute to act upon."""
    action: Annotated[
        Literal["insert", "update", "upsert", "delete", "hash", "extract", "convert"],
        BeforeValidator(_lower),
    ]
    """`insert` where the key is absent, `update` where it is there, `upsert` either way; `delete`;
    `hash` (SHA-256, in hex; lists, maps and bytes become an empty text); `extract` named groups
    into attributes of their names; `convert` to another type."""
    value: JsonValue = None
    """What to write, for `insert`, `update` and `upsert`; its YAML type is the attribute's."""
    from_attribute: str = ""
    """The attribute to copy, instead of `value`; where it is absent nothing happens."""
    pattern: str = ""
    """For `extract`, a regular expression with named groups, searched in a text value. For
    `delete` and `hash`, one that is searched in the keys: all that match are acted upon."""
    converted_type: Literal["string", "int", "double"] | None = None
    """What to `convert` to; a value that cannot be converted stays as it is."""

    @field_validator("value")
    @classmethod
    def _fits_otlp(cls, value: JsonValue) -> JsonValue:
        encode("", value)  # ValueError for an integer of more than 64 bits
        return value

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return check_pattern(pattern)

    @model_validator(mode="after")
    def _fields_fit_action(self) -> Self:
        given = [name for name in (*_SOURCES, "pattern", "converted_type") if self._has(name)]
        needed = _USES[self.action]
        for name in given:
            if name not in needed:
                raise ValueError(f"{name} does nothing for {self.action}: remove it")
        if len(given) > 1:
            raise ValueError("value and from_attribute exclude each other: remove one")
        if self.action in ("delete", "hash"):
            if not self.key and not self.pattern:
                raise ValueError(f"{self.action} needs a key, a pattern for keys, or both")
        elif not self.key:
            raise ValueError(f"{self.action} needs a key")
        elif not given:
            raise ValueError(f"{self.action} needs {' or '.join(needed)}")
        if self.action == "extract":
            _check_groups(self.pattern)
        return self

    def _has(self, name: str) -> bool:
        return getattr(self, name) not in (None, "") or (name == "value" and self.value == "")


class AttributesConfig(ComponentConfig):
    """What to do to the attributes of which spans."""

    actions: list[Action] = []
    """What to do, in order; each action sees what those before it did."""
    include: MatchProperties | None = None
    """Only the spans that match; all if not given."""
    exclude: MatchProperties | None = None
    """Not the spans that match, even where `include` does."""


class Attributes(Processor[AttributesConfig]):
    """Applies the actions to each span in turn.

    No action can fail on any value, so nothing is caught here: were one to fail, an attribute
    that was to be deleted or hashed must not get through.
    """

    Config = AttributesConfig

    def __init__(self, config: AttributesConfig, context: Context) -> None:
        super().__init__(config, context)
        self._edits = [_compile(action) for action in config.actions]
        self._chosen = chooser(config.include, config.exclude)

    def process(self, batch: Batch) -> None:
        """Edit the spans in place."""
        if not self._edits:
            return
        for record in batch.spans:
            if self._chosen is None or self._chosen(record):
                attributes = record.attributes
                for edit in self._edits:
                    edit(attributes)


def _check_groups(pattern: str) -> None:
    compiled = re.compile(pattern)
    if not compiled.groups or compiled.groups != len(compiled.groupindex):
        raise ValueError(
            f"{pattern!r}: every group names the attribute it goes to: write (?P<name>…), "
            "or (?:…) for a group that goes nowhere"
        )


def _compile(action: Action) -> Edit:
    match action.action:
        case "delete":
            return _for_keys(action, lambda attributes, keys: attributes.delete(*keys))
        case "hash":
            return _for_keys(action, _hash)
        case "extract":
            return _extract(action)
        case "convert":
            return _convert(action)
        case _:
            return _write(action)


def _write(action: Action) -> Edit:
    key, value, source = action.key, action.value, action.from_attribute
    wanted = {"insert": (False,), "update": (True,), "upsert": (False, True)}[action.action]

    def edit(attributes: SpanAttributes) -> None:
        if (key in attributes) not in wanted:
            return
        if not source:
            attributes.set(key, value)
        elif source in attributes:
            attributes.set(key, attributes.get(source))

    return edit


def _for_keys(action: Action, act: Callable[[SpanAttributes, list[str]], object]) -> Edit:
    """Act on the key and on every key that the pattern matches."""
    search = re.compile(action.pattern).search if action.pattern else None

    def edit(attributes: SpanAttributes) -> None:
        keys = [] if search is None else [key for key in attributes if search(key)]
        if action.key in attributes and action.key not in keys:
            keys.append(action.key)
        if keys:
            act(attributes, keys)

    return edit


def _hash(attributes: SpanAttributes, keys: list[str]) -> None:
    for key in keys:
        data = _hashed_bytes(attributes.get(key))
        attributes.set(key, "" if data is None else hashlib.sha256(data).hexdigest())


def _hashed_bytes(value: Value) -> bytes | None:
    """What the Collector hashes for this value (sha2Hasher in its internal/coreinternal)."""
    match value:
        case str() as text:
            return text.encode()
        case bool() as truth:
            return b"\x01" if truth else b"\x00"
        case int() as whole:
            return struct.pack("<q", whole)
        case float() as number:
            return struct.pack("<d", number)
        case _:
            return None


def _extract(action: Action) -> Edit:
    key, search = action.key, re.compile(action.pattern).search

    def edit(attributes: SpanAttributes) -> None:
        value = attributes.get(key)
        if isinstance(value, str) and (found := search(value)) is not None:
            for name, text in found.groupdict("").items():
                attributes.set(name, text)

    return edit


def _convert(action: Action) -> Edit:
    key = action.key
    converter = {"string": _to_text, "int": _to_int, "double": _to_double}[
        action.converted_type or "string"
    ]

    def edit(attributes: SpanAttributes) -> None:
        if key in attributes and (made := converter(attributes.get(key))) is not None:
            attributes.set(key, made)

    return edit


def _to_text(value: Value) -> str:
    if isinstance(value, bytes):
        return _base64(value)
    if isinstance(value, list | dict):
        return orjson.dumps(value, default=_base64).decode()
    return as_text(value) or ""


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _to_int(value: Value) -> int | None:
    """A whole number of 64 bits, cut off after the point; None where there is none."""
    if isinstance(value, str):
        number = int(value) if len(value) <= 20 and _WHOLE.fullmatch(value) else None
    elif isinstance(value, float):
        number = int(value) if math.isfinite(value) else None
    else:
        number = int(value) if isinstance(value, bool | int) else None
    return number if number is not None and -(2**63) <= number < 2**63 else None


def _to_double(value: Value) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    if not isinstance(value, str) or "_" in value or value != value.strip():
        return None
    try:
        return float(value)
    except ValueError:
        return None
