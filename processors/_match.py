"""Choosing spans as the Collector's include and exclude do (its filterconfig, without OTTL)."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Literal, Self, TypeAlias

from pydantic import Field, JsonValue, field_validator, model_validator

from collector import Attributes, ConfigModel, SpanRecord, Value

Rule: TypeAlias = Callable[[SpanRecord], bool]
TextRule: TypeAlias = Callable[[str], bool]
AttributesRule: TypeAlias = Callable[[Attributes], bool]

SPAN_KINDS = (
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
)
"""By number, as in the OTLP specification."""


class AttributeMatch(ConfigModel):
    """An attribute to find."""

    key: str = Field(min_length=1)
    """The attribute's key."""
    value: JsonValue = None
    """What its value must be: equal, kind included, or a pattern where `match_type` is `regexp`.
    Any value will do if not given."""


class LibraryMatch(ConfigModel):
    """An instrumentation library (scope) to find."""

    name: str
    """The library's name."""
    version: str | None = None
    """Its version; any will do if not given."""


class MatchProperties(ConfigModel):
    """A span matches when it meets every property that is given."""

    match_type: Literal["strict", "regexp"]
    """`strict` compares whole values; `regexp` searches, so anchor patterns with `^` and `$`."""
    services: list[str] = []
    """The resource's `service.name` is one of these."""
    span_names: list[str] = []
    """The span's name is one of these."""
    span_kinds: list[str] = []
    """The span's kind is one of these, such as `SPAN_KIND_CLIENT`."""
    attributes: list[AttributeMatch] = []
    """The span has all of these attributes."""
    resources: list[AttributeMatch] = []
    """The resource has all of these attributes."""
    libraries: list[LibraryMatch] = []
    """The span's instrumentation library is all of these."""

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if not any(getattr(self, name) for name in _PROPERTIES):
            raise ValueError(f"this matches every span: give at least one of {_LIST}")
        if self.match_type == "strict":
            unknown = [kind for kind in self.span_kinds if kind not in SPAN_KINDS]
            if unknown:
                raise ValueError(f"{unknown[0]!r} is no span kind: use {', '.join(SPAN_KINDS)}")
        return self

    @field_validator("services", "span_names", "span_kinds")
    @classmethod
    def _not_empty_text(cls, values: list[str]) -> list[str]:
        if "" in values:
            raise ValueError("an empty text is in the list: remove it")
        return values

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        if self.match_type == "regexp":
            for pattern in self._patterns():
                check_pattern(pattern)
        return self

    def _patterns(self) -> list[str]:
        patterns = [*self.services, *self.span_names, *self.span_kinds]
        for wanted in (*self.attributes, *self.resources):
            if wanted.value is None:
                continue
            if not isinstance(wanted.value, str):
                raise ValueError(
                    f"{wanted.key}: with match_type regexp a value is a text: quote it"
                )
            patterns.append(wanted.value)
        for library in self.libraries:
            patterns += [library.name, library.version or ""]
        return patterns


class MatchConfig(ConfigModel):
    """Which spans: those that `include` matches, without those that `exclude` matches."""

    include: MatchProperties | None = None
    """Only these spans; all if not given."""
    exclude: MatchProperties | None = None
    """Not these spans, even where `include` matches them."""


_PROPERTIES = ("services", "span_names", "span_kinds", "attributes", "resources", "libraries")
_LIST = ", ".join(_PROPERTIES)


def check_pattern(pattern: str) -> str:
    """The pattern as it is. Raises ValueError where it is no regular expression."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    return pattern


def chooser(include: MatchProperties | None, exclude: MatchProperties | None) -> Rule | None:
    """Whether a span is included and not excluded; None where that is so for every span."""
    wanted = None if include is None else matcher(include)
    unwanted = None if exclude is None else matcher(exclude)
    if wanted is None and unwanted is None:
        return None
    return lambda record: (
        (wanted is None or wanted(record)) and not (unwanted is not None and unwanted(record))
    )


def matcher(properties: MatchProperties) -> Rule:
    """Whether a span meets every property; the cheap ones are asked first."""
    strict = properties.match_type == "strict"
    rules: list[Rule] = []
    if properties.span_names:
        name = _any_of(properties.span_names, strict)
        rules.append(lambda record: name(record.span.name))
    if properties.span_kinds:
        kind = _any_of(properties.span_kinds, strict)
        rules.append(lambda record: kind(_kind(record.span.kind)))
    if properties.services:
        service = _any_of(properties.services, strict)
        rules.append(lambda record: service(record.resource.attributes.text("service.name")))
    rules += [_library(library, strict) for library in properties.libraries]
    if properties.resources:
        resource = _all_of(properties.resources, strict)
        rules.append(lambda record: resource(record.resource.attributes))
    if properties.attributes:
        attributes = _all_of(properties.attributes, strict)
        rules.append(lambda record: attributes(record.attributes))
    return rules[0] if len(rules) == 1 else lambda record: all(rule(record) for rule in rules)


def as_text(value: Value) -> str | None:
    """A scalar as the Collector writes it; None for bytes, lists, maps and absent values."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _number(value)
        case _:
            return None


def _number(value: float) -> str:
    """The shortest digits that give the number back, without an exponent."""
    text = repr(value)
    if "e" in text:
        text = format(Decimal(text), "f")
    return text.removesuffix(".0")


def _kind(number: int) -> str:
    return SPAN_KINDS[number] if 0 <= number < len(SPAN_KINDS) else ""


def _any_of(wanted: Sequence[str], strict: bool) -> TextRule:
    if strict:
        return frozenset(wanted).__contains__
    search = re.compile("|".join(f"(?:{pattern})" for pattern in wanted)).search
    return lambda text: search(text) is not None


def _library(wanted: LibraryMatch, strict: bool) -> Rule:
    name = _any_of([wanted.name], strict)
    if wanted.version is None:
        return lambda record: name(record.scope.scope.name)
    version = _any_of([wanted.version], strict)
    return lambda record: name(record.scope.scope.name) and version(record.scope.scope.version)


def _all_of(wanted: Sequence[AttributeMatch], strict: bool) -> AttributesRule:
    rules = [(item.key, _value_rule(item.value, strict)) for item in wanted]

    def matches(attributes: Attributes) -> bool:
        return all(
            key in attributes and (rule is None or rule(attributes.values[key]))
            for key, rule in rules
        )

    return matches


def _value_rule(wanted: JsonValue, strict: bool) -> Callable[[Value], bool] | None:
    if wanted is None:
        return None
    if strict:
        return lambda value: same_value(value, wanted)
    search = re.compile(str(wanted)).search
    return lambda value: (text := as_text(value)) is not None and bool(search(text))


def same_value(found: Value, wanted: JsonValue) -> bool:
    """Equal and of the same kind: to Python, but not to OTLP, `1`, `1.0` and `true` are equal."""
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same_value, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(
            same_value(found[key], wanted[key]) for key in wanted
        )
    return type(found) is type(wanted) and found == wanted
