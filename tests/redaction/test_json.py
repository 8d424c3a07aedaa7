"""JSON in attributes: redacted string by string, and still JSON."""

import json

import orjson
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st


def messages(*contents):
    parts = [{"type": "text", "content": content} for content in contents]
    return json.dumps([{"role": "user", "parts": parts}])


def test_every_message_string_is_redacted_and_the_rest_stays(clean):
    before = messages("I am jane@example.com.\nHello", "what is 2+2?")
    after = messages("I am <EMAIL_ADDRESS>.\nHello", "what is 2+2?")
    assert clean(before, "gen_ai.input.messages") == after


def test_text_without_a_finding_comes_back_byte_for_byte(clean):
    text = '{ "a" : [1.0, 1e5, 123456789012345678901234567890, "\\u00e9\\/" ],"a":2}'
    assert clean(text) == text


def test_what_stands_beside_a_finding_keeps_its_bytes(clean):
    before = '{ "n" : 1.50,"big":123456789012345678901234567890, "to":"jane@example.com" }'
    assert clean(before) == before.replace("jane@example.com", "<EMAIL_ADDRESS>")


def test_the_first_of_two_equal_keys_is_redacted_too(clean):
    assert clean('{"a":"jane@example.com","a":"x"}') == '{"a":"<EMAIL_ADDRESS>","a":"x"}'


def test_escapes_hide_nothing(clean):
    assert clean('["jane\\u0040example.com"]') == '["<EMAIL_ADDRESS>"]'
    assert clean('"mail: jane\\u0040example.com"') == '"mail: <EMAIL_ADDRESS>"'
    assert (
        clean('["say \\"hi\\"\\tto jane@example.com"]') == '["say \\"hi\\"\\tto <EMAIL_ADDRESS>"]'
    )


def test_json_in_a_string_of_json_is_json_still(clean):
    inner = json.dumps({"ssn": "212345678", "note": 'a "quoted" word'})
    outer = json.dumps({"role": "tool", "parts": [{"type": "tool_call", "arguments": inner}]})
    redacted = orjson.loads(clean(outer))
    arguments = orjson.loads(redacted["parts"][0]["arguments"])
    assert arguments == {"ssn": "<US_SSN>", "note": 'a "quoted" word'}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"ssn": "212345678"}, {"ssn": "<US_SSN>"}),
        ({"customerSSN": "212345678"}, {"customerSSN": "<US_SSN>"}),
        ({"ssn": 212345678}, {"ssn": "<US_SSN>"}),
        ({"phone_number": "7858949"}, {"phone_number": "<PHONE_NUMBER>"}),
        ({"phone": 4155550132}, {"phone": "<PHONE_NUMBER>"}),
        ({"phones": ["7858949", "7858950"]}, {"phones": ["<PHONE_NUMBER>"] * 2}),
        ({"pan": 4111111111111111}, {"pan": "<CREDIT_CARD>"}),
        ({"pan": 4111111111111111.0}, {"pan": "<CREDIT_CARD>"}),
        ({"field": "ssn", "value": "212345678"}, {"field": "ssn", "value": "<US_SSN>"}),
        ({"jane@example.com": {"age": 7}}, {"<EMAIL_ADDRESS>": {"age": 7}}),
    ],
)
def test_a_key_says_what_its_value_is(clean, before, after):
    assert orjson.loads(clean(json.dumps(before))) == after


@pytest.mark.parametrize(
    "value",
    [
        {"part": "212345678"},
        {"order_id": 4111111111111111},
        {"timestamp": 1750000000123456789, "created_at_ms": 1750000000123},
        {"total": 4155550132, "seed": 2147483647},
        {"scores": [0.1234567890123456, -0.4111111111111111]},
    ],
)
def test_other_numbers_are_left_alone(clean, value):
    assert clean(json.dumps(value)) == json.dumps(value)


def test_text_that_only_begins_like_json_is_read_as_text(clean):
    assert clean("[note] jane@example.com") == "[note] <EMAIL_ADDRESS>"
    assert clean('{"to": "jane@example.com", ') == '{"to": "<EMAIL_ADDRESS>", '


def test_findings_are_at_their_places_in_the_json(redaction):
    text = '{"to":"mail jane@example.com","x":"\\u0040 bob@example.com"}'
    _, (first, second) = redaction.redact(text)
    assert text[first.start : first.end] == "jane@example.com"
    assert text[second.start : second.end] == "bob@example.com"


def test_findings_are_at_their_places_behind_escapes_and_in_inner_json(redaction):
    inner = json.dumps({"note": 'a "card"\n', "to": "bob@example.com"})
    text = f'["\\ud83d\\ude00 \\n\\"x\\" jane@example.com", {json.dumps(inner)}]'
    _, (first, second) = redaction.redact(text)
    assert text[first.start : first.end] == "jane@example.com"
    assert text[second.start : second.end] == "bob@example.com"


def test_what_stands_beside_a_finding_in_its_string_keeps_its_bytes(clean):
    before = '["caf\\u00e9 \\ud83d\\ude00 \\/ jane\\u0040example.com \\u000A"]'
    after = '["caf\\u00e9 \\ud83d\\ude00 \\/ <EMAIL_ADDRESS> \\u000A"]'
    assert clean(before) == after


@given(st.text(max_size=8), st.text(max_size=8), st.booleans())
def test_every_way_to_write_a_string_reads_the_same_without_the_finding(clean, left, right, plain):
    before, after = (
        f"{left} {middle} {right}" for middle in ("jane@example.com", "<EMAIL_ADDRESS>")
    )
    expected = json.loads(clean(json.dumps([before], ensure_ascii=False)))
    assert json.loads(clean(json.dumps([before], ensure_ascii=plain))) == expected
    assume(clean(left) == left and clean(right) == right and clean(before) == after)
    assert expected == [after]
