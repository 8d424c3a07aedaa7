"""Every kind of secret: what is one, what is not quite, and what its pattern costs at worst."""

import itertools
from functools import partial

import pytest

from processors.redaction.budget import Budget
from processors.redaction.context import key_words
from processors.redaction.gate import Gate
from processors.redaction.secrets import SecretDetector, SecretRule, load_rules, secret_types
from tests.redaction.hostile import timed
from tests.redaction.secret_examples import examples

RULES = load_rules()
EVERY = pytest.mark.parametrize(
    "rule", RULES, ids=[f"{rule.type}-{place}" for place, rule in enumerate(RULES)]
)
# What has no last letter that it could not do without.
LOOSE = {
    "BASIC_CREDENTIALS": "Basic authentication-scheme",
    "DOCKER_CONFIG_AUTH": '"auth": "dm9pY2VtYWlsMQ"',
    "JWE": "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..dm9pY2VtYWls.c2hvcnQ.",
    "PRIVATE_KEY": "-----BEGIN PRIVATE KEY----- and -----END PRIVATE KEY-----",
    "PUTTY_PRIVATE_KEY": "PuTTY-User-Key-File-2: is how a file of PuTTY begins",
}


def found(rule, text, key=""):
    return {
        text[finding.start : finding.end]
        for finding in SecretDetector(rule).find(text, key, Budget(10))
    }


def some(rule, count=5):
    return itertools.islice(examples(rule), count)


def test_there_are_eighty_kinds_and_more():
    assert len(secret_types()) > 140


@EVERY
def test_a_secret_of_the_kind_is_found(rule):
    for text, secret in some(rule):
        assert secret in found(rule, text)


@EVERY
def test_a_secret_of_the_kind_is_gone_after_redaction(rule, clean):
    for text, secret in some(rule, 2):
        assert secret not in clean(f"got {text}\n")


@EVERY
def test_a_secret_that_lacks_its_last_letter_is_none(rule):
    for text, secret in some(rule):
        near = LOOSE.get(rule.type) or text.replace(secret, secret[:-1])
        assert not found(rule, near)


@EVERY
def test_a_secret_opens_the_gate(rule):
    gate = Gate([SecretDetector(rule).condition])
    for text, _ in some(rule):
        assert gate.open_for(text)


@pytest.mark.parametrize("rule", [r for r in RULES if r.name], ids=lambda rule: rule.type)
def test_a_secret_that_its_name_gives_away_is_found_under_a_key(rule, clean):
    for text, secret in some(rule):
        name = text.partition("=")[0].strip() if " = " in text else text.partition('"')[2][:4]
        assert found(rule, secret, key_words(name)) == {secret}
        assert secret not in clean(f'{{"{name}": "{secret}"}}')


def hostile(text, secret):
    start = text.partition(secret)[0] or text
    for part in {text, text[:-1], text[:4], start, start + secret[: len(secret) // 2], secret[-1]}:
        if part:
            yield (part * (16_000 // len(part) + 1))[:16_000]
    yield start + secret[-1] * 16_000


@EVERY
def test_no_text_takes_long(rule):
    text, secret = next(examples(rule))
    for worst in hostile(text, secret):
        _, seconds = timed(partial(found, rule, worst))
        assert seconds < 0.25


@pytest.mark.parametrize(
    "row",
    [
        {"condition": "x"},
        {"name": "api key"},
        {"condition": "x", "pattern": "x", "name": "x", "value": "x"},
        {},
    ],
)
def test_a_row_has_a_pattern_or_a_name(row):
    with pytest.raises(ValueError, match="condition and pattern, or name and value"):
        SecretRule.model_validate({"type": "X", "source": "https://example.com", **row})
