"""Regular expressions in Go's syntax, as the Collector takes them: RE2, so in linear time."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any

import re2

CACHED_LENGTH = 256
"""The longest text, in characters, whose result is remembered: a cache never holds prompts."""


def check_re2(pattern: str) -> str:
    """The pattern as it is. Raises ValueError where RE2 does not take it."""
    _compiled(pattern)
    return pattern


def searcher(patterns: Iterable[str], remember: int) -> Callable[[str], bool]:
    """Whether one of the patterns is found in a text; the latest `remember` results are kept."""
    search = _compiled("|".join(f"(?:{pattern})" for pattern in patterns)).search

    @lru_cache(maxsize=remember)
    def remembered(text: str) -> bool:
        return search(text) is not None

    def found(text: str) -> bool:
        return remembered(text) if len(text) <= CACHED_LENGTH else search(text) is not None

    return found


def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0] if error.args else "unknown"
        told = reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)
        raise ValueError(f"{pattern!r} is no regular expression: {told}") from None
