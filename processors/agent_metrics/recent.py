"""A bounded memory of what was seen lately."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Recent(Generic[K, V]):
    """The latest keys and what belongs to them. Not thread-safe."""

    def __init__(self, limit: int, forgotten: Callable[[int], None]) -> None:
        """`trim` keeps `limit` keys, and tells `forgotten` how many had to make room."""
        self._limit = limit
        self._forgotten = forgotten
        self._entries: OrderedDict[K, V] = OrderedDict()

    def __contains__(self, key: K) -> bool:
        return key in self._entries

    def get(self, key: K) -> V | None:
        """What belongs to `key`; None where it is not remembered."""
        return self._entries.get(key)

    def put(self, key: K, value: V) -> None:
        """Remember, as the latest."""
        self._entries[key] = value
        self._entries.move_to_end(key)

    def trim(self) -> None:
        """Forget the oldest beyond the limit; once a batch, as counting costs more than that."""
        surplus = len(self._entries) - self._limit
        if surplus > 0:
            for _ in range(surplus):
                self._entries.popitem(last=False)
            self._forgotten(surplus)

    def pop(self, key: K) -> V | None:
        """What belongs to `key`, which is forgotten with this."""
        return self._entries.pop(key, None)
