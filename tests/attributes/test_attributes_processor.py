"""The attributes processor does what the Collector's does."""

import hashlib
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from processors.attributes import Attributes
from tests.helpers import attributes, batch, consume, make, span


def after(found: dict[str, Any], *actions: dict[str, Any]) -> dict[str, Any]:
    """What is left of a span's attributes after these actions."""
    component = make(Attributes, {"actions": list(actions)})
    consume(component, batch(span(attributes=found)))
    return attributes(component.next.spans)[0]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("action", "absent", "present"),
    [
        ("insert", {"k": "new"}, {"k": "old"}),
        ("update", {}, {"k": "new"}),
        ("upsert", {"k": "new"}, {"k": "new"}),
        ("UPSERT", {"k": "new"}, {"k": "new"}),
    ],
)
def test_insert_update_and_upsert_differ_in_what_must_be_there(action, absent, present):
    wanted = {"key": "k", "action": action, "value": "new"}
    assert after({}, wanted) == absent
    assert after({"k": "old"}, wanted) == present


@pytest.mark.parametrize("value", ["a", "", 1, 1.0, True, [1, "a"], {"a": [1]}, 0, False])
def test_a_written_value_keeps_its_yaml_type(value):
    written = after({}, {"key": "k", "action": "insert", "value": value})["k"]
    assert (written, type(written)) == (value, type(value))


def test_a_value_can_come_from_another_attribute():
    copy = {"key": "k", "action": "upsert", "from_attribute": "other"}
    assert after({"other": [1, b"x"]}, copy) == {"other": [1, b"x"], "k": [1, b"x"]}
    assert after({"k": 1}, copy) == {"k": 1}


def test_delete_takes_a_key_a_pattern_for_keys_or_both():
    found = {"a": 1, "http.url": 2, "http.method": 3}
    assert after(found, {"key": "a", "action": "delete"}) == {"http.url": 2, "http.method": 3}
    assert after(found, {"pattern": "^http", "action": "delete"}) == {"a": 1}
    assert after(found, {"key": "a", "pattern": "url$", "action": "delete"}) == {"http.method": 3}
    assert after(found, {"key": "absent", "action": "delete"}) == found


@pytest.mark.parametrize(
    ("value", "hashed"),
    [
        ("ann", sha(b"ann")),
        ("", sha(b"")),
        (True, sha(b"\x01")),
        (False, sha(b"\x00")),
        (-7, sha(struct.pack("<q", -7))),
        (1.5, sha(struct.pack("<d", 1.5))),
        ([1], ""),
        (b"x", ""),
    ],
)
def test_hash_is_the_collectors_sha_256(value, hashed):
    assert after({"k": value}, {"key": "k", "action": "hash"}) == {"k": hashed}


def test_a_key_that_its_own_pattern_matches_is_hashed_once():
    assert after({"k": "a"}, {"key": "k", "pattern": "k", "action": "hash"}) == {"k": sha(b"a")}


def test_extract_writes_named_groups():
    rule = {"key": "url", "action": "extract", "pattern": r"//(?P<host>[^/]+)/(?P<user>\w+)?"}
    assert after({"url": "http://h/ann", "user": 1}, rule) == {
        "url": "http://h/ann",
        "host": "h",
        "user": "ann",
    }
    assert after({"url": "http://h/"}, rule) == {"url": "http://h/", "host": "h", "user": ""}
    assert after({"url": 7}, rule) == {"url": 7}
    assert after({"url": "elsewhere"}, rule) == {"url": "elsewhere"}


