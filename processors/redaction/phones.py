"""Phone numbers, each candidate read once, with the numbering plans of `phonenumbers`.

Presidio's recognizer scans the whole text again for every region, takes embeddings for phone
numbers and needs no context for it. Here the shape of a number and the words around it decide how
sure a finding is; the plans, which Presidio uses too, tell which numbers can exist.
"""

import re
from collections.abc import Iterator

import phonenumbers

from processors.redaction import context, phone_words
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding

TYPE = "PHONE_NUMBER"
REGIONS = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR")
"""The regions of Presidio's recognizer."""

_SURE, _LIKELY, _MAYBE, _UNLIKELY = 0.6, 0.4, 0.25, 0.05

_COUNTRIES = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
_BLANK = r"[ \-/()\u00a0\u2009\u202f\u2010-\u2013]"
# Two notations: with dots, which floats have too, and with anything else.
_CANDIDATE = re.compile(
    rf"\d(?<![A-Za-z\d_$€£].)(?<![^A-Za-z]\..)(?:"
    rf"(?:\d{{0,3}}\)?[ \-])?(?:\d{{0,3}}\.)(?:\d{{2,4}}\.){{1,4}}\d{{2,4}}(?!\d)"
    rf"|(?<=\+\d)\d{{0,2}}(?:\.\d{{1,4}}){{2,5}}(?!\d)"
    rf"|(?:{_BLANK}{{0,3}}\d){{5,}})"
)
_LEAD = re.compile(r"(?:\(?\+)?\(?\Z")
# Only Latin letters make a word of what they touch: Chinese text has no blanks.
_NO_START = re.compile(r"[A-Za-z\d_$€£]\Z|[A-Za-z\d][./#\-]\Z|\d:\Z")
_NO_END = re.compile(r"[A-Za-z\d%]|_\w|[.:]\d|-\w*\d")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_NUMBERS_BEFORE, _NUMBERS_AFTER = re.compile(r"-\Z|\d,\s+\Z"), re.compile(r",\s+-?\d")
_NORTH_AMERICAN = re.compile(r"(?:1[ .\-]?)?(\(?\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}")
_INSIDE = re.compile(r"(?<!\d)(?:\(\d{3}\) ?\d{3}[ \-]\d{4}|\d{3}([ .\-])\d{3}\1\d{4})(?!\d)")
_BREAK = re.compile(r"[ \u00a0\u2009\u202f]+|/")
_SECOND = re.compile(r"(?<=\d)[ \u00a0]*(?=\(\d{3}\))")
_MOST_DROPPED = 3

