"""Presidio's recognizers, with what agents' traffic needs of them, and the entity types there are.

Importing this module imports presidio_analyzer: it takes half a second.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any

import regex

from processors.redaction.detectors import Detector, PatternDetector
from processors.redaction.emails import EmailDetector
from processors.redaction.ibans import IbanDetector
from processors.redaction.phones import PhoneDetector
from processors.redaction.presidio import (
    CreditCardRecognizer,
    CryptoRecognizer,
    IpRecognizer,
    MacAddressRecognizer,
    Pattern,
    PatternRecognizer,
    UsSsnRecognizer,
    predefined_recognizers,
)
from processors.redaction.windows import around, runs

# Presidio logs the text of an IBAN that it fails to check, and of every decision when tracing.
for _name in ("presidio-analyzer", "decision_process"):
    logging.getLogger(_name).disabled = True

_BLANKS = r"\u00a0\u2009\u202f"
_DASHES = r"\u2010-\u2015\u2212"
_BREAK = rf"[ .\-{_BLANKS}{_DASHES}]"
# The digits that issuers' numbers begin with (ISO/IEC 7812, and what the networks publish): Visa 4;
# Mastercard 51-55, 2221-2720; Mir 2200-2204; American Express 34, 37; Diners 30, 36, 38, 39; JCB
# 35, 2131, 1800; Discover, RuPay and UnionPay 60-65, 81, 82; Maestro 50, 56-58, 6.
_ISSUER = r"(?=4|5[0-8]|6|3[04-9]|2[2-7]|2131|1800|8[12])"
# Twelve digits are the end of a UUID too: they stand alone, or in groups that do.
_ALONE, _END = r"(?<![A-Za-z\d]-)", r"(?!\.?\d|[A-Za-z])"
_CARD_PATTERNS = [
    Pattern(
        "Card in one piece",
        rf"(?<![A-Za-z\d.]){_ISSUER}(?:\d{{13,19}}|{_ALONE}\d{{12}}){_END}",
        0.3,
    ),
    Pattern(
        "Card in groups",
        rf"(?<![A-Za-z\d.]){_ALONE}{_ISSUER}"
        rf"(?:\d{{4}}(?:{_BREAK}{{1,2}}\d{{4}}){{2,3}}(?:{_BREAK}{{1,2}}\d{{1,4}})?"
        rf"|\d{{4}}{_BREAK}{{1,2}}\d{{6}}{_BREAK}{{1,2}}\d{{4,5}}){_END}(?!-[A-Za-z\d])",
        0.3,
    ),
]


class CardRecognizer(CreditCardRecognizer):  # type: ignore[misc]
    """Cards of 12 to 19 digits of every network, in one piece or in groups.

    Presidio's pattern stays beside the wider ones, but takes no fraction of a number for a card.
    """

    def __init__(self) -> None:
        stock = [
            Pattern(pattern.name, rf"(?<!\d\.){pattern.regex}(?!\.\d)", pattern.score)
            for pattern in CreditCardRecognizer.PATTERNS
        ]
        super().__init__(patterns=[*stock, *_CARD_PATTERNS])

    def validate_result(self, pattern_text: str) -> bool:
        """Luhn's check (ISO/IEC 7812-1, annex B), for 12 to 19 digits that are no time stamp."""
        digits = "".join(str(int(c)) for c in pattern_text if c.isdecimal())
        if not 12 <= len(digits) <= 19 or len(set(digits)) == 1:
            return False
        if digits == pattern_text and digits[0] == "1" and len(digits) == 16:
            return False  # microseconds since 1970, from 2001 on
        return _luhn(digits)


_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def _luhn(digits: str) -> bool:
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


class SsnRecognizer(UsSsnRecognizer):  # type: ignore[misc]
    """Presidio's, but a well-known sample number that is written as an SSN is masked as well."""

    def __init__(self) -> None:
        super().__init__()
        self.global_regex_flags |= regex.ASCII

    def invalidate_result(self, pattern_text: str) -> bool:
        """Whether the number can be none."""
        samples = ("123-45-6789", "987-65-4320", "078-05-1120")
        if pattern_text.replace(" ", "-").replace(".", "-") in samples:
            return False
        return bool(super().invalidate_result(pattern_text))


