"""Words around a finding, and in the key of its value, that say what it is."""

import functools
import re
from collections.abc import Iterable
from itertools import islice

WINDOW = 160
"""Characters before a finding, and of a key, that are read for words."""
WORDS = 10
"""Words before a finding that count. Presidio takes five and does not count stop words."""
BOOST = 0.35
"""What context adds to a score, as in Presidio's LemmaContextAwareEnhancer."""
MIN_BOOSTED = 0.4
"""The least score with context, from the same place."""

# Vowels of Indian and Thai scripts are marks, which `\w` does not hold.
_WORD = re.compile(r"(?:[^\W_]|[\u0900-\u0e7f])+")
_NAME = re.compile(r"(?:\w|[\u0900-\u0e7f])+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# In text, tokens of random letters have humps as well.
_HUMP_OF_WORDS = re.compile(r"(?<=[a-z]{2})(?=[A-Z][a-z])")
_PLACEHOLDER = re.compile(r"<[A-Z][A-Z0-9_]*(?:_[0-9a-f]{8,64}|_enc_v1_[\w-]+)?>|<REDACTED:\w+>")

_BEGUN = re.compile(r"<[A-Z][\w:]*\Z")
_LONGEST_PLACEHOLDER = 120


def normalize(words: Iterable[str]) -> str:
    """Words as one lower-case string, a blank before and after each of them."""
    return f" {' '.join(words)} ".lower()


@functools.lru_cache(maxsize=256)
def _pattern(terms: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(_term, terms)))


def _term(term: str) -> str:
    """A blank is a word's start or end; short Latin terms without one are whole words."""
    word = term.lower()
    if len(word.strip()) < 4 and word.isascii():
        word = f" {word.strip()} "
    return re.escape(word)


def key_words(key: str) -> str:
    """The words of an attribute or JSON key: `billing.cardNumber` is ` billing card number `.

    Of a long key, which is rather a text, only the end is read: for every finding that is done
    again.
    """
    return normalize(_WORD.findall(_HUMP.sub(" ", key[-WINDOW:])))


def words_before(text: str, position: int, count: int = WORDS) -> str:
    """The last `count` words before `position`, in the form that `supports` reads.

    A name such as `homePhone` is one of them, and ` home phone ` in what comes back.
    """
    start = max(0, position - WINDOW)
    # Half of a placeholder would be context: `PHONE_NUMBER>`.
    opening = text.rfind("<", max(0, start - _LONGEST_PLACEHOLDER), start)
    if opening >= 0 and (cut := _PLACEHOLDER.match(text, opening)):
        start = max(start, cut.end())
    window = text[start:position]
    if "<" in window:
        window = _PLACEHOLDER.sub(" ", window)
    words = _at_end(_WORD, window, count)
    return normalize([words if words.islower() else _HUMP_OF_WORDS.sub(" ", words)])


def names_before(text: str, position: int, count: int) -> str:
    """As `words_before`, but a name such as `call_id` is one word."""
    window = text[max(0, position - WINDOW) : position]
    return normalize([_at_end(_NAME, window, count)])


def _at_end(word: re.Pattern[str], text: str, count: int) -> str:
    """The last `count` words of a text, found from its end: only they are read."""
    backwards = islice(word.finditer(text[::-1]), count)
    return " ".join(match[0] for match in backwards)[::-1]


def words_after(text: str, position: int, count: int) -> str:
    """The first `count` words after `position`."""
    window = text[position : position + 40]
    if "<" in window:
        window = _BEGUN.sub("", _PLACEHOLDER.sub(" ", window))
    return normalize(match[0] for match in islice(_WORD.finditer(window), count))


def supports(words: str, terms: tuple[str, ...]) -> bool:
    """Whether one of the terms is among the words."""
    return bool(terms) and _pattern(terms).search(words) is not None


def last(words: str, terms: tuple[str, ...]) -> int:
    """Where the last of the words that is one of the terms begins; -1 where none is."""
    found = -1
    for match in _pattern(terms).finditer(words):
        found = match.start()
    return found


def boosted(score: float) -> float:
    """The score of a finding whose context says that it is what it looks like."""
    return min(1.0, max(score + BOOST, MIN_BOOSTED))
