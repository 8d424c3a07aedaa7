"""Mistakes in a configuration, each with the place where it stands."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

Path = tuple[str | int, ...]
"""Keys and list indices, from the top of the configuration downwards."""


@dataclass(frozen=True, order=True)
class Place:
    """A position in a file; lines and columns count from 1, line 0 means no file at all."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


@dataclass(frozen=True)
class Problem:
    """One mistake. As text: `file:line:col: path: message`."""

    place: Place
    path: Path
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {_told(self.path, self.message)}"


class MistakesError(ValueError):
    """Several mistakes that a model's validator tells at once, each at its own place."""

    def __init__(self, found: Iterable[tuple[Path, str]]) -> None:
        """What is wrong, and the path from the model to where it stands; `()` is the model."""
        self.found = tuple(found)
        super().__init__("; ".join(_told(path, message) for path, message in self.found))


def _told(path: Path, message: str) -> str:
    return f"{dotted(path)}: {message}" if path else message


def lines(problems: Iterable[Problem]) -> list[str]:
    """The problems as text, in the order of the file, one a place and path."""
    first: dict[tuple[Place, Path], Problem] = {}
    for problem in problems:
        first.setdefault((problem.place, problem.path), problem)
    return [str(problem) for problem in sorted(first.values(), key=_order)]


def dotted(path: Path) -> str:
    """`processors.tail_sampling.policies[0].name`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no known word is close."""
    meant = closest(word, known)
    return f" (did you mean {meant!r}?)" if meant else ""


def closest(word: object, known: Iterable[str]) -> str | None:
    """The known word that is most like this one; None where none is close."""
    return next(iter(difflib.get_close_matches(str(word), sorted(known), n=1, cutoff=0.65)), None)


def _order(problem: Problem) -> tuple[bool, Place, str]:
    return problem.place.line == 0, problem.place, dotted(problem.path)
