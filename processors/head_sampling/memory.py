"""What is remembered of recent traces, so that their later spans follow the earlier ones."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from processors.head_sampling.draws import Draw


class RememberedDraws:
    """The best draw of each recent trace. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._draws: OrderedDict[bytes, Draw] = OrderedDict()
        self._lock = threading.Lock()

    def improve(self, draws: dict[bytes, Draw], worst: int) -> None:
        """Replace, in place, draws that are worse than remembered; remember those that are not.

        A draw of rank `worst` comes from the trace id, which says the same every time.
        """
        with self._lock:
            for trace_id, draw in draws.items():
                known = self._draws.pop(trace_id, None)
                best = known if known is not None and known.rank <= draw.rank else draw
                draws[trace_id] = best
                if best.rank < worst:
                    self._draws[trace_id] = best
            while len(self._draws) > self._limit:
                self._draws.popitem(last=False)


class RememberedShares:
    """The first share, by number, that each recent trace has belonged to. Thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._shares: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def improve(self, found: dict[bytes, int], traces: Iterable[bytes]) -> None:
        """Add to `found`, in place, what is remembered of `traces` and comes first."""
        if not found and not self._shares:  # most batches
            return
        with self._lock:
            for trace_id in traces:
                known = self._shares.pop(trace_id, None)
                shares = [share for share in (known, found.get(trace_id)) if share is not None]
                if shares:
                    found[trace_id] = self._shares[trace_id] = min(shares)
            while len(self._shares) > self._limit:
                self._shares.popitem(last=False)
