"""Which keys a pydantic model knows at some place below it, for suggestions."""

from collections.abc import Iterable, Iterator
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

Model = type[BaseModel]
_DEEPEST = 3


def known_keys(model: Model, location: Iterable[str | int]) -> list[str]:
    """The keys that the models at `location`, as pydantic's errors give it, take."""
    return sorted({str(key) for found in _models_at(model, location) for key in _fields(found)})


def deeper(model: Model, location: Iterable[str | int], key: str) -> str | None:
    """Where `key` is known below the models at `location`, as a dotted path; the nearest place."""
    level = [("", found) for found in _models_at(model, location)]
    for _ in range(_DEEPEST):
        level = [
            (f"{path}{name}.", inner)
            for path, found in level
            for name, field in _fields(found).items()
            for inner in _models(field.annotation)
        ]
        for path, found in level:
            if key in _fields(found):
                return f"{path}{key}"
    return None


def _models_at(model: Model, location: Iterable[str | int]) -> list[Model]:
    found = [model]
    for step in location:
        narrowed = [candidate for candidate in found if _tagged(candidate, step)]
        if 0 < len(narrowed) < len(found):
            found = narrowed
            continue
        below = [_fields(candidate)[step] for candidate in found if step in _fields(candidate)]
        found = [inner for field in below for inner in _models(field.annotation)] or found
    return found


def _fields(model: Model) -> dict[str | int, FieldInfo]:
    """The fields by the name that stands in YAML."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _tagged(model: Model, tag: str | int) -> bool:
    """Whether the model is the branch of a union that this tag chooses."""
    annotations = [field.annotation for field in model.model_fields.values()]
    return any(get_origin(a) is Literal and tag in get_args(a) for a in annotations)


def _models(annotation: Any) -> Iterator[Model]:
    """Every model that a value of this type can hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