_DATE = re.compile(
    r"(?:19|20)\d\d([\-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0?[1-9]|[12]\d|3[01])([\-./])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?!\d)"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_DOTTED = re.compile(
    r"(?:\+?\(?\d{1,3}\)?[ \-])?\+?\(?\d{1,4}\)?(?:\.\d{2,4}){2,4}|\+\d{1,3}(?:\.\d{1,4}){2,5}"
)
_SLASHED = re.compile(r"(?:\+\d{1,3} ?|06-|\(06\) ?)?\(?0?\d{1,5}\)?(?: ?/ ?|\)/)\d[\d \-]{2,}")
_SOCIAL_SECURITY = re.compile(r"\d{3}([\- .])\d{2}\1\d{4}")
_WRITTEN = re.compile(r"\+\d{1,3}[ \-(]\(?\d(?:[ \-()]{0,2}\d){6,}")
"""A country code and groups: whatever stands before, nothing else is written so."""
_POSTAL = re.compile(r"\d{5}-\d{3,4}")
"""Codes of the United States and Brazil."""
_BOOK = re.compile(r"97[89](?:[\- ]?\d){10}")

_LIMITS = ("2147483647", "2147483648", "4294967295", "4294967296")
"""The ends of 32-bit integers look like numbers of Dallas."""
_NEAR = 4
"""Words between a verb such as `call` and a number that it speaks of."""


class PhoneDetector:
    """Finds phone numbers in time linear in the text, and a little more for each candidate."""

    condition = r"\p{Nd}(?:[ \-./()\x{00a0}\x{2009}\x{202f}\x{2010}-\x{2013}]{0,3}\p{Nd}){5}"

    def __init__(self, regions: tuple[str, ...] = REGIONS) -> None:
        """`regions` (ISO 3166) are tried for numbers without a country code."""
        self._regions = regions
        for region in regions:  # phonenumbers reads a country's plan when first asked
            _valid("2015550123", region)

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        for match in _CANDIDATE.finditer(text):
            for start, end in _apart(text, *match.span()):
                budget.remaining()
                found = self._judge(text, start, end, key)
                if found is not None and found.score >= _LIKELY:
                    yield found
                else:
                    yield from self._within(text, (start, end), key, budget)

    def _within(
        self, text: str, span: tuple[int, int], key: str, budget: Budget
    ) -> Iterator[Finding]:
        """Numbers with other numbers before or after them: `3 (415) 555-0132 2024`."""
        plain, shorter = _plain(text, *span), _shorter(text, *span)
        international = text[span[0] - 1 : span[0]] == "+"
        pieces = (*shorter, *plain) if international else (*plain, *shorter)
        end_of_last = 0
        for piece in pieces:
            budget.remaining()
            if piece[0] >= end_of_last:
                found = self._judge(text, *piece, key)
                if found is not None and found.score >= _LIKELY:
                    yield found
                    end_of_last = found.end

    def _judge(self, text: str, start: int, end: int, key: str) -> Finding | None:
        start = _start(text, start, end)
        number = text[start:end]
        if extension := _EXTENSION.match(text, end):
            end = extension.end()
        if not _stands_alone(text, start, end) or not _plausible(number):
            return None
        score = self._score(number, extension is not None, key)
        if number.isdecimal() and _is_other(text, start, end):
            score = _UNLIKELY
        if score < _SURE and _announced(text, start, end, key, number):
            score = context.boosted(score)
        return Finding(start, end, TYPE, score)

    def _score(self, number: str, extended: bool, key: str) -> float:
        if number.lstrip("(").startswith("+"):
            return _international(number)
        if _SOCIAL_SECURITY.fullmatch(number) or _BOOK.fullmatch(number):
            return _UNLIKELY
        if number.isdecimal():
            odd = number in _LIMITS or _names_a_thing(key)
            return _UNLIKELY if odd else self._bare(number)
        return _LIKELY if extended else self._written(number)

    def _bare(self, digits: str) -> float:
        """Digits only: sure enough where North America would dial them."""
        if len(digits) == 10 and digits[0] in "23456789" and self._exists(digits, ("US", "CA")):
            return _LIKELY
        return _UNLIKELY

    def _written(self, number: str) -> float:
        """Digits with blanks, dashes, dots or parentheses."""
        if _NORTH_AMERICAN.fullmatch(number):
            marked = any(sign in number for sign in "-(.")
            return _LIKELY if marked or self._exists(number, ("US", "CA")) else _MAYBE
        if number.startswith("(") and number.find(")") in range(3, 7):
            return _LIKELY
        if number.startswith("00"):
            return min(_LIKELY, max(_MAYBE, _international("+" + number[2:])))
        if _POSTAL.fullmatch(number):
            return _MAYBE
        return _LIKELY if _is_trunk(number) and self._exists(number, self._regions) else _MAYBE

    def _exists(self, number: str, regions: tuple[str, ...]) -> bool:
        """Whether the numbering plan of one of the regions has such a number."""
        chosen = (region for region in regions if region in self._regions)
        return any(_valid(number, region) for region in chosen)


def _is_trunk(number: str) -> bool:
    """Whether a number begins as long-distance calls do, and is no house and post code."""
    return number[0] == "0" and number[1].isdecimal() and sum(map(str.isdecimal, number)) > 8


def _valid(number: str, region: str | None) -> bool:
    try:
        return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
    except phonenumbers.NumberParseException:
        return False


def _international(number: str) -> float:
    digits = "".join(c for c in number[:12] if c.isdecimal())
    if not any(int(digits[:size] or 0) in _COUNTRIES for size in (1, 2, 3)):
        return 0.0
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return 0.0
    if phonenumbers.is_valid_number(parsed):
        return _SURE
    return _LIKELY if phonenumbers.is_possible_number(parsed) else _UNLIKELY


def _apart(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The candidate in parts, each of which begins with an area code in parentheses."""
    for second in _SECOND.finditer(text, start, end):
        if second.start() - start > 5:
            yield start, second.start()
            start = second.end() + 1
    yield start, end


def _plain(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """What is plainly a North American number in the candidate."""
    # A parenthesis before the first digit is not in the candidate yet.
    return [inner.span() for inner in _INSIDE.finditer(text, max(0, start - 1), end)]


def _shorter(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The candidate without some groups of digits at its ends, where a number can begin."""
    gaps = [gap.span() for gap in _BREAK.finditer(text, start, end)]
    starts = [start, *(after for _, after in gaps[:_MOST_DROPPED])]
    ends = [end, *(before for before, _ in gaps[: -_MOST_DROPPED - 1 : -1])]
    for first in starts:
        if text[first] in "(0" or text[first - 1 : first] == "+":
            yield from ((first, last) for last in ends if first < last)


def _start(text: str, start: int, end: int) -> int:
    """The start with a plus, and with a parenthesis that is closed within the number."""
    lead = _LEAD.search(text, max(0, start - 3), start)
    start = lead.start() if lead else start
    while text[start] == "(" and text.count("(", start, end) > text.count(")", start, end):
        start += 1
    return start


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether the candidate is no part of a word, a float, an amount, a path or an id."""
    if _NO_END.match(text, end):
        return False
    if _WRITTEN.match(text, start):
        return True
    # A parenthesis begins a number after a full stop, too.
    before = start - 1 if text.startswith("(", start) else start - 2
    if not _NO_START.search(text[max(0, before) : start]):
        return True
    signed = not text[start - 1].isalnum()
    return signed and context.supports(context.words_before(text, start, 1), phone_words.TERMS)


def _plausible(number: str) -> bool:
    """Whether the number is written like one: not like a date, an address or two floats."""
    digits = sum(c.isdecimal() for c in number)
    if (
        digits > 15
        or digits < (7 if "/" in number or len(number) == digits else 6)
        or _DATE.match(number)
    ):
        return False
    if "." in number and not _DOTTED.fullmatch(number):
        return False
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", number):
        return False
    return "/" not in number or _SLASHED.fullmatch(number) is not None


def _names_a_thing(key: str) -> bool:
    """Whether the key is that of an id or a count: `phone_number_id`, but not `id_phone`."""
    return context.last(key, phone_words.MACHINE) > context.last(key, phone_words.TERMS)


def _is_other(text: str, start: int, end: int) -> bool:
    """Whether bare digits have a sign, stand in a list, or are numbered by the word before."""
    before = text[max(0, start - 8) : start]
    return _NUMBERS_BEFORE.search(before) is not None or (
        _NUMBERS_AFTER.match(text, end) is not None or _numbered(text, start)
    )


def _numbered(text: str, start: int) -> bool:
    """Whether the word before says what the digits number: `order 4155550132`."""
    return context.supports(context.words_before(text, start, 2), phone_words.NUMBERED)


def _announced(text: str, start: int, end: int, key: str, number: str) -> bool:
    """Whether the words around, or the key, say that it is a phone number."""
    before = context.words_before(text, start)
    if context.supports(before, phone_words.TERMS) and not _taken(before):
        return not _numbered(text, start)
    if context.supports(key, phone_words.TERMS):
        return not _names_a_thing(key)
    if _beside(text, start, end):
        return True
    machine = context.supports(context.words_before(text, start, _NEAR), phone_words.MACHINE)
    if number.isdecimal() and (machine or not 9 <= len(number) <= 12):
        return False
    near = context.names_before(text, start, _NEAR)
    enough = sum(map(str.isdecimal, number)) > 6
    return enough and context.supports(near, phone_words.WEAK_TERMS)


def _taken(before: str) -> bool:
    """Whether the word for a phone speaks of another number, which other words follow."""
    words = before[context.last(before, phone_words.TERMS) :].split()
    numbers = [place for place, word in enumerate(words) if word.isdecimal()]
    return bool(numbers) and len(words) - numbers[-1] > _NEAR


def _beside(text: str, start: int, end: int) -> bool:
    """Whether the words right before or behind say that it is a phone number."""
    before, after = context.names_before(text, start, 2), context.words_after(text, end, 1)
    return context.supports(before, phone_words.BEFORE) or context.supports(
        after, phone_words.AFTER
    )
