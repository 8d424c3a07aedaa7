"""Keys that were seen lately, bounded."""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Generic, TypeVar

K = TypeVar("K", int, bytes)


class Remembered(Generic[K]):
    """The latest keys. Not thread-safe.

    They are in two sets: once the newer one is half the limit, the older one is forgotten as a
    whole. That costs nothing by the key, and every call comes by here.
    """

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """Keeps `limit` keys, and at least the latest half of that; tells how many had to go."""
        self._half = max(1, limit // 2)
        self._forgotten = forgotten
        self._newer: set[K] = set()
        self._older: set[K] = set()

    def none_of(self, keys: AbstractSet[K]) -> bool:
        """Whether nothing is known of any of `keys`."""
        return self._newer.isdisjoint(keys) and self._older.isdisjoint(keys)

    def among(self, keys: AbstractSet[K]) -> set[K]:
        """Those of `keys` that are known."""
        return (self._newer & keys) | (self._older & keys)

    def keep(self, keys: Iterable[K]) -> None:
        """Remember `keys`."""
        self._newer.update(keys)
        if len(self._newer) >= self._half:
            if self._older:
                self._forgotten(len(self._older))
            self._newer, self._older = set(), self._newer
