"""Texts, and counts of tokens, that an SDK writes as fields of a JSON object."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from collector import Value
from collector.model_calls import token_count
from processors.genai.dialect import Dialect


class _Source(NamedTuple):
    """An attribute that holds JSON, and what is looked for in it."""

    name: str
    signs: tuple[str, ...]
    """One of them stands in a text that is worth parsing: most answers, of some kB, have none."""
    paths: tuple[tuple[str, str], ...]
    """Each with its target."""


class Fields:
    """The dialects' `fields` tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._tables: dict[str, list[_Source]] = {}
        for dialect in dialects:
            for operation, sources in dialect.fields.items():
                found = self._tables.setdefault(operation, [])
                found.extend(_source(name, paths) for name, paths in sources.items())
        self.names = frozenset(source.name for table in self._tables.values() for source in table)

    def read(
        self, operation: str, values: Mapping[str, Value], missing: Callable[[str], bool]
    ) -> Iterator[tuple[str, str | int]]:
        """Attributes to write, of those that are `missing`; else nothing is parsed."""
        for source in self._tables.get(operation, ()):
            if source.name not in values or not _signed(values[source.name], source.signs):
                continue
            wanted = [(path, target) for path, target in source.paths if missing(target)]
            found = parsed(values[source.name]) if wanted else None
            if found is None:
                found = values[source.name]  # plain text, which only the empty path finds
            for path, target in wanted:
                told = _told(_at(found, path), target)
                if told and missing(target):
                    yield target, told


def _source(name: str, paths: Mapping[str, str]) -> _Source:
    heads = {path.partition(".")[0] for path in paths}
    return _Source(name, tuple(f'"{head}"' if head else "" for head in heads), tuple(paths.items()))


def _signed(value: Value, signs: Iterable[str]) -> bool:
    if not isinstance(value, str):
        return True
    for sign in signs:  # noqa: SIM110 - a generator takes longer than what it looks for
        if sign in value:
            return True
    return False


def _at(value: object, path: str) -> object:
    for key in path.split(".") if path else ():
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _told(value: object, target: str) -> str | int:
    """The value, if it is what `target` holds."""
    if target.endswith("_tokens"):
        return token_count(value) if value.__class__ in (int, float) else 0
    return value if isinstance(value, str) else ""


def parsed(value: Value) -> object:
    """What a JSON text holds, None if it is none; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
