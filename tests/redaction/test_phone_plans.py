"""Numbering plans are asked in another way than `phonenumbers` has, and answer the same."""

import random

import phonenumbers
import pytest

from processors.redaction.phone_plans import Standing, exists, international
from processors.redaction.phones import REGIONS

DIGITS = "0123456789"
CODES = list(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def parsed(number, region=None):
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


def standing(digits):
    number = parsed(f"+{digits}")
    if number is None or not phonenumbers.is_possible_number(number):
        return Standing.NONE
    return Standing.VALID if phonenumbers.is_valid_number(number) else Standing.POSSIBLE


def in_use():
    """A number of every kind that the plans have an example of, from its calling code on."""
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        for region in regions:
            for kind in phonenumbers.PhoneNumberType.values():
                if number := phonenumbers.example_number_for_type(region, kind):
                    yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        if number := phonenumbers.example_number_for_non_geo_entity(code):
            yield phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


@pytest.fixture(scope="module")
def examples():
    return [number.lstrip("+") for number in in_use()]


def altered(numbers, digits):
    """The number with another digit, or one less, or one more."""
    place = numbers.randrange(len(digits))
    new = numbers.choice(["", numbers.choice(DIGITS), digits[place] + numbers.choice(DIGITS)])
    return digits[:place] + new + digits[place + 1 :]


def test_numbers_in_use_and_their_neighbours_stand_as_phonenumbers_has_it(examples):
    numbers = random.Random(1)
    for digits in (one for given in examples for one in (given, altered(numbers, given))):
        assert international(digits) == standing(digits), digits


def test_random_numbers_stand_as_phonenumbers_has_it():
    numbers = random.Random(2)
    for _ in range(10_000):
        start = numbers.choice([*map(str, CODES), ""]) + numbers.choice(["", "0", "8", "00"])
        digits = start + "".join(numbers.choices(DIGITS, k=numbers.randrange(1, 13)))
        assert international(digits) == standing(digits), digits


@pytest.mark.parametrize("region", [*REGIONS, "AR", "MX", "IT", "JP", "AU", "RU"])
def test_what_is_dialled_exists_where_phonenumbers_says_so(examples, region):
    numbers = random.Random(region)
    for _ in range(600):
        rest = "".join(numbers.choices(DIGITS, k=numbers.randrange(7, 13)))
        abroad = numbers.choice(["00", "011", "0011"])
        digits = numbers.choice([f"0{rest}", abroad + numbers.choice(examples)])
        number = parsed(digits, region)
        real = number is not None and phonenumbers.is_valid_number(number)
        assert exists(digits, region) == real, digits


def test_digits_that_lead_nowhere_are_no_number():
    for digits in ("", "0", "1", "999123456", "0049301234567"):
        assert international(digits) is Standing.NONE
