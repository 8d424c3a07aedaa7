"""What stock Presidio finds is found, but for differences on purpose: they are all in one table."""

import os
import random
import re
from pathlib import Path
from typing import NamedTuple

import pytest
import tldextract

from benchmarks import presidio as stock
from processors.redaction import recognizers
from processors.redaction.analyzer import Analyzer
from processors.redaction.config import ENTITIES
from processors.redaction.labelled import load
from processors.redaction.phones import REGIONS
from processors.redaction.userinfo import is_password
from tests.redaction import made_up
from tests.redaction.pieces import found_by

THRESHOLD = 0.4
LABELLED = os.environ.get("WINNOW_LABELLED_DATA", "")
"""A file of labelled texts, such as presidio-research's `tests/data/generated_large.json`."""


class Found(NamedTuple):
    """What one side found, and the text that it is in."""

    type: str
    start: int
    end: int
    text: str

    @property
    def value(self):
        return self.text[self.start : self.end]

    @property
    def before(self):
        return self.text[: self.start]

    @property
    def after(self):
        return self.text[self.end :]

    @property
    def digits(self):
        return sum(character.isdecimal() for character in self.value)

    def touched(self, signs=""):
        """Whether a letter, a digit or one of the signs stands right before or behind it."""
        return bool(
            re.search(rf"[\w{signs}]\Z", self.before) or re.match(rf"[\w{signs}]", self.after)
        )


def left_over(found, other):
    """How many digits of it are not in the other."""
    outside = set(range(found.start, found.end)) - set(range(other.start, other.end))
    return sum(found.text[place].isdecimal() for place in outside)


def suffix(found):
    return tldextract.extract(found.value.rpartition("@")[2]).suffix


FEWER = [
    ("EMAIL_ADDRESS", "a password before a host", lambda f: (
        is_password(f.text, 0, f.text.index("@", f.start)))),
    ("CREDIT_CARD", "a fraction of a number, or a part of a dotted one", lambda f: (
        re.search(r"\d\.\Z", f.before) or re.match(r"\.\d", f.after))),
    ("CREDIT_CARD", "microseconds since 1970", lambda f: re.fullmatch(r"1\d{15}", f.value)),
    ("CREDIT_CARD", "up to 13 digits after a plus are a phone number", lambda f: (
        f.before.endswith("+"))),
    ("CREDIT_CARD", "an odd number of digits that is called an id", lambda f: f.value.isdecimal()),
    ("IP_ADDRESS", "a slice of a sequence, such as [1::2]", lambda f: (
        re.fullmatch(r"\d*::\d*", f.value))),
    ("IP_ADDRESS", "a version or a section", lambda f: (
        re.search(r"(version|ver|release|rev|section|sec|chapter|clause)\W*\Z", f.before, re.I))),
    ("IP_ADDRESS", "numbers with more than four parts", lambda f: (
        re.search(r"\d\.\Z", f.before) or re.match(r"\.\d", f.after))),
    ("US_SSN", "a placeholder such as <US_SSN> is no context", lambda f: "<US_SSN" in f.before),
    ("US_SSN", "context is words, not a word glued to the number", lambda f: (
        f.value.isdecimal() and (re.search(r"\S\Z", f.before) or re.match(r"\S", f.after)))),
    ("US_SSN", "digits in more groups are a number of another kind", lambda f: (
        re.search(r"\d\d-\Z", f.before) or re.match(r"-\d\d", f.after))),
    ("US_SSN", "digits right after a decimal point", lambda f: re.search(r"\d\.\Z", f.before)),
    ("PHONE_NUMBER", "bare digits are ids unless the words around say phone, or the US dials them",
        lambda f: re.fullmatch(r"\(?\d+", f.value)),
    ("PHONE_NUMBER", "without a word for it, neither +, area code, nor written as in the US",
        lambda f: not re.match(r"[+(0]|\d{3}[ .-]\d{3}[ .-]\d{4}\Z", f.value)),
    ("PHONE_NUMBER", "what has dots is a float, an address or a version", lambda f: (
        "." in f.value)),
    ("PHONE_NUMBER", "fewer than 8 digits are no number without a word for it", lambda f: (
        f.digits < 8)),
    ("PHONE_NUMBER", "more than 15 digits are none (ITU-T E.164)", lambda f: f.digits > 15),
    ("PHONE_NUMBER", "dates", lambda f: re.search(r"(19|20)\d\d", f.value)),
    ("PHONE_NUMBER", "a part of a longer number, a name or a path", lambda f: (
        f.touched(r".,:;$€£%+#/*\-(") or re.match(r"\s\d", f.after)
        or re.search(r"\+\S{1,4} ?\Z", f.before))),
    ("PHONE_NUMBER", "digits of two scripts, or with signs in them that nobody writes", lambda f: (
        not re.fullmatch(r"[\d +()/\-]+", f.value, re.ASCII))),
]  # fmt: skip
"""Where Winnow finds nothing at all: type, reason, and how to tell."""

