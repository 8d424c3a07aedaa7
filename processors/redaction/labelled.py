"""Labelled data: texts, and where personal data stands in them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import AliasChoices, BaseModel, Field, TypeAdapter, ValidationError, model_validator


class LabelledDataError(ValueError):
    """A file of labelled data that does not fit; the text says where, and shows no value."""


class Label(BaseModel):
    """A stretch of a text that is personal data or a secret."""

    type: str = Field(min_length=1, validation_alias=AliasChoices("type", "entity_type"))
    start: Annotated[int, Field(ge=0, validation_alias=AliasChoices("start", "start_position"))]
    end: int = Field(validation_alias=AliasChoices("end", "end_position"))
    """Offsets in characters, as in a slice."""


class Sample(BaseModel):
    """A text and its labels."""

    text: str = Field(validation_alias=AliasChoices("text", "full_text"))
    labels: list[Label] = Field(validation_alias=AliasChoices("entities", "spans"))

    @model_validator(mode="after")
    def _labels_lie_in_the_text(self) -> "Sample":
        for number, label in enumerate(self.labels):
            if not label.start < label.end <= len(self.text):
                raise ValueError(
                    f"label {number} goes from {label.start} to {label.end}: it must have a "
                    f"character and end within the text, which has {len(self.text)}"
                )
        return self


_SAMPLE = TypeAdapter(Sample)


def load(path: Path) -> list[Sample]:
    """The samples of a file, in its order.

    It holds a JSON list of `{"full_text", "spans": [{"entity_type", "start_position",
    "end_position"}]}`, as presidio-research writes, or on each line a JSON object `{"text",
    "entities": [{"type", "start", "end"}]}`, as `winnow redact --json` does; the names of the two
    may be mixed, and other members are passed over.

    Raises LabelledDataError, and OSError for a file that cannot be read.
    """
    content = path.read_bytes()
    rows = _list(path, content) if content.lstrip().startswith(b"[") else _lines(path, content)
    samples = [_sample(place, row) for place, row in rows]
    if not samples:
        raise LabelledDataError(f"{path}: no labelled text in it: add some")
    return samples


def _list(path: Path, content: bytes) -> Iterator[tuple[str, Any]]:
    try:
        rows = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise LabelledDataError(f"{path}:{error.lineno}: not JSON: {error.msg}") from None
    yield from ((f"{path}: item {index}", row) for index, row in enumerate(rows))


def _lines(path: Path, content: bytes) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(content.split(b"\n"), 1):
        if line.strip():
            try:
                yield f"{path}:{number}", orjson.loads(line)
            except orjson.JSONDecodeError as error:
                raise LabelledDataError(
                    f"{path}:{number}: neither a JSON object on a line of its own nor part of one "
                    f"JSON list: {error.msg}"
                ) from None


def _sample(place: str, row: Any) -> Sample:
    try:
        return _SAMPLE.validate_python(row, strict=True)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        message = first["msg"].removeprefix("Value error, ")
        raise LabelledDataError(f"{place}: {f'{where}: ' if where else ''}{message}") from None
