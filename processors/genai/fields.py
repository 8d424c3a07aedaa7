"""Texts that an SDK writes as fields of a JSON object."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import orjson

from collector import Value
from processors.genai.dialect import Dialect


class Fields:
    """The dialects' `fields` tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._tables: dict[str, list[tuple[str, dict[str, str]]]] = {}
        for dialect in dialects:
            for operation, sources in dialect.fields.items():
                self._tables.setdefault(operation, []).extend(sources.items())
        self.names = frozenset(source for tables in self._tables.values() for source, _ in tables)

    def read(
        self, operation: str, values: Mapping[str, Value], missing: Callable[[str], bool]
    ) -> Iterator[tuple[str, str]]:
        """Attributes to write, of those that are `missing`; else nothing is parsed."""
        for source, table in self._tables.get(operation, ()):
            if source not in values:
                continue
            wanted = [(field, target) for field, target in table.items() if missing(target)]
            found = parsed(values[source]) if wanted else None
            if isinstance(found, dict):
                for field, target in wanted:
                    text = found.get(field)
                    if isinstance(text, str) and text and missing(target):
                        yield target, text


def parsed(value: Value) -> object:
    """What a JSON text holds, None if it is none; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        return None
