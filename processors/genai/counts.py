"""Token counts and costs that an SDK writes as one JSON object."""

from collections.abc import Iterator, Mapping, Sequence

from collector import Value
from collector.model_calls import USAGE_RULE
from processors.genai.dialect import Dialect
from processors.genai.fields import parsed

_DEEPEST = 4
_LARGEST = 2**53
_USAGE = "gen_ai.usage.input_tokens"
_BUCKETS = "buckets"


class Counts:
    """The dialects' `counts` tables, made ready for looking up."""

    def __init__(self, dialects: Sequence[Dialect]) -> None:
        self._tables: dict[str, dict[str, list[str]]] = {}
        for dialect in dialects:
            for source, paths in dialect.counts.items():
                table = self._tables.setdefault(source, {})
                table.update({path: paths[path] for path in paths if path not in table})
        self.names = frozenset(self._tables)

    def read(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The attributes to write. How the counts relate is in the table: `buckets`."""
        written: dict[str, Value] = {}
        for source, table in self._tables.items():
            if source in values:
                found = _added(values[source], table)
                if found.keys().isdisjoint(values):
                    written.update(found)
        if _USAGE in written:
            written[USAGE_RULE] = _BUCKETS
        return written


def _added(value: Value, table: Mapping[str, Sequence[str]]) -> dict[str, int | float]:
    sums: dict[str, int | float] = {}
    for path, number in _numbers(parsed(value), "", _DEEPEST):
        for target in table.get(path, ()):
            sums[target] = sums.get(target, 0) + number
    return sums


def _numbers(value: object, path: str, depth: int) -> Iterator[tuple[str, int | float]]:
    """Every positive number with its path."""
    if isinstance(value, dict) and depth:
        for key, item in value.items():
            yield from _numbers(item, f"{path}.{key}" if path else str(key), depth - 1)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < _LARGEST:
        yield path, value