class AddressRecognizer(IpRecognizer):  # type: ignore[misc]
    """Presidio's, without `::`, which is nobody's address, and slices such as `[1::2]`."""

    def __init__(self) -> None:
        super().__init__(patterns=[p for p in IpRecognizer.PATTERNS if "unspecified" not in p.name])
        self.global_regex_flags |= regex.ASCII

    def invalidate_result(self, pattern_text: str) -> bool:
        """Whether the text can be no address."""
        if "::" in pattern_text and regex.fullmatch(r"\d{0,3}::\d{0,3}", pattern_text):
            return True
        return bool(super().invalidate_result(pattern_text))


# Above, ASCII: a number right after a letter that no number has, as in Chinese, is one.
_PAIR, _FOUR = "[0-9A-Fa-f]{2}", "[0-9A-Fa-f]{4}"
_GAP = r"[ .\-\x{00a0}\x{2009}\x{202f}\x{2010}-\x{2015}\x{2212}]{0,2}"
_ADDRESS = (
    r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]::|::[0-9A-Fa-f]|(?:[0-9A-Fa-f]{1,4}:){6}"
)
# A hash in hexadecimal is no wallet: those mix cases, or begin with bc1.
_WALLET = r"(?<![A-Za-z0-9])(?![0-9a-f]+(?![A-Za-z0-9]))[A-Za-z0-9]{26,}"


def _tuned(entity: str) -> Detector | None:
    """The detector to use instead of all of Presidio's; None where there is no such."""
    made: dict[str, Callable[[], Detector]] = {
        "CREDIT_CARD": lambda: PatternDetector(
            CardRecognizer(),
            rf"\p{{Nd}}(?:{_GAP}\p{{Nd}}){{11}}",
            runs(rf"\d(?<!\d\d)(?<!\d\.\d)(?:{_BREAK}{{0,2}}\d){{11,}}", margin=2),
        ),
        "US_SSN": lambda: PatternDetector(
            SsnRecognizer(),
            r"[0-9](?:[\- .]?[0-9]){8}",
            runs(r"[0-9](?<![0-9][0-9])(?<![0-9]\.[0-9])(?:[\- .]?[0-9]){8,}", margin=1),
        ),
        "IP_ADDRESS": lambda: PatternDetector(
            AddressRecognizer(), _ADDRESS, around(_ADDRESS, r"\w:.%/", 64)
        ),
        "CRYPTO": lambda: PatternDetector(CryptoRecognizer(), "[A-Za-z0-9]{26}", runs(_WALLET)),
        "MAC_ADDRESS": lambda: PatternDetector(
            MacAddressRecognizer(), rf"(?:{_PAIR}[:\-]){{5}}|{_FOUR}\.{_FOUR}\.{_FOUR}"
        ),
    }
    return made[entity]() if entity in made else None


def _detectors(entity: str, regions: tuple[str, ...]) -> list[Detector]:
    if entity == "EMAIL_ADDRESS":
        return [EmailDetector()]
    if entity == "PHONE_NUMBER":
        return [PhoneDetector(regions)]
    if entity == "IBAN_CODE":
        return [IbanDetector()]
    tuned = _tuned(entity)
    return [tuned] if tuned else [PatternDetector(stock) for stock in _stock()[entity]]


@functools.cache
def _stock() -> dict[str, list[Any]]:
    """Presidio's pattern recognizers that need no model and no service, by entity type."""
    found: dict[str, list[Any]] = {}
    for _, cls in inspect.getmembers(predefined_recognizers, inspect.isclass):
        if issubclass(cls, PatternRecognizer):
            recognizer: Any = cls()
            for entity in recognizer.supported_entities:
                found.setdefault(entity, []).append(recognizer)
    return found


def entity_types() -> list[str]:
    """Every entity type that can be chosen, sorted."""
    return sorted({*_stock(), "PHONE_NUMBER"})


def detectors(entities: Iterable[str], regions: tuple[str, ...]) -> list[Detector]:
    """A detector for each of the entity types.

    `regions` are ISO 3166 codes for phone numbers without a country code. Raises KeyError for a
    type that is not in `entity_types`.
    """
    return [made for entity in entities for made in _detectors(entity, regions)]
