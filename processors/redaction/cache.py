"""What redaction remembers of strings it has seen: an agent sends its whole history every turn.

Nothing here can be read back: a string is known by a keyed hash, what was found in it by places,
types and what stands there instead.
"""

import hashlib
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from processors.redaction.edits import Edit
from processors.redaction.findings import Finding

LEAST = 64
"""Characters from which on looking a string up is cheaper than searching it again."""
_ENTRY = 200
_EDIT = 200
_DONE = 300


class Done(NamedTuple):
    """A finding and what was done to it."""

    finding: Finding
    action: str
    changed: bool
    """Whether something else stands there now."""


class Verdict(NamedTuple):
    """What one pass over a text comes to."""

    edits: tuple[Edit, ...] = ()
    """None overlapping."""
    done: tuple[Done, ...] = ()

    def placed(self, place: Callable[[int], int], written: Callable[[str], str]) -> "Verdict":
        """The same on a text that holds this one: where each place is there, and how an edit's text
        is `written` there.
        """
        edits = [Edit(place(start), place(end), written(new)) for start, end, new in self.edits]
        done = [
            each._replace(
                finding=each.finding._replace(
                    start=place(each.finding.start), end=place(each.finding.end)
                )
            )
            for each in self.done
        ]
        return Verdict(tuple(edits), tuple(done))


CLEAN = Verdict()
"""Nothing was found."""


def joined(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict on a text from those on its parts, at their places in it."""
    found = [verdict for verdict in verdicts if verdict.edits or verdict.done]
    if not found:
        return CLEAN
    edits = tuple(edit for verdict in found for edit in verdict.edits)
    return Verdict(edits, tuple(done for verdict in found for done in verdict.done))


class Cache:
    """The latest verdicts, within a bound of memory. Thread-safe."""

    def __init__(self, max_bytes: int) -> None:
        """About `max_bytes` are used; 0 remembers nothing."""
        self._max_bytes = max_bytes
        # A key of its own, so that nobody can prepare a text that is taken for another one.
        self._key = secrets.token_bytes(32)
        self._verdicts: OrderedDict[bytes, Verdict] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def wants(self, text: str) -> bool:
        """Whether the text is worth remembering."""
        return len(text) >= LEAST and self._max_bytes > 0

    def name(self, *parts: str) -> bytes:
        """What a text is known by: BLAKE2b (RFC 7693) of all that its verdict depends on."""
        # Lengths first, so that no two lists of parts read the same.
        head = ",".join(str(len(part)) for part in parts)
        message = "".join((head, ";", *parts)).encode(errors="surrogatepass")
        return hashlib.blake2b(message, digest_size=16, key=self._key).digest()

    def get(self, name: bytes) -> Verdict | None:
        """The verdict on the text of this name, if it is still known."""
        with self._lock:
            verdict = self._verdicts.get(name)
            if verdict is not None:
                self._verdicts.move_to_end(name)
            return verdict

    def put(self, name: bytes, verdict: Verdict) -> None:
        """Remember a verdict; those that were not asked for longest make room."""
        size = _size(verdict)
        if size > self._max_bytes:
            return
        with self._lock:
            if name not in self._verdicts:
                self._verdicts[name] = verdict
                self._bytes += size
            while self._bytes > self._max_bytes:
                self._bytes -= _size(self._verdicts.popitem(last=False)[1])


def _size(verdict: Verdict) -> int:
    """About how many bytes an entry takes in CPython, its hash and its place included."""
    replacements = sum(len(edit.new) for edit in verdict.edits)
    return _ENTRY + _EDIT * len(verdict.edits) + _DONE * len(verdict.done) + 4 * replacements
