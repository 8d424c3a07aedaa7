"""Words around a finding, and in the key of its value, that say what it is."""

import functools
import re
from collections.abc import Iterable

WINDOW = 160
"""Characters before a finding that are read for words."""
WORDS = 10
"""Words before a finding that count. Presidio takes five and does not count stop words."""
BOOST = 0.35
"""What context adds to a score, as in Presidio's LemmaContextAwareEnhancer."""
MIN_BOOSTED = 0.4
"""The least score with context, from the same place."""

_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
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
    """Terms of up to three letters, or between blanks, are whole words; others parts of words."""
    word = re.escape(term.strip().lower())
    return f" {word} " if len(term.strip()) < 4 or term.startswith(" ") else word


def key_words(key: str) -> str:
    """The words of an attribute or JSON key: `billing.cardNumber` is ` billing card number `."""
    return normalize(_WORD.findall(_HUMP.sub(" ", key)))


def words_before(text: str, position: int) -> str:
    """The last words before `position`, in the form that `supports` reads."""
    start = max(0, position - WINDOW)
    # Half of a placeholder would be context: `PHONE_NUMBER>`.
    opening = text.rfind("<", max(0, start - _LONGEST_PLACEHOLDER), start)
    if opening >= 0 and (cut := _PLACEHOLDER.match(text, opening)):
        start = max(start, cut.end())
    window = text[start:position]
    if "<" in window:
        window = _PLACEHOLDER.sub(" ", window)
    return normalize(_WORD.findall(window)[-WORDS:])


def words_after(text: str, position: int, count: int) -> str:
    """The first `count` words after `position`."""
    window = _PLACEHOLDER.sub(" ", text[position : position + 40])
    return normalize(_WORD.findall(_BEGUN.sub("", window))[:count])


def supports(words: str, terms: tuple[str, ...]) -> bool:
    """Whether one of the terms is among the words."""
    return bool(terms) and _pattern(terms).search(words) is not None


def boosted(score: float) -> float:
    """The score of a finding whose context says that it is what it looks like."""
    return min(1.0, max(score + BOOST, MIN_BOOSTED))
