"""What is done by the key of an attribute."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.redaction import Redaction
from processors.redaction.attribute_rules import Treatments
from processors.redaction.rules import Treatment
from tests.helpers import attributes, batch, consume, metric, span
from tests.redaction.conftest import started

MAIL = "jane@example.com"
CARD = "4111 1111 1111 1111"
KEY = bytes(range(32)).hex()
ORDINARY, CHOSEN, SECOND = Treatment({}), Treatment({}), Treatment({})
GONE = "<REDACTED:attribute>"


def ruled(*rules, **settings):
    return started(attributes=list(rules), **settings)


def one(processor, **sent):
    made = batch(span(attributes=sent))
    consume(processor, made)
    (out,) = attributes(made.spans)
    return out


@pytest.mark.parametrize(
    ("glob", "matching", "other"),
    [
        ("user.id", ["user.id", "User.ID"], ["user.ids", "xuser.id", "user_id"]),
        ("user.*", ["user.id", "user.", "user.a.b"], ["user", "a.user.id"]),
        ("*.password", ["password", "db.password", "a.b.Password"], ["dbpassword", "password.x"]),
        ("*password", ["password", "dbpassword", "db.password"], ["passwords"]),
        ("a?c.*key*", ["abc.key", "abc.an_api_key_1"], ["ac.key", "abc.ke"]),
        ("[a-z]+", ["[a-z]+"], ["a", "ab"]),
    ],
)
def test_a_glob_matches_the_whole_key(glob, matching, other):
    treatments = Treatments(ORDINARY, [((glob,), CHOSEN)])
    assert {key for key in [*matching, *other] if treatments.of(key) is CHOSEN} == set(matching)


def test_the_first_rule_that_matches_holds():
    treatments = Treatments(ORDINARY, [(("a", "b.*"), CHOSEN), (("*",), SECOND)])
    assert [treatments.of(key) for key in ("a", "b.c", "c")] == [CHOSEN, CHOSEN, SECOND]
    assert treatments.of("") is ORDINARY


@given(st.lists(st.text(min_size=1), max_size=20))
def test_what_is_remembered_is_what_was_found(keys):
    treatments = Treatments(ORDINARY, [(("*a*",), CHOSEN)])
    for key in keys * 2:
        assert treatments.of(key) is (CHOSEN if "a" in key.lower() else ORDINARY)


def test_memory_for_keys_has_a_bound():
    treatments = Treatments(ORDINARY, [(("*a",), CHOSEN)])
    for number in range(5000):
        assert treatments.members[f"{number}a"] is CHOSEN
    assert treatments.members["x" * 300 + "a"] is CHOSEN
    assert len(treatments.members) == 4096


ALWAYS = {"match": "*.diagnosis", "redact": "always"}


@pytest.mark.parametrize(
    "value", ["flu", "x" * 5000, 7, 0.5, True, b"\xff", ["a", 1], {"a": {"b": "c"}}], ids=repr
)
def test_always_replaces_the_whole_value_whatever_it_holds(value):
    processor = ruled(ALWAYS, max_value_bytes=1024)
    assert one(processor, **{"patient.diagnosis": value}) == {"patient.diagnosis": GONE}
    counted = {"entity_type": "ATTRIBUTE", "action": "replace"}
    assert metric(processor, "pii_entities_total", **counted) == 1


@pytest.mark.parametrize("value", ["", None])
def test_where_nothing_is_there_is_nothing_to_replace(value):
    made = span()
    entry = made.attributes.add(key="diagnosis")
    if value is not None:
        entry.value.string_value = value
    before = made.SerializeToString()
    sent = batch(made)
    consume(ruled(ALWAYS), sent)
    assert sent.spans[0].span.SerializeToString() == before


@pytest.mark.parametrize(
    ("action", "after"),
    [
        ({"action": "replace"}, GONE),
        ({"action": "redact"}, ""),
        ({"action": "mask", "keep_last": 2}, "**34"),
        ({"action": "hash"}, r"<ATTRIBUTE_[0-9a-f]{64}>"),
        ({"action": "pseudonym"}, r"<ATTRIBUTE_[0-9a-f]{8}>"),
        ({"action": "encrypt"}, r"<ATTRIBUTE_enc_v1_[\w-]+>"),
    ],
    ids=lambda value: value["action"] if isinstance(value, dict) else "",
)
def test_always_takes_every_action_and_done_again_changes_nothing(action, after):
    processor = ruled({**ALWAYS, **action}, encryption_key=KEY, pseudonym_key="a key")
    text, again = json.dumps({"diagnosis": "1234"}), "1234"
    for _ in range(2):
        text, again = processor.redact(text)[0], processor.redact(again, "diagnosis")[0]
        for found in (json.loads(text)["diagnosis"], again):
            assert found == after or re.fullmatch(after, found)
    assert processor.redact(text)[0] == text
    assert processor.redact(again, "diagnosis")[0] == again


def test_always_can_drop_the_attribute():
    processor = ruled({**ALWAYS, "action": "drop"})
    assert one(processor, diagnosis=7, note='{"diagnosis":7}') == {"note": '{"diagnosis":""}'}


def test_what_is_encrypted_as_a_whole_comes_back_as_text_or_as_json():
    processor = ruled({**ALWAYS, "action": "encrypt"}, encryption_key=KEY)
    for value, text in [("flu", "flu"), (b"flu", "flu"), (["a", 1], '["a",1]')]:
        token = one(processor, diagnosis=value)["diagnosis"]
        assert Redaction.decrypter(KEY).restore(token) == text


@pytest.mark.parametrize(
    "value", ["flu", 7, True, ["a", {"b": 1}], {"text": "}", "more": ["]", '"', 1.5]}, [], {}]
)
def test_always_reaches_members_of_json(value):
    processor = ruled(ALWAYS)
    text = json.dumps({"a": 1, "diagnosis": value, "b": [{"c.diagnosis": value}, "x", None]})
    expected = {"a": 1, "diagnosis": GONE, "b": [{"c.diagnosis": GONE}, "x", None]}
    assert json.loads(processor.redact(text)[0]) == expected
    nested = json.dumps({"arguments": text})
    assert json.loads(json.loads(processor.redact(nested)[0])["arguments"]) == expected


def test_null_is_no_value():
    text = '{"diagnosis":null}'
    assert ruled(ALWAYS).redact(text)[0] == text


def test_a_label_beside_a_value_is_its_key():
    text = '[{"name":"Diagnosis","value":"flu"},{"name":"age","value":"7"}]'
    assert ruled(ALWAYS).redact(text)[0] == text.replace("flu", GONE)


def test_always_reaches_members_of_maps():
    sent = {"patient": {"diagnosis": ["flu"], "age": 7}}
    assert one(ruled(ALWAYS), **sent) == {"patient": {"diagnosis": GONE, "age": 7}}


def test_only_globs_that_begin_with_a_star_reach_into_values():
    processor = ruled({"match": "diagnosis", "redact": "always"})
    text = '{"diagnosis":"flu"}'
    assert one(processor, note=text, diagnosis="flu") == {"note": text, "diagnosis": GONE}


def test_a_rule_holds_for_technical_attributes_too():
    processor = ruled({"match": "gen_ai.*", "redact": "always"})
    sent = {"gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 7}
    assert one(processor, **sent) == dict.fromkeys(sent, GONE)


NEVER = {"match": "*.debug", "redact": "never"}


@pytest.mark.parametrize(
    "value",
    [MAIL, "x" * 5000, f'["{MAIL}"]', 4111111111111111, [MAIL], {"a": MAIL}, MAIL.encode()],
    ids=lambda value: type(value).__name__,
)
def test_never_passes_the_value_as_it_is(value):
    processor = ruled(NEVER, max_value_bytes=1024)
    assert one(processor, **{"app.debug": value, "note": MAIL}) == {
        "app.debug": value,
        "note": "<EMAIL_ADDRESS>",
    }


def test_never_holds_for_a_member_of_json_and_what_is_in_it_and_no_more():
    text = json.dumps([{"debug": {"a": [MAIL, 4111111111111111]}}, MAIL, {"debug": MAIL}, MAIL])
    redacted = json.loads(ruled(NEVER).redact(text)[0])
    assert redacted == [
        {"debug": {"a": [MAIL, 4111111111111111]}},
        "<EMAIL_ADDRESS>",
        {"debug": MAIL},
        "<EMAIL_ADDRESS>",
    ]


def test_the_name_of_an_attribute_is_searched_whatever_its_rule():
    assert one(ruled({"match": "*", "redact": "never"}), **{MAIL: MAIL}) == {
        "<EMAIL_ADDRESS>": MAIL
    }


def test_a_rule_has_actions_of_its_own_above_the_others():
    processor = ruled(
        {"match": "user.*", "actions": {"EMAIL_ADDRESS": {"action": "keep"}}},
        actions={"default": {"action": "mask"}},
    )
    text = f"{MAIL} {CARD}"
    masked = "*" * len(CARD)
    assert one(processor, **{"user.id": text, "user.map": {"a": text}, "note": text}) == {
        "user.id": f"{MAIL} {masked}",
        "user.map": {"a": f"{MAIL} {masked}"},
        "note": f"{'*' * len(MAIL)} {masked}",
    }
    assert processor.redact(f'["{text}"]', "user.x")[0] == f'["{MAIL} {masked}"]'


@pytest.mark.parametrize(
    "key",
    ["http.request.header.authorization", "http.response.header.set-cookie", "cookie", "a.secret"],
)
def test_credentials_go_without_any_setting(key):
    assert one(started(), **{key: ["opaque"]}) == {key: GONE}
    assert one(ruled(ALWAYS), **{key: "opaque"}) == {key: GONE}


@pytest.mark.parametrize(
    "key",
    [
        "gen_ai.usage.input_tokens",
        "llm.token_count.prompt",
        "next_token",
        "cookie_policy",
        "secrets",
    ],
)
def test_keys_that_only_sound_alike_are_left(redaction, key):
    assert one(started(), **{key: "some value"}) == {key: "some value"}
    text = json.dumps({key: "some value"})
    assert redaction.redact(text)[0] == text


def test_a_rule_of_ones_own_stands_before_those_that_come_along():
    assert one(ruled({"match": "*.cookie"}), cookie=f"for {MAIL}") == {
        "cookie": "for <EMAIL_ADDRESS>"
    }
