"""Whether digits are a phone number: how they are written, whether it exists, what is around it."""

import re

from processors.redaction import context, phone_plans
from processors.redaction.findings import Finding
from processors.redaction.phone_plans import Standing
from processors.redaction.phone_surroundings import Surroundings, names_a_thing

TYPE = "PHONE_NUMBER"

_SURE, _LIKELY, _MAYBE, _UNLIKELY = 0.6, 0.4, 0.25, 0.05
_SCORES = {Standing.VALID: _SURE, Standing.POSSIBLE: _LIKELY, Standing.NONE: _UNLIKELY}

_LEAD = re.compile(r"(?:\(?\+)?\(?\Z")
# Only Latin letters make a word of what they touch: Chinese text has no blanks.
_NO_START = re.compile(r"[A-Za-z\d_$€£]\Z|[A-Za-z\d][./#\-]\Z|\d:\Z")
_NO_END = re.compile(r"[A-Za-z\d%]|_\w|[.:]\d|-\w*\d")
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_NORTH_AMERICAN = re.compile(r"(?:1[ .\-]?)?(\(?\d{3}\) ?|\d{3}[ .\-])\d{3}[ .\-]\d{4}")

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
_FOUR_NUMBERS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")
_WORD = re.compile(r"[^\W_]")
_SIGNS = re.compile(r"\D+")

_LIMITS = ("2147483647", "2147483648", "4294967295", "4294967296")
"""The ends of 32-bit integers look like numbers of Dallas."""


class Judge:
    """For one text. Of one thread."""

    def __init__(self, text: str, key: str, regions: tuple[str, ...]) -> None:
        """`key` as in `Detector.find`; `regions` (ISO 3166) for numbers without a country code."""
        self._text = text
        self._key = key
        self._regions = regions
        self._around = self._first = Surroundings(text, key, 0)
        self._found_end = 0

    def finding(self, start: int, end: int) -> Finding | None:
        """The phone number that begins and ends here, with its sign and its extension; None where
        it is more likely something else.
        """
        text = self._text
        start = _start(text, start, end)
        number = text[start:end]
        extension = _EXTENSION.match(text, end)
        end = extension.end() if extension else end
        around, digits = self._at(start), _digits(number)
        alone = _stands_alone(text, start, end, around) or _ends_path(text, start, end, digits)
        if not alone or not _plausible(number, len(digits)):
            return None
        score = self._score(number, digits, extended=extension is not None)
        if number.isdecimal() and around.is_other(end):
            score = _UNLIKELY
        return self._announced(Finding(start, end, TYPE, score), around, number, len(digits))

    def _announced(
        self, finding: Finding, around: Surroundings, number: str, digits: int
    ) -> Finding | None:
        """The finding, surer where it is announced: by words around, or by those before the numbers
        that it stands right behind, as many as there are.
        """
        start, end, _, score = finding
        first = around if _WORD.search(self._text, self._found_end, start) else self._first
        if score < _SURE and (
            around.announces(number, digits, end)
            or (first is not around and first.announces(number, digits, end))
        ):
            score = context.boosted(score)
        if score < _LIKELY:
            return None
        self._first, self._found_end = first, end
        return finding._replace(score=score)

    def _at(self, start: int) -> Surroundings:
        """What is around numbers that begin here: several in a row do."""
        if self._around.start != start:
            self._around = Surroundings(self._text, self._key, start)
        return self._around

    def _score(self, number: str, digits: str, *, extended: bool) -> float:
        if number.lstrip("(").startswith("+"):
            return _SCORES[phone_plans.international(digits)]
        if _SOCIAL_SECURITY.fullmatch(number) or _BOOK.fullmatch(number):
            return _UNLIKELY
        if number.isdecimal():
            odd = number in _LIMITS or names_a_thing(self._key)
            return _UNLIKELY if odd else self._bare(digits)
        return _LIKELY if extended else self._written(number, digits)

    def _bare(self, digits: str) -> float:
        """Digits only: sure enough where North America would dial them."""
        if len(digits) == 10 and digits[0] in "23456789" and self._exists(digits, ("US", "CA")):
            return _LIKELY
        return _UNLIKELY

    def _written(self, number: str, digits: str) -> float:
        """Digits with blanks, dashes, dots or parentheses."""
        if _NORTH_AMERICAN.fullmatch(number):
            marked = any(sign in number for sign in "-(.")
            return _LIKELY if marked or self._exists(digits, ("US", "CA")) else _MAYBE
        if number.startswith("(") and number.find(")") in range(3, 7):
            return _LIKELY
        if number.startswith("00"):
            known = phone_plans.international(digits[2:]) is not Standing.NONE
            return _LIKELY if known else _MAYBE
        if _POSTAL.fullmatch(number):
            return _MAYBE
        trunk = number[0] == "0" and number[1].isdecimal() and len(digits) > 8
        return _LIKELY if trunk and self._exists(digits, self._regions) else _MAYBE

    def _exists(self, digits: str, regions: tuple[str, ...]) -> bool:
        """Whether the numbering plan of one of the regions has such a number."""
        chosen = (region for region in regions if region in self._regions)
        return any(phone_plans.exists(digits, region) for region in chosen)


def _digits(number: str) -> str:
    """The digits of whatever script, in ASCII."""
    digits = _SIGNS.sub("", number)
    return digits if digits.isascii() else "".join(str(int(digit)) for digit in digits)


def _start(text: str, start: int, end: int) -> int:
    """The start with a plus, and with a parenthesis that is closed within the number."""
    lead = _LEAD.search(text, max(0, start - 3), start)
    start = lead.start() if lead else start
    while text[start] == "(" and text.count("(", start, end) > text.count(")", start, end):
        start += 1
    return start


def _stands_alone(text: str, start: int, end: int, around: Surroundings) -> bool:
    """Whether the candidate is no part of a word, a float, an amount, a path or an id."""
    if _NO_END.match(text, end):
        return False
    if _WRITTEN.match(text, start):
        return True
    # A parenthesis begins a number after a full stop, too.
    before = start - 1 if text.startswith("(", start) else start - 2
    if not _NO_START.search(text[max(0, before) : start]):
        return True
    return not text[start - 1].isalnum() and around.labelled


def _ends_path(text: str, start: int, end: int, digits: str) -> bool:
    """Whether it is a number with a country code that exists, in a path: `/users/+14155550132`."""
    written = text.startswith("/+", start - 1) and not _NO_END.match(text, end)
    return written and phone_plans.international(digits) is Standing.VALID


def _plausible(number: str, digits: int) -> bool:
    """Whether the number is written like one: not like a date, an address or two floats."""
    least = 7 if "/" in number or len(number) == digits else 6
    if not least <= digits <= 15 or _DATE.match(number):
        return False
    if "." in number and (not _DOTTED.fullmatch(number) or _FOUR_NUMBERS.fullmatch(number)):
        return False
    return "/" not in number or _SLASHED.fullmatch(number) is not None
