"""One pass over a text that tells which detectors can possibly find something in it."""

from collections.abc import Iterable

import re2

_MAX_MEMORY = 64 << 20


class Gate:
    """The necessary conditions of many detectors, compiled into one automaton (`re2.Set`)."""

    def __init__(self, conditions: Iterable[str]) -> None:
        """`conditions` are patterns in RE2's syntax. Raises ValueError for one that is not."""
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        options.log_errors = False
        self._set = re2.Set.SearchSet(options)
        self._size = 0
        for condition in conditions:
            self._add(condition)
        # RE2 answers "nothing" as well when its memory is used up. The empty pattern is in every
        # text, so an answer without it is no answer.
        self._add("")
        self._set.Compile()

    def _add(self, condition: str) -> None:
        try:
            self._set.Add(condition)
        except re2.error as error:
            raise ValueError(f"not a pattern for RE2: {condition}") from error
        self._size += 1

    def open_for(self, text: str) -> list[int]:
        """The places, in order, of the conditions that `text` fulfils.

        Raises MemoryError where RE2 could not say.
        """
        matches = self._set.Match(text)
        if not matches or len(matches) > self._size:
            raise MemoryError("the gate's automaton ran out of memory")
        matches.sort()
        matches.pop()
        return list(matches)
