"""What a model takes for a name and is none: numbers, identifiers, paths, words of logs."""

import re
from collections.abc import Iterator

import regex

_SHORTEST, _LONGEST = 2, 200
_LINE = re.compile(r"[^\r\n\t\v\f]+")
_EDGES = regex.compile(r"^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$")
_WORD = re.compile(r"\w+://\S+|[^\s:=,;|()\[\]{}<>\"`]+")
_LETTER = re.compile(r"[^\W\d_]")
# Letters, with what stands between them in names: O'Brien, Jean-Luc, J.R.R., AT&T, Berlin/Paris.
_LETTERS = re.compile(r"[A-Za-z]+(?:['./&-][A-Za-z]+)*")
_CAMEL = re.compile(r"\b[a-z]+[A-Z]|[a-z][A-Z].*[a-z][A-Z]")
_JOINED = re.compile(r"(?:[./]|-.*-)(?=[a-z]{2})")
_LOGS = frozenset(
    """
    null none nil true false undefined nan error warn warning info debug trace fatal get head post
    put patch delete options http https json utc gmt
    """.split()  # noqa: SIM905 - easier to read than a list
)


def names(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of `text[start:end]` that can be names, without the signs around them.

    A part ends where a line or a column does.
    """
    for line in _LINE.finditer(text, start, end):
        left, right = _without_edges(line[0])
        found = line[0][left:right]
        if len(found) > _LONGEST or (len(found) >= _SHORTEST and not is_technical(found)):
            yield line.start() + left, line.start() + right


def is_technical(text: str) -> bool:
    """Whether no word of the text can be a part of a name."""
    return all(_is_technical_word(word) for word in _WORD.findall(text))


def _is_technical_word(word: str) -> bool:
    left, right = _without_edges(word)
    word = word[left:right]
    if not word.isascii():
        return not _LETTER.search(word)
    return (
        not _LETTERS.fullmatch(word)
        or word.lower() in _LOGS
        or _CAMEL.search(word) is not None
        or _JOINED.search(word) is not None
    )


def _without_edges(text: str) -> tuple[int, int]:
    start, end = 0, len(text)
    for edge in _EDGES.finditer(text):
        start, end = (edge.end(), end) if edge.start() == 0 else (start, edge.start())
    return start, max(start, end)
