"""Phone numbers, each candidate read once, with the numbering plans of `phonenumbers`.

Presidio's recognizer scans the whole text again for every region, takes embeddings for phone
numbers and needs no context for it. Here the shape of a number and the words around it decide how
sure a finding is; the plans, which Presidio uses too, tell which numbers can exist.
"""

import re
from collections.abc import Iterator

import phonenumbers

from processors.redaction import context
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding

TYPE = "PHONE_NUMBER"
REGIONS = ("US", "GB", "DE", "FR", "IL", "IN", "CA", "BR")
"""The regions of Presidio's recognizer."""

_SURE, _LIKELY, _MAYBE, _UNLIKELY = 0.6, 0.4, 0.25, 0.05

_BLANK = r"[ \-/()\u00a0\u2010-\u2013]"
# Two notations: with dots, which floats have too, and with anything else.
_CANDIDATE = re.compile(
    rf"\d(?<![A-Za-z\d_.$€£].)(?:"
    rf"(?:\d{{0,3}}\)?[ \-])?(?:\d{{0,3}}\.)(?:\d{{2,4}}\.){{1,4}}\d{{2,4}}(?!\d)"
    rf"|(?:{_BLANK}{{0,3}}\d){{5,}})"
)
_LEAD = re.compile(r"(?:\(?\+)?\(?\Z")
# Only Latin letters make a word of what they touch: Chinese text has no blanks.
_NO_START = re.compile(r"[A-Za-z\d_$€£]\Z|[A-Za-z\d][./#\-]\Z|\d:\Z")
_NO_END = re.compile(r"[A-Za-z\d%]|_\w|[.:]\d|-\w*\d")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_NORTH_AMERICAN = re.compile(r"(?:1[ .\-]?)?(\(\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}")
_INSIDE = re.compile(r"(?<!\d)(?:\(\d{3}\) ?\d{3}[ \-]\d{4}|\d{3}([ .\-])\d{3}\1\d{4})(?!\d)")
_BREAK = re.compile(r"[ \u00a0]+")
_MOST_DROPPED = 3

_DATE = re.compile(
    r"(?:19|20)\d\d([\-./ ])(?:0?[1-9]|1[0-2])\1(?:0?[1-9]|[12]\d|3[01])(?!\d)"
    r"|(?:0?[1-9]|[12]\d|3[01])([\-./])(?:0?[1-9]|[12]\d|3[01])\2(?:19|20)\d\d(?!\d)"
    r"|(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\d)"
)
_DOTTED = re.compile(r"(?:\+?\(?\d{1,3}\)?[ \-])?\+?\(?\d{1,4}\)?(?:\.\d{2,4}){2,4}")
_SLASHED = re.compile(r"(?:\+\d{1,3} ?)?\(?0?\d{1,5}\)? ?/ ?\d[\d \-]{2,}")
_SOCIAL_SECURITY = re.compile(r"\d{3}([\- .])\d{2}\1\d{4}")
_BOOK = re.compile(r"97[89][\- ]\d")

_TERMS = (
    *("phone", "telefon", "mobile", "mobil", "whatsapp", "hotline", "tel", "fax", "sms"),
    *(" cell ", " dial ", " handy ", " mob "),
)
_WEAK_TERMS = (
    *(*_TERMS, " call ", " calling ", " called ", " reach ", " reached ", "answering", "contact"),
    *(" office ", "landline", " ring ", " pager ", "text me", "message me"),
    *("my number", "your number", "his number", "her number", "their number"),
)
"""Enough for what is written like a phone number, or is at least as long as one."""
_AFTER = ("phone", "mobile", " cell ", "fax", " office ")
_COUNTRIES = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
_LIMITS = ("2147483647", "2147483648", "4294967295", "4294967296")
"""The ends of 32-bit integers look like numbers of Dallas."""
_NOT_PHONES = (
    *("id", "ids", "uuid", "hash", "digest", "seed", "timestamp", "time", "date", "version"),
    *("count", "total", "size", "bytes", "tokens", "offset", "index", "sequence", "duration"),
    *("cost", "price", "amount", "embedding", "score", "port", "pid", "isbn", "nano", "ms"),
)
_NOT_CALLS = (*_NOT_PHONES, "tool", "function")


class PhoneDetector:
    """Finds phone numbers in time linear in the text, and a little more for each candidate."""

    condition = r"\p{Nd}(?:[ \-./()\x{00a0}\x{2010}-\x{2013}]{0,3}\p{Nd}){5}"

    def __init__(self, regions: tuple[str, ...] = REGIONS) -> None:
        """`regions` (ISO 3166) are tried for numbers without a country code."""
        self._regions = regions
        for region in regions:  # phonenumbers reads a country's plan when first asked
            _valid("2015550123", region)

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        for match in _CANDIDATE.finditer(text):
            budget.remaining()
            found = self._judge(text, *match.span(), key)
            if found is not None and found.score >= _LIKELY:
                yield found
            else:
                yield from self._within(text, match.span(), key, budget)

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
        if score < _SURE and _announced(text, start, end, key, number):
            score = context.boosted(score)
        return Finding(start, end, TYPE, score)

    def _score(self, number: str, extended: bool, key: str) -> float:
        if number.lstrip("(").startswith("+"):
            return _international(number)
        if _SOCIAL_SECURITY.fullmatch(number) or _BOOK.match(number):
            return _UNLIKELY
        if number.isdecimal():
            odd = number in _LIMITS or context.supports(key, _NOT_PHONES)
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
        if number[0] == "0" and number[1].isdecimal() and self._exists(number, self._regions):
            return _LIKELY
        return _MAYBE

    def _exists(self, number: str, regions: tuple[str, ...]) -> bool:
        """Whether the numbering plan of one of the regions has such a number."""
        chosen = (region for region in regions if region in self._regions)
        return any(_valid(number, region) for region in chosen)


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
    before, after = text[max(0, start - 2) : start], text[end : end + 12]
    return not _NO_START.search(before) and not _NO_END.match(after)


def _plausible(number: str) -> bool:
    """Whether the number is written like one: not like a date, an address or two floats."""
    digits = sum(c.isdecimal() for c in number)
    if digits > 15 or digits < (6 if len(number) > digits else 7) or _DATE.match(number):
        return False
    if "." in number and not _DOTTED.fullmatch(number):
        return False
    if re.fullmatch(r"\d{1,3}(?:\.\d{1,3}){3}", number):
        return False
    return "/" not in number or _SLASHED.fullmatch(number) is not None


def _announced(text: str, start: int, end: int, key: str, number: str) -> bool:
    """Whether the words around, or the key, say that it is a phone number."""
    before = context.words_before(text, start)
    if context.supports(key, _TERMS) or context.supports(before, _TERMS):
        return True
    if number.isdecimal() and (not 9 <= len(number) <= 12 or context.supports(before, _NOT_CALLS)):
        return False
    return context.supports(before, _WEAK_TERMS) or context.supports(
        context.words_after(text, end, 2), _AFTER
    )
