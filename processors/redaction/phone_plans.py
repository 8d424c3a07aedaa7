"""Which phone numbers exist, by the numbering plans that come with `phonenumbers`.

Its own `parse` and `is_valid_number` take about 100 µs a number, and a text of 16 kB can have
thousands of candidates. Here a plan is compiled once, on first use, and asked about digits only;
the answers are the same.
"""

import functools
import re
from collections.abc import Iterable
from enum import IntEnum

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata, PhoneNumberDesc

_KINDS = (
    *("fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip"),
    *("personal_number", "pager", "uan", "voicemail"),
)
_SHORTEST = 2
_LONGEST_CODE = 3
_NOTHING = "(?!)"


class Standing(IntEnum):
    """What a numbering plan says of a number."""

    NONE = 0
    """There is no such calling code, or no number of this length."""
    POSSIBLE = 1
    """There are numbers of this length."""
    VALID = 2
    """Such numbers are given out."""


def international(digits: str) -> Standing:
    """What becomes of a number, of ASCII digits from its calling code on (`493012345678`)."""
    if digits.startswith("0"):
        return Standing.NONE
    for size in range(1, _LONGEST_CODE + 1):
        code = int(digits[:size] or 0)
        if code in COUNTRY_CODE_TO_REGION_CODE:
            return _standing(code, _trunk(*_home(code)).without_prefix(digits[size:]))
    return Standing.NONE


def exists(digits: str, region: str) -> bool:
    """Whether somebody in a region (ISO 3166) who dials these ASCII digits reaches a number there,
    or abroad. The region's own calling code is not dialled.
    """
    trunk = _trunk(region)
    if (abroad := trunk.abroad.match(digits)) and digits[abroad.end() :][:1] != "0":
        return international(digits[abroad.end() :]) is Standing.VALID
    return _standing(trunk.code, trunk.without_prefix(digits)) is Standing.VALID


def _standing(code: int, national: str) -> Standing:
    if len(national) >= _SHORTEST and _valid(code).match(national):
        return Standing.VALID
    lengths = _trunk(*_home(code)).lengths
    return Standing.POSSIBLE if len(national) in lengths else Standing.NONE


def _home(code: int) -> tuple[str, int]:
    """The region that most of a calling code belongs to, with the code for what is of none."""
    return COUNTRY_CODE_TO_REGION_CODE[code][0], code


class _Trunk:
    """What is dialled before a number within one region, and from it."""

    def __init__(self, plan: PhoneMetadata) -> None:
        general = plan.general_desc or PhoneNumberDesc()
        self.code = plan.country_code or 0
        self.abroad = re.compile(plan.international_prefix or _NOTHING)
        self.lengths = {*general.possible_length, *general.possible_length_local_only}
        self._national = set(general.possible_length)
        self._general = re.compile(rf"(?:{general.national_number_pattern or _NOTHING})\Z")
        self._prefix = re.compile(plan.national_prefix_for_parsing or _NOTHING)
        self._becomes = plan.national_prefix_transform_rule

    def without_prefix(self, digits: str) -> str:
        """The number without what is dialled before it, unless only with that it is one."""
        prefix = self._prefix.match(digits)
        if prefix is None:
            return digits
        rest = digits[prefix.end() :]
        if self._becomes and prefix[self._prefix.groups] is not None:
            rest = prefix.expand(self._becomes) + rest
        if self._general.match(digits) and not self._general.match(rest):
            return digits
        usual = len(rest) in self._national or len(rest) > max(self._national, default=0)
        return rest if usual else digits


@functools.cache
def _trunk(region: str, code: int = 0) -> _Trunk:
    return _Trunk(_plan(region, code))


def _plan(region: str, code: int) -> PhoneMetadata:
    plan = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    if plan is None:
        raise ValueError(f"no numbering plan for {region}")
    return plan


@functools.cache
def _valid(code: int) -> re.Pattern[str]:
    """One pattern for all national numbers of a calling code, in whatever region."""
    plans = [_plan(region, code) for region in COUNTRY_CODE_TO_REGION_CODE[code]]
    return re.compile("|".join(map(_numbers, plans)))


def _numbers(plan: PhoneMetadata) -> str:
    given_out = dict.fromkeys(_numbers_of(getattr(plan, kind)) for kind in _KINDS)
    first = f"(?={plan.leading_digits})" if plan.leading_digits else ""
    return rf"{first}(?={_numbers_of(plan.general_desc)})(?:{'|'.join(given_out)})"


def _numbers_of(kind: PhoneNumberDesc | None) -> str:
    if kind is None or not kind.national_number_pattern:
        return _NOTHING
    return rf"{_of_length(kind.possible_length)}(?:{kind.national_number_pattern})\Z"


def _of_length(lengths: Iterable[int]) -> str:
    """A pattern for the lengths; without any, all are right, and -1 is that of no number."""
    sizes = [f"[0-9]{{{size}}}\\Z" if size > 0 else _NOTHING for size in lengths]
    return f"(?={'|'.join(sizes)})" if sizes else ""
