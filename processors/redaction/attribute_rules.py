"""Which rule of the setting `attributes` holds for a key.

A glob is matched against the key of an attribute, without regard to case. `*` is any number of
characters, `?` is one, and `*.` at the start may be nothing: `*.password` is `db.password` and
`password`. A glob that begins with `*` is matched against the keys inside of maps and of JSON too.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar

import re2

from processors.redaction.budget import Budget
from processors.redaction.findings import Finding
from processors.redaction.rules import Treatment

T = TypeVar("T")

_REMEMBERED = 4096
_LONGEST = 256
"""Longer keys are not remembered, so that memory has a bound."""


class Treatments:
    """What is done to the values under any key. Safe to use from several threads."""

    def __init__(
        self, ordinary: Treatment, rules: Iterable[tuple[Sequence[str], Treatment]] = ()
    ) -> None:
        """`ordinary` holds where no rule does; of `rules`, globs and treatment, the first does."""
        rules = list(rules)
        self.ordinary = ordinary
        self._attributes = _FirstMatch(rules, ordinary)
        self._attributes[""] = ordinary
        self.of = self._attributes.__getitem__
        """What is done to the attribute with a key; "" is for text that is no attribute's."""
        deep = [([g for g in globs if g.startswith("*")], treatment) for globs, treatment in rules]
        self.members = _FirstMatch(deep, None)
        """What is done under a key of a map or of JSON; None where no rule says it."""
        whole = [glob for globs, treatment in deep if treatment.whole for glob in globs]
        self.watches = [KeyWatch(whole)] if whole else []
        """What makes the analyzer's gate open for JSON with a key whose value goes as a whole."""


class _FirstMatch(dict[str, T]):
    """From a key to the treatment of the first rule that matches it, remembered."""

    def __init__(self, rules: Iterable[tuple[Sequence[str], T]], default: T) -> None:
        self._default = default
        self._rules = [(_compiled(globs), treatment) for globs, treatment in rules if globs]

    def __missing__(self, key: str) -> T:
        matching = (treatment for pattern, treatment in self._rules if pattern.fullmatch(key))
        found = next(matching, self._default)
        if len(self) < _REMEMBERED and len(key) <= _LONGEST:
            self[key] = found
        return found


class KeyWatch:
    """A detector that finds nothing itself: it has JSON with certain keys read as JSON."""

    def __init__(self, globs: Iterable[str]) -> None:
        """The globs begin with `*`."""
        ends = (_pattern(glob.removeprefix("*").removeprefix("."), '[^"]') for glob in globs)
        self.condition = f'(?i)(?:{"|".join(ends)})"'

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:  # noqa: ARG002
        """See `Detector`."""
        return iter(())


def _compiled(globs: Iterable[str]) -> Any:
    return re2.compile(f"(?is){'|'.join(map(_anchored, globs))}")


def _anchored(glob: str) -> str:
    if glob.startswith("*."):
        return rf"(?:.*\.)?{_pattern(glob[2:], '.')}"
    return _pattern(glob, ".")


def _pattern(glob: str, character: str) -> str:
    """A pattern for RE2; `*` and `?` stand for what `character` matches."""
    wild = {"*": f"{character}*", "?": character}
    return "".join(wild.get(sign) or re2.escape(sign) for sign in glob)
