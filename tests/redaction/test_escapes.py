"""Text in URLs, in forms, in HTML and in JSON that was cut off."""

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.redaction.escapes import CONDITION, views
from tests.redaction.pieces import texts


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "https://x.io/p?email=alice%40example.com&n=1",
            "https://x.io/p?email=<EMAIL_ADDRESS>&n=1",
        ),
        ("https://x.io/p?phone=%2B14155550132", "https://x.io/p?phone=<PHONE_NUMBER>"),
        ("see https://x.io/p?tel=7858949 now", "see https://x.io/p?tel=<PHONE_NUMBER> now"),
        ("phone=415+555+0132&page=2", "phone=<PHONE_NUMBER>&page=2"),
        ("card=4111+1111+1111+1111", "card=<CREDIT_CARD>"),
        ("?card=4111%201111%201111%201111", "?card=<CREDIT_CARD>"),
        ("?card=4111%25201111%25201111%25201111", "?card=<CREDIT_CARD>"),
        ("?customerSSN=212345678", "?customerSSN=<US_SSN>"),
        ("?token=hunter2x&max_tokens=4096", "?token=<API_KEY>&max_tokens=4096"),
        ("/x?X-Amz-Signature=abcdef%2F12&page=2", "/x?X-Amz-Signature=<API_KEY>&page=2"),
        ("?filter=%7B%22ssn%22%3A%22212345678%22%7D", "?filter=%7B%22ssn%22%3A%22<US_SSN>%22%7D"),
        ("select 1 where mail = 'alice%40example.com'", "select 1 where mail = '<EMAIL_ADDRESS>'"),
    ],
)
def test_values_of_parameters_go_and_the_url_stays(clean, before, after):
    assert clean(before, "url.full") == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r'{"to": "jane\u0040example.com", "x', r'{"to": "<EMAIL_ADDRESS>", "x'),
        (r'{"tel": "\u0034155550132", "x', r'{"tel": "<PHONE_NUMBER>", "x'),
        (r'{"a": "{\"phone\": \"call\\n4155550132', r'{"a": "{\"phone\": \"call\\n<PHONE_NUMBER>'),
        (r"{\"password\":\"hunter22!\",\"b", r"{\"password\":\"<PASSWORD>\",\"b"),
        (r"4111\u00a01111\u00a01111\u00a01111 …", "<CREDIT_CARD> …"),
        (r"b'card 4111\x201111\x201111\x201111'", "b'card <CREDIT_CARD>'"),
        ("<p>alice&#64;example.com</p>", "<p><EMAIL_ADDRESS></p>"),
        ("4111&nbsp;1111&nbsp;1111&nbsp;1111", "<CREDIT_CARD>"),
    ],
)
def test_escapes_hide_nothing_in_text_that_is_no_json(clean, before, after):
    assert clean(before) == after


@pytest.mark.parametrize(
    "text",
    [
        "https://x.io/a%20b?page=2&size=10&id=8371&lang=en#top",
        "progress 100%, printf('%2d%%', n), C:\\new\\table, a &amp; b",
        "?q=1+1&t=0.5+0.5",
    ],
)
def test_other_escapes_are_left_alone(clean, text):
    assert clean(text) == text


def test_escapes_of_escapes_without_end_mask_the_value(redaction):
    text = "alice%" + "25" * 9 + "40example.com"
    assert redaction.redact(text)[0] == "<REDACTED:depth>"


def test_a_finding_behind_escapes_is_at_its_place(redaction):
    text = "to https://x.io/?card=4111%201111%201111%201111&x=%20"
    _, (finding,) = redaction.redact(text)
    assert text[finding.start : finding.end] == "4111%201111%201111%201111"


@given(text=texts, escape=st.sampled_from(["%40", "%20", "\\u0041", "\\\\n", "&#64;", "%C3%A9"]))
@settings(max_examples=150)
def test_a_view_knows_where_its_characters_stand(text, escape):
    whole = f"{text} {escape} {text}"
    for view in views(whole):
        assert len(view.places) == len(view.text) + 1
        assert view.places == sorted(view.places)
        assert (view.places[0], view.places[-1]) == (view.start, view.end)
        for character, place in zip(view.text, view.places, strict=False):
            assert character == whole[place] or whole[place] in "%\\&+"


ESCAPES = [
    "%0A",
    "%09",
    "%20",
    "%c3%a9",
    "%E2%80%93",
    "%f0%9f%98%80",
    "\\/",
    "\\\\t",
    "\\x41",
    "\\u0041",
]
ESCAPES += [
    "\\ud835\\udfcf",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&nbsp;",
    "&commat;",
    "&#64;",
    "&#x40;",
]


@pytest.mark.parametrize("escape", [*ESCAPES, "a=1+2"])
def test_the_gate_is_open_for_every_escape(escape):
    assert list(views(escape))
    assert re2.search(CONDITION, escape)


@given(text=texts)
@settings(max_examples=200)
def test_the_gate_is_open_for_every_text_with_an_escape(text):
    assert not list(views(text)) or re2.search(CONDITION, text)
