"""Payment cards: Presidio's pattern and check, for every length and issuer there is today."""

from typing import Any

import regex

from processors.redaction import context
from processors.redaction.detectors import PatternDetector
from processors.redaction.presidio import CreditCardRecognizer, Pattern
from processors.redaction.windows import runs

_BREAK = r"[ .\-\u00a0\u2009\u202f\u2010-\u2015\u2212]"
_GAP = r"[ .\-\x{00a0}\x{2009}\x{202f}\x{2010}-\x{2015}\x{2212}]{0,2}"
# Twelve digits are the end of a UUID too: they stand alone, or in groups that do. Up to thirteen
# after a plus are a phone number.
_START, _ALONE, _END = r"(?<![A-Za-z\d.])", r"(?<![A-Za-z\d]-)", r"(?!\.?\d|[A-Za-z])"
_NO_PHONE = r"(?<!\+)"
_PATTERNS = [
    Pattern(
        "Card in one piece",
        rf"{_START}(?:\d{{14,19}}|{_NO_PHONE}\d{{13}}|{_NO_PHONE}{_ALONE}\d{{12}}){_END}",
        0.05,
    ),
    Pattern(
        "Card in groups",
        rf"{_START}{_ALONE}"
        rf"(?:\d{{4}}(?:{_BREAK}{{1,2}}\d{{4}}){{2,3}}(?:{_BREAK}{{1,2}}\d{{1,4}})?"
        rf"|\d{{4}}{_BREAK}{{1,2}}\d{{6}}{_BREAK}{{1,2}}\d{{4,5}}){_END}(?!-[A-Za-z\d])",
        0.05,
    ),
]
# What issuers' numbers begin with, and how long they are (ISO/IEC 7812, and what the networks
# publish). Of 13 to 17 digits Presidio takes any with 1, 3, 4, 50 to 55 and 6, and so does this.
_ISSUED = regex.compile(
    r"(?:[1346]|5[0-5])\d*(?<=^\d{13,17})"
    r"|4\d{18}"  # Visa
    r"|2(?:2[2-9]|[3-6]\d|7[01])\d{13}|2720\d{12}"  # Mastercard
    r"|(?:5[06-8]|6\d)\d{10,17}"  # Maestro; of 16 and more also Discover, RuPay, UnionPay
    r"|3[05689]\d{14,17}"  # JCB, Diners
    r"|220[0-4]\d{12,15}"  # Mir
    r"|8[12]\d{14,17}|9792\d{12}|2131\d{11}",  # RuPay and UnionPay, Troy, JCB
)
_EPOCH_LENGTHS = (13, 16, 19)
"""Milliseconds, microseconds and nanoseconds since 1970, from 2001 on, begin with 1."""
_USUAL = regex.compile(r"\d{16}|3[47]\d{13}")
_NUMBERED = (
    *(" id ", " ids ", " uid ", " parent ", " trace ", " span ", " order ", " bytes ", " seed "),
    *(" tracking ", " shipment ", " offset ", " sequence ", " hash ", " ns ", " us ", " isbn "),
    *(" ean ", " gtin ", " upc ", " barcode ", " sku ", " imei ", " snowflake ", " message "),
)


class CardRecognizer(CreditCardRecognizer):  # type: ignore[misc]
    """Cards of 12 to 19 digits of every network, in one piece or in groups.

    Presidio's pattern stays beside the wider ones, but takes no fraction of a number for a card.
    """

    def __init__(self) -> None:
        stock = [
            Pattern(
                pattern.name,
                rf"(?<!\d\.)(?<!\+(?=\d{{13}}(?!\d))){pattern.regex}(?!\.\d)",
                pattern.score,
            )
            for pattern in CreditCardRecognizer.PATTERNS
        ]
        super().__init__(patterns=[*stock, *_PATTERNS])

    def validate_result(self, pattern_text: str) -> bool | None:
        """Luhn's check (ISO/IEC 7812-1, annex B), for 12 to 19 digits that are no time stamp.

        None, which leaves it to the words around, for a number of no known issuer that passes.
        """
        digits = "".join(str(int(c)) for c in pattern_text if c.isdecimal())
        if not 12 <= len(digits) <= 19 or len(set(digits)) == 1:
            return False
        if digits == pattern_text and digits[0] == "1" and len(digits) in _EPOCH_LENGTHS:
            return False
        return _luhn(digits) and (_ISSUED.fullmatch(digits) is not None or None)


def card_detector() -> PatternDetector:
    """The detector of cards."""
    return PatternDetector(
        CardRecognizer(),
        rf"\p{{Nd}}(?:{_GAP}\p{{Nd}}){{11}}",
        runs(rf"\d(?<!\d\d)(?<!\d\.\d)(?:{_BREAK}{{0,2}}\d){{11,}}", margin=2),
        _is_id,
    )


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def _is_id(text: str, match: Any, key: str) -> bool:
    """Whether digits of an unusual length are called an id: one in ten passes Luhn's check."""
    start = match.start()
    if _USUAL.fullmatch(match[0]) or not match[0].isdecimal() or text[start - 1 : start] == ",":
        return False
    before = context.words_before(text, start, 2)
    return context.supports(before if before.strip() else key, _NUMBERED)
