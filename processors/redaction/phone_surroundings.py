"""What the words around digits, and the key over them, say of their being a phone number."""

import re
from functools import cached_property

from processors.redaction import context, phone_words

_NUMBERS_BEFORE, _NUMBERS_AFTER = re.compile(r"-\Z|\d,\s+\Z"), re.compile(r",\s+-?\d")
_LETTER = re.compile(r"[^\W\d_]")
_NEAR = 4
"""Words between a verb such as `call` and a number that it speaks of."""


class Surroundings:
    """Of all digits that begin at one place of a text: the words before are read once for them."""

    def __init__(self, text: str, key: str, start: int) -> None:
        """`key` as in `Detector.find`."""
        self.start = start
        self._text = text
        self._key = key

    @cached_property
    def labelled(self) -> bool:
        """Whether the word right before says that it is a phone number."""
        return context.supports(self._words(1), phone_words.TERMS)

    def is_other(self, end: int) -> bool:
        """Whether bare digits have a sign, stand in a list, or are numbered by the word before."""
        return self._signed or _NUMBERS_AFTER.match(self._text, end) is not None or self._numbered

    def announces(self, number: str, digits: int, end: int) -> bool:
        """Whether the words around, or the key, say that `number`, with so many digits, is a phone
        number.
        """
        if self._spoken_of:
            return not self._numbered
        if context.supports(self._key, phone_words.TERMS):
            return not names_a_thing(self._key)
        if self._said_before or self._said_after(end):
            return True
        if number.isdecimal() and (not 9 <= digits <= 12 or self._counted):
            return False
        return digits > 6 and self._called

    @cached_property
    def _signed(self) -> bool:
        before = self._text[max(0, self.start - 8) : self.start]
        return _NUMBERS_BEFORE.search(before) is not None

    @cached_property
    def _numbered(self) -> bool:
        """Whether the word before says what the digits number: `order 4155550132`."""
        return context.supports(self._words(2), phone_words.NUMBERED)

    @cached_property
    def _spoken_of(self) -> bool:
        before = self._words(context.WORDS)
        return context.supports(before, phone_words.TERMS) and not _taken(before)

    @cached_property
    def _said_before(self) -> bool:
        return context.supports(self._names(2), phone_words.BEFORE)

    def _said_after(self, end: int) -> bool:
        return context.supports(context.words_after(self._text, end, 1), phone_words.AFTER)

    @cached_property
    def _counted(self) -> bool:
        return context.supports(self._words(_NEAR), phone_words.MACHINE)

    @cached_property
    def _called(self) -> bool:
        return context.supports(self._names(_NEAR), phone_words.WEAK_TERMS)

    def _words(self, count: int) -> str:
        return context.words_before(self._text, self.start, count) if self._worded else ""

    def _names(self, count: int) -> str:
        return context.names_before(self._text, self.start, count) if self._worded else ""

    @cached_property
    def _worded(self) -> bool:
        """Whether there are letters before: in lists of numbers there are none for long."""
        first = max(0, self.start - context.WINDOW)
        return _LETTER.search(self._text, first, self.start) is not None


def names_a_thing(key: str) -> bool:
    """Whether the key is that of an id or a count: `phone_number_id`, but not `id_phone`."""
    return context.last(key, phone_words.MACHINE) > context.last(key, phone_words.TERMS)


def _taken(before: str) -> bool:
    """Whether the word for a phone speaks of another number, which other words follow."""
    words = before[context.last(before, phone_words.TERMS) :].split()
    numbers = [place for place, word in enumerate(words) if word.isdecimal()]
    return bool(numbers) and len(words) - numbers[-1] > _NEAR
