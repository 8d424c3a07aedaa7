"""Who may compute: two threads at a time, however many requests there are.

The interpreter runs one thread at a time. More of them in the middle of a batch only take it from
one another, and the processor's caches with it: with eight a span costs a fifth to a half more than
with one. The second is for what libraries do without the interpreter, and so that no large request
holds up all the others.
"""

import contextlib
import threading
from collections.abc import Iterator


class Turns:
    """Turns to compute, taken by threads; a thread that has one may take it again."""

    def __init__(self, seats: int) -> None:
        """`seats` is how many threads may have a turn at once."""
        self._seats = threading.Semaphore(seats)
        self._mine = threading.local()

    @contextlib.contextmanager
    def take(self) -> Iterator[None]:
        """Wait for a turn, and keep it to the end of the block."""
        if getattr(self._mine, "taken", False):
            yield
            return
        with self._seats:
            self._mine.taken = True
            try:
                yield
            finally:
                self._mine.taken = False

    @contextlib.contextmanager
    def lend(self) -> Iterator[None]:
        """Let others have this thread's turn, if it has one, while it waits in the block."""
        if not getattr(self._mine, "taken", False):
            yield
            return
        self._mine.taken = False
        self._seats.release()
        try:
            yield
        finally:
            self._seats.acquire()
            self._mine.taken = True


TURNS = Turns(2)
"""One for the process, as the interpreter is."""