MORE = [
    ("EMAIL_ADDRESS", "hosts outside the list of public suffixes", lambda f: not suffix(f)),
    ("EMAIL_ADDRESS", "right beside a sign or a letter that no address has", lambda f: (
        f.touched(r"#/:=&|`\-.@;") or not (f.value + f.after[:1]).isascii())),
    ("EMAIL_ADDRESS", "addresses glued to one another", lambda f: f.before.endswith("'") or (
        f.value.count(".") > 2)),
    ("EMAIL_ADDRESS", "a long run of digits and letters before @", lambda f: len(f.value) > 40),
    ("CREDIT_CARD", "12, and 17 to 19 digits", lambda f: not 13 <= f.digits <= 16),
    ("CREDIT_CARD", "right beside a letter of another script, or an underscore", lambda f: (
        f.touched() or not f.before[-1:].isascii())),
    ("CREDIT_CARD", "Mastercard from 2221, Mir, Maestro, UnionPay, RuPay, Troy; others in context",
        lambda f: not re.match(r"[1346]|5[0-5]", f.value)),
    ("CREDIT_CARD", "right behind a number that is none", lambda f: re.search(r"\d \Z", f.before)),
    ("CREDIT_CARD", "other blanks and dashes between groups", lambda f: (
        re.search(r"[^\d\- ]|\D\D", f.value))),
    ("IBAN_CODE", "small letters", lambda f: f.value.upper() != f.value),
    ("IBAN_CODE", "the number ends where its country's do, whatever follows", lambda f: (
        f.touched(" \\-"))),
    ("IBAN_CODE", "other blanks and dashes, other places for them", lambda f: (
        not f.value.isalnum())),
    ("IP_ADDRESS", "right after a name, and beside a letter of another script", lambda f: (
        f.touched(":"))),
    ("IP_ADDRESS", "beside a dash, a mark or a digit of another script", lambda f: (
        not (f.before[-1:] + f.after[:2]).isascii())),
    ("US_SSN", "right beside a letter of another script, or an underscore", lambda f: (
        f.touched() or not f.before[-1:].isascii())),
    ("US_SSN", "context is the last ten words, of JSON too", lambda f: f.value.isdecimal()),
    ("US_SSN", "well-known samples written as one", lambda f: (
        f.value in {"123-45-6789", "987-65-4320", "078-05-1120"})),
    ("PHONE_NUMBER", "all countries, and whatever is announced or written as one", lambda f: (
        6 <= f.digits <= 21)),
    ("MAC_ADDRESS", "right beside a letter of another script", lambda f: f.touched()),
    ("CRYPTO", "wallets of other chains than Bitcoin's", lambda f: f.value[:1] not in "13b"),
]  # fmt: skip
"""Where only Winnow finds something of the type."""

BOUNDS = [
    ("EMAIL_ADDRESS", "the name of a URL's parameter stays, and markup before the address",
        lambda ours, theirs: ours.end >= theirs.end and ours.start >= theirs.start),
    ("EMAIL_ADDRESS", "addresses glued to one another or to letters of another script",
        lambda ours, theirs: ours.start <= theirs.start and ours.end >= theirs.end),
    ("PHONE_NUMBER", "the whole number with its country code, without what is before and after",
        lambda ours, theirs: left_over(theirs, ours) < 7 or not theirs.value.isascii()
            or "#" in theirs.value),
    ("CREDIT_CARD", "the whole number", lambda ours, theirs: ours.digits >= theirs.digits),
    ("IBAN_CODE", "as long as the country's numbers are", lambda ours, theirs: (
        ours.start == theirs.start)),
    ("IP_ADDRESS", "with the zone, or the end of a name in it", lambda ours, theirs: (
        "%" in ours.value + theirs.value + theirs.after[:1] or ours.start <= theirs.start)),
]  # fmt: skip
"""Where both find something of the type, from or to another place."""


@pytest.fixture(scope="module")
def analyzer():
    detectors = recognizers.detectors(ENTITIES, REGIONS)
    return Analyzer(detectors, threshold=THRESHOLD, max_bytes=1 << 20, seconds=10)


@pytest.fixture
def differences(analyzer):
    """From a text to the differences that no reason explains."""

    def compare(text):
        ours = [Found(f.type, f.start, f.end, text) for f in found_by(analyzer, text)]
        theirs = [Found(*result, text) for result in stock.analyze(text, THRESHOLD)]
        return [
            *(found for found in theirs if not covered(found, ours) and not fewer(found, ours)),
            *(found for found in ours if not counterparts(found, theirs) and not more(found, ours)),
        ]

    return compare


def fewer(found, ours):
    """Whether it is on purpose that Winnow does not find this, or finds it elsewhere."""
    if same := counterparts(found, ours):
        return any(explains(found, one) for one in same)
    return any(kind == found.type and tells(found) for kind, _, tells in FEWER)


def explains(theirs, ours):
    return any(kind == theirs.type and tells(ours, theirs) for kind, _, tells in BOUNDS)


def more(found, ours):
    """Whether it is on purpose that only Winnow finds this, or no matter: it is in another."""
    others = [other for other in ours if other is not found]
    return covered(found, others) or any(
        kind == found.type and tells(found) for kind, _, tells in MORE
    )


def counterparts(found, others):
    return [
        o for o in others if o.type == found.type and o.start < found.end and found.start < o.end
    ]


def covered(found, others):
    """Whether every character is in one of the others, of whatever type: it will be masked."""
    places = set(range(found.start, found.end))
    for other in others:
        places -= set(range(other.start, other.end))
    return not places


MAKERS = [made_up.prose, made_up.code, made_up.json_text, made_up.unicode_text, made_up.fuzzed]


@pytest.mark.parametrize("maker", MAKERS, ids=lambda maker: maker.__name__)
def test_made_up_text_gives_the_same(differences, maker):
    numbers = random.Random(20)
    for _ in range(200):
        assert differences(maker(numbers)) == []


@pytest.mark.skipif(not LABELLED, reason="WINNOW_LABELLED_DATA names no file")
def test_a_labelled_set_gives_the_same(differences):
    for sample in load(Path(LABELLED)):
        assert differences(sample.text) == []


@pytest.mark.slow
def test_ten_thousand_fuzzed_strings_give_the_same(differences):
    for seed in range(10_000):
        text = made_up.fuzzed(random.Random(seed))
        assert differences(text) == [], seed
