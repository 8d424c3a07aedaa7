"""Presidio's recognizers, with what agents' traffic needs of them, and the entity types there are.

Importing this module imports presidio_analyzer: it takes half a second.
"""

import functools
import inspect
import logging
from collections.abc import Callable, Iterable
from typing import Any

import regex

from processors.redaction.cards import card_detector
from processors.redaction.conditions import condition
from processors.redaction.detectors import Detector, PatternDetector, RecognizerDetector
from processors.redaction.emails import EmailDetector
from processors.redaction.ibans import IbanDetector
from processors.redaction.phone_judge import TYPE as PHONE
from processors.redaction.phones import PhoneDetector
from processors.redaction.presidio import (
    IpRecognizer,
    MacAddressRecognizer,
    Pattern,
    PatternRecognizer,
    UsSsnRecognizer,
    predefined_recognizers,
)
from processors.redaction.wallets import wallet_detector
from processors.redaction.windows import around, runs

# Presidio logs the text of an IBAN that it fails to check, and of every decision when tracing.
for _name in ("presidio-analyzer", "decision_process"):
    logging.getLogger(_name).disabled = True


class SsnRecognizer(UsSsnRecognizer):  # type: ignore[misc]
    """Presidio's, but a well-known sample number that is written as an SSN is masked as well."""

    def __init__(self) -> None:
        super().__init__(
            # More groups make it a number of another kind.
            patterns=[
                Pattern(pattern.name, rf"(?<!\d\d-){pattern.regex}(?!-\d\d)", pattern.score)
                for pattern in UsSsnRecognizer.PATTERNS
            ]
        )
        self.global_regex_flags |= regex.ASCII

    def invalidate_result(self, pattern_text: str) -> bool:
        """Whether the number can be none."""
        samples = ("123-45-6789", "987-65-4320", "078-05-1120")
        if pattern_text.replace(" ", "-").replace(".", "-") in samples:
            return False
        return bool(super().invalidate_result(pattern_text))


_NO_VERSION = (
    r"(?<!\b(?:version|ver|release|rev|section|sec|chapter|clause)\W{0,3})"
    r"(?<!\d\.)(?!\d+(?:\.\d+){4})"
)
# The name is no hexadecimal number, which would be the first group of the address.
_AFTER_NAME = (r"(?<![\w:])", r"(?<=(?<![\w:])(?=\w*[G-Zg-z_])\w{1,32}:)")
_WHOLE_IPV6 = Pattern(
    "IPv6 with a name or a port",
    r"(?:(?<![\w:])|(?<=(?<![\w:])\w{1,32}:))(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
    r"(?=:\d{1,5}(?![\w:])|(?![\w:]|\.\d))",
    0.6,
)


class AddressRecognizer(IpRecognizer):  # type: ignore[misc]
    """Presidio's, and IPv6 addresses right after `id:` or before `:8080`.

    Left out are `::`, which is nobody's address, slices such as `[1::2]`, versions of four parts
    and parts of object identifiers.
    """

    def __init__(self) -> None:
        stock = [
            Pattern(p.name, p.regex if "IPv6" in p.name else _NO_VERSION + p.regex, p.score)
            for p in IpRecognizer.PATTERNS
            if "unspecified" not in p.name
        ]
        ipv6 = next(p for p in IpRecognizer.PATTERNS if p.name == "IPv6")
        labelled = Pattern("IPv6 after a name", ipv6.regex.replace(*_AFTER_NAME, 1), ipv6.score)
        super().__init__(patterns=[*stock, labelled, _WHOLE_IPV6])
        self.global_regex_flags |= regex.ASCII

    def invalidate_result(self, pattern_text: str) -> bool:
        """Whether the text can be no address."""
        if "::" in pattern_text and regex.fullmatch(r"\d{0,3}::\d{0,3}", pattern_text):
            return True
        return bool(super().invalidate_result(pattern_text))


# Above, ASCII: a number right after a letter that no number has, as in Chinese, is one.
_PAIR, _FOUR = "[0-9A-Fa-f]{2}", "[0-9A-Fa-f]{4}"
_ADDRESS = (
    r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]::|::[0-9A-Fa-f]|(?:[0-9A-Fa-f]{1,4}:){6}"
)


def _tuned(entity: str) -> Detector | None:
    """The detector to use instead of all of Presidio's; None where there is no such."""
    made: dict[str, Callable[[], Detector]] = {
        "CREDIT_CARD": card_detector,
        "US_SSN": lambda: PatternDetector(
            SsnRecognizer(),
            r"[0-9](?:[\- .]?[0-9]){8}",
            runs(r"[0-9](?<![0-9][0-9])(?<![0-9]\.[0-9])(?:[\- .]?[0-9]){8,}", margin=1),
        ),
        "IP_ADDRESS": lambda: PatternDetector(
            AddressRecognizer(), _ADDRESS, around(_ADDRESS, r"\w:.%/", 64)
        ),
        "CRYPTO": wallet_detector,
        "MAC_ADDRESS": lambda: PatternDetector(
            MacAddressRecognizer(), rf"(?:{_PAIR}[:\-]){{5}}|{_FOUR}\.{_FOUR}\.{_FOUR}"
        ),
    }
    return made[entity]() if entity in made else None


def _detectors(entity: str, regions: tuple[str, ...]) -> list[Detector]:
    if entity == "EMAIL_ADDRESS":
        return [EmailDetector()]
    if entity == PHONE:
        return [PhoneDetector(regions)]
    if entity == "IBAN_CODE":
        return [IbanDetector()]
    tuned = _tuned(entity)
    return [tuned] if tuned else [as_detector(stock) for stock in _stock()[entity]]


def as_detector(recognizer: Any) -> Detector:
    """A detector that runs any of Presidio's recognizers that needs no spaCy document."""
    runs_patterns = isinstance(recognizer, PatternRecognizer)
    if not runs_patterns or type(recognizer).analyze is not PatternRecognizer.analyze:
        return RecognizerDetector(recognizer)
    flags = recognizer.global_regex_flags
    patterns = [(pattern.regex, flags) for pattern in recognizer.patterns]
    return PatternDetector(recognizer, condition(patterns))


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
    return sorted({*_stock(), PHONE})


def is_known(entity: str) -> bool:
    """Whether the type can be chosen without a recognizer of one's own."""
    return entity in _stock() or entity == PHONE


def detectors(entities: Iterable[str], regions: tuple[str, ...]) -> list[Detector]:
    """A detector for each of the entity types.

    `regions` are ISO 3166 codes for phone numbers without a country code. Raises KeyError for a
    type that is not in `entity_types`.
    """
    return [made for entity in entities for made in _detectors(entity, regions)]
