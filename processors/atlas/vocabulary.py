"""The words of the AI Interaction Atlas: six dimensions, each with its ids."""

import functools
from importlib.resources import files
from typing import Any

import yaml

from collector.config.problems import did_you_mean

DIMENSIONS = ("ai_tasks", "human_tasks", "system_tasks", "data", "constraints", "touchpoints")


@functools.cache
def vocabulary() -> dict[str, dict[str, str]]:
    """By dimension, every id with the name that people read."""
    found: dict[str, dict[str, str]] = read_yaml("vocabulary.yaml")
    return found


def check_id(dimension: str, word: str) -> str:
    """The id as it is. Raises ValueError where the dimension has none such."""
    known = vocabulary()
    if word in known[dimension]:
        return word
    other = next((name for name in DIMENSIONS if word in known[name]), None)
    if other:
        raise ValueError(f"{word!r} is one of {other}: write it there")
    hint = _prefixed(dimension, word) or did_you_mean(word, known[dimension])
    raise ValueError(f"{word!r} is not in the atlas' {dimension}{hint}")


def _prefixed(dimension: str, word: str) -> str:
    """A hint where only the prefix is missing."""
    prefix = next(iter(vocabulary()[dimension])).partition("_")[0]
    meant = f"{prefix}_{word}"
    return f" (did you mean {meant!r}?)" if meant in vocabulary()[dimension] else ""


def read_yaml(name: str) -> Any:
    """A table of this package."""
    return yaml.safe_load((files(__package__) / name).read_text("utf-8"))