@pytest.mark.parametrize(
    ("target", "value", "converted"),
    [
        ("int", "12", 12),
        ("int", "-9223372036854775808", -(2**63)),
        ("int", "9223372036854775808", "9223372036854775808"),
        ("int", " 12", " 12"),
        ("int", "1_000", "1_000"),
        ("int", "1.5", "1.5"),
        ("int", 1.9, 1),
        ("int", 1e300, 1e300),
        ("int", float("inf"), float("inf")),
        ("int", True, 1),
        ("int", [1], [1]),
        ("double", "1.5", 1.5),
        ("double", "1_0", "1_0"),
        ("double", "no", "no"),
        ("double", 3, 3.0),
        ("double", False, 0.0),
        ("string", 3, "3"),
        ("string", 3.0, "3"),
        ("string", True, "true"),
        ("string", b"\x00", "AA=="),
        ("string", [1, "a", b"\x00"], '[1,"a","AA=="]'),
        ("string", {"a": 1}, '{"a":1}'),
    ],
)
def test_convert_changes_the_type_or_leaves_the_value(target, value, converted):
    made = after({"k": value}, {"key": "k", "action": "convert", "converted_type": target})["k"]
    assert (made, type(made)) == (converted, type(converted))


def test_actions_see_what_those_before_them_did():
    actions = [
        {"key": "a", "action": "insert", "value": "x"},
        {"key": "b", "action": "insert", "from_attribute": "a"},
        {"key": "a", "action": "delete"},
    ]
    assert after({}, *actions) == {"b": "x"}


def test_without_actions_nothing_changes():
    assert after({"a": 1}) == {"a": 1}


def test_only_chosen_spans_are_touched():
    settings = {
        "include": {"match_type": "regexp", "span_names": ["^chat"]},
        "exclude": {"match_type": "strict", "attributes": [{"key": "keep", "value": True}]},
        "actions": [{"key": "k", "action": "insert", "value": 1}],
    }
    component = make(Attributes, settings)
    spans = span("chat a"), span("tool"), span("chat b", attributes={"keep": True})
    consume(component, batch(*spans))
    assert attributes(component.next.spans) == [{"k": 1}, {}, {"keep": True}]


def test_the_bytes_that_leave_carry_the_change():
    component = make(Attributes, {"actions": [{"key": "secret", "action": "delete"}]})
    sent = batch(span(attributes={"secret": "s3cret"}))
    assert b"s3cret" in sent.payload
    consume(component, sent)
    assert b"s3cret" not in component.next.batches[0].payload


@pytest.mark.parametrize(
    ("action", "remedy"),
    [
        ({"action": "insert", "key": "k"}, "needs value or from_attribute"),
        ({"action": "insert", "value": 1}, "insert needs a key"),
        ({"action": "insert", "key": "k", "value": 1, "from_attribute": "x"}, "remove one"),
        ({"action": "upsert", "key": "k", "value": 1, "pattern": "x"}, "remove it"),
        ({"action": "delete"}, "a key, a pattern for keys, or both"),
        ({"action": "delete", "key": "k", "value": ""}, "value does nothing for delete"),
        ({"action": "hash", "pattern": "("}, "no regular expression"),
        ({"action": "extract", "key": "k"}, "extract needs pattern"),
        ({"action": "extract", "key": "k", "pattern": "(a)"}, r"\(\?P<name>"),
        ({"action": "extract", "key": "k", "pattern": "a"}, r"\(\?P<name>"),
        ({"action": "convert", "key": "k"}, "needs converted_type"),
        ({"action": "convert", "key": "k", "converted_type": "bool"}, "'string', 'int' or"),
        ({"action": "rename", "key": "k"}, "'insert', 'update'"),
        ({"action": "insert", "key": "k", "value": 2**63}, "actions"),
    ],
)
def test_fields_that_do_not_fit_the_action_name_the_remedy(action, remedy):
    with pytest.raises(ValidationError, match=remedy):
        Attributes.Config.model_validate({"actions": [action]})


_values = st.recursive(
    st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats()
    | st.binary()
    | st.none(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(
    value=_values,
    action=st.sampled_from(
        [
            {"action": "hash"},
            {"action": "extract", "pattern": "(?P<x>.)"},
            {"action": "convert", "converted_type": "int"},
            {"action": "convert", "converted_type": "double"},
            {"action": "convert", "converted_type": "string"},
            {"action": "update", "from_attribute": "k"},
        ]
    ),
)
def test_no_action_fails_on_any_value(value, action):
    assert "k" in after({"k": value}, {"key": "k", **action})
