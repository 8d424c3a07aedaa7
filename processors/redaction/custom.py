"""Presidio recognizers of a team's own: classes to import, and patterns written in the YAML."""

import functools
import importlib
from typing import Any

import regex
from pydantic import Field, field_validator, model_validator

from collector import ConfigModel
from processors.redaction.action_settings import EntityType


class PatternSetting(ConfigModel):
    """A pattern of an ad-hoc recognizer."""

    name: str = Field(min_length=1)
    """What the pattern is called."""
    regex: str = Field(min_length=1)
    """The pattern, in Python's syntax."""
    score: float = Field(ge=0, le=1)
    """How sure a match is without words around it that say so; with them it is 0.35 more."""

    @field_validator("regex")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            regex.compile(pattern)
        except regex.error as error:
            raise ValueError(
                f"no pattern: {error}: escape signs that stand for themselves"
            ) from None
        return pattern


class AdHocRecognizer(ConfigModel):
    """A recognizer as in Presidio's YAML: patterns or words, and words that speak for them."""

    name: str = Field(min_length=1)
    """What the recognizer is called."""
    supported_entity: EntityType
    """The entity type of what it finds."""
    supported_language: str = "en"
    """As in Presidio; patterns here are searched in every text."""
    patterns: tuple[PatternSetting, ...] = ()
    """What to find."""
    deny_list: tuple[str, ...] = ()
    """Words to find, wherever they stand as words of their own."""
    deny_list_score: float = Field(default=1.0, ge=0, le=1)
    """How sure a word of the deny list is."""
    context: tuple[str, ...] = ()
    """Words around a match, or in its key, that raise its score."""

    @model_validator(mode="after")
    def _finds_something(self) -> "AdHocRecognizer":
        if not self.patterns and not self.deny_list:
            raise ValueError("it finds nothing: give it patterns or a deny_list")
        if not all(word.strip() for word in self.deny_list):
            raise ValueError("deny_list: an empty word is in every text: remove it")
        return self


def entity_types(entry: str | AdHocRecognizer) -> list[str]:
    """The types that the recognizer of this entry finds. Raises as `load` does."""
    if isinstance(entry, AdHocRecognizer):
        return [entry.supported_entity]
    return list(load(entry).supported_entities)


def load(entry: str | AdHocRecognizer) -> Any:
    """The recognizer of an entry.

    Raises ValueError that names the entry and the remedy, for a class that cannot be had.
    """
    return _class_instance(entry) if isinstance(entry, str) else _from_patterns(entry)


def _from_patterns(entry: AdHocRecognizer) -> Any:
    from processors.redaction.presidio import PatternRecognizer

    return PatternRecognizer.from_dict(entry.model_dump(mode="json"))


@functools.cache
def _class_instance(entry: str) -> Any:
    from processors.redaction.presidio import EntityRecognizer

    made = _instance(entry, _attribute(entry))
    if not isinstance(made, EntityRecognizer):
        raise ValueError(f"{entry} is no Presidio recognizer: derive it from EntityRecognizer")
    if not made.supported_entities:
        raise ValueError(f"{entry} has no supported_entities: give it some")
    _try(entry, made)
    return made


def _attribute(entry: str) -> Any:
    module, colon, name = entry.partition(":")
    if not (module and colon and name):
        raise ValueError(f"{entry!r} names no class: write package.module:ClassName")
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise ValueError(
            f"{entry}: there is no module {error.name}: install it where winnow runs, "
            "or put its directory on PYTHONPATH"
        ) from None
    except AttributeError:
        raise ValueError(f"{entry}: {module} has no {name}: correct the name") from None
    except Exception as error:
        raise ValueError(f"{entry}: importing {module} raised {_told(error)}") from None


def _instance(entry: str, cls: Any) -> Any:
    try:
        return cls()
    except Exception as error:
        raise ValueError(
            f"{entry} could not be made: {_told(error)}: its constructor must need no arguments"
        ) from None


def _try(entry: str, recognizer: Any) -> None:
    try:
        recognizer.analyze("text", list(recognizer.supported_entities), None)
    except Exception as error:
        raise ValueError(
            f"{entry} failed on a first text: {_told(error)}: "
            "it must do without nlp_artifacts, which are None here"
        ) from None


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
