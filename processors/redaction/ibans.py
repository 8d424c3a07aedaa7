"""IBANs: the length that the country's numbers have, and the check digits.

Presidio's pattern is greedy: in `BE68539007547034 from my bank` it takes words for groups of four
and gives up. It also knows some countries with the wrong letters, and twenty not at all.
"""

import re
from collections.abc import Iterator, Sequence

from processors.redaction import context
from processors.redaction.budget import Budget
from processors.redaction.findings import Finding

TYPE = "IBAN_CODE"
_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK FI AX FK FO GL NL SD",
    19: "MK SI",
    20: "AT BA EE KZ LT LU MN XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE GG IE IM JE ME RS VA",
    23: "AE GI IL IQ OM SO TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "AO CV GW LY MZ PT ST",
    26: "DZ IR IS TR",
    27: "BI BL CF CG CM DJ FR GA GF GP GQ GR IT KM MC MF MG MQ MR NC PF PM RE SM TD TF WF YT",
    28: "AL AZ BF BJ BY CI CY DO GT HN HU LB MA ML NE NI PL SN SV TG",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
"""Characters of an IBAN by country: the IBAN registry (SWIFT, ISO 13616), with the territories that
use another country's form and the African countries whose banks use IBANs outside the registry."""
_LENGTH = {country: length for length, names in _LENGTHS.items() for country in names.split()}

_GAP = r"[ \-\u00a0\u2009\u202f\u2010-\u2013]"
# Capitals may follow small letters; small ones must begin a word.
_START = re.compile(
    r"(?:[A-Za-z](?<![A-Za-z0-9].)[A-Za-z]|[A-Z](?<![A-Z0-9].)[A-Z])"
    rf"[0-9]{{2}}(?={_GAP}?[A-Za-z0-9])"
)
_LENGTHS_TO_TRY = range(14, 35)
"""What is tried where the text says that it is an IBAN, whatever its country is thought to have."""
_TERMS = ("iban",)
_NEAR = 4
_REST = re.compile(rf"(?:{_GAP}?[A-Za-z0-9]){{1,30}}")
_BREAK = re.compile(_GAP)
_MOST_LETTERS = 4
"""In a group without a digit: a bank's code. Longer groups are words after a number."""


class IbanDetector:
    """Finds IBANs in capital or small letters, with blanks, dashes or neither between groups.

    After the word IBAN, the check digits are enough: countries join, and lists of them are late.
    """

    condition = r"(?i)[A-Z]{2}[0-9]{2}[ \-\x{00a0}\x{2009}\x{202f}\x{2010}-\x{2013}]?[A-Z0-9]"

    def find(self, text: str, key: str, budget: Budget) -> Iterator[Finding]:
        """See `Detector`."""
        end = 0
        for match in _START.finditer(text):
            start = match.start()
            if start >= end:
                budget.remaining()
                if found := _end(text, start, key):
                    end = found
                    yield Finding(start, end, TYPE, 1.0)


def _end(text: str, start: int, key: str) -> int:
    """Where the IBAN that begins at `start` ends; 0 if there is none."""
    length = _LENGTH.get(text[start : start + 2].upper(), 0)
    if length and (end := _valid_end(text, start, (length,))):
        return end
    if context.supports(key, _TERMS) or context.supports(
        context.words_before(text, start, _NEAR), _TERMS
    ):
        return _valid_end(text, start, _LENGTHS_TO_TRY)
    return 0


def _valid_end(text: str, start: int, lengths: Sequence[int]) -> int:
    """The end of the longest of these lengths, in letters and digits, that has the check digits."""
    rest = _REST.match(text, start + 4)
    places = [place for place in range(start, rest.end() if rest else 0) if text[place].isalnum()]
    number = "".join(text[place] for place in places)
    for length in sorted(_checked(number), reverse=True):
        end = places[length - 1] + 1
        if length in lengths and _may_end(text, start, end):
            return end if _in_groups(text[start:end]) else 0
    return 0


def _in_groups(found: str) -> bool:
    groups = _BREAK.split(found)
    return not any(len(group) > _MOST_LETTERS and group.isalpha() for group in groups)


def _checked(number: str) -> Iterator[int]:
    """The lengths at which the check digits are right (ISO/IEC 7064, mod 97-10)."""
    head = "".join(str(int(character, 36)) for character in number[:4])
    scale, tail, rest = 10 ** len(head), int(head or 0), 0
    for length, character in enumerate(number[4:], 5):
        digit = int(character, 36)
        rest = (rest * (10 if digit < 10 else 100) + digit) % 97
        if (rest * scale + tail) % 97 == 1:
            yield length


def _may_end(text: str, start: int, end: int) -> bool:
    """Whether no digit follows, and no letter but a small one after capitals."""
    following = text[end : end + 1]
    if not following.isascii() or not following.isalnum():
        return True
    return following.islower() and text[start].isupper()
