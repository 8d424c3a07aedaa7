"""What stands in the place of a finding."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.attributes import decode
from collector.wire import serialized
from processors.redaction.action_settings import Action
from processors.redaction.actions import mask, normalized
from processors.redaction.findings import Finding, merge
from tests.helpers import attributes, batch, consume, metric, span
from tests.redaction.conftest import started

TEXT = "jane@example.com paid with 4111 1111 1111 1111"


def acting(text, **settings):
    return started(**settings).redact(text)[0]


def test_without_settings_the_type_stands_for_a_finding():
    assert acting(TEXT) == "<EMAIL_ADDRESS> paid with <CREDIT_CARD>"


def test_each_type_has_its_action_and_default_speaks_for_the_rest():
    actions = {
        "EMAIL_ADDRESS": {"action": "keep"},
        "default": {"action": "redact"},
        "secrets": {"action": "replace"},
    }
    text = f"{TEXT} AKIAIOSFODNN7EXAMPLE"
    assert acting(text, actions=actions) == "jane@example.com paid with  <AWS_ACCESS_KEY_ID>"


def test_a_mask_keeps_the_last_digits():
    actions = {"CREDIT_CARD": {"action": "mask", "keep_last": 4}}
    assert acting("4111111111111111", actions=actions) == "************1111"


@given(st.text(min_size=1), st.integers(0, 99), st.integers(0, 99))
def test_a_mask_never_shows_more_than_half(found, first, last):
    action = Action(action="mask", keep_first=first, keep_last=last, masking_char="\x00")
    masked = mask(found, action)
    assert len(masked) == len(found)
    assert masked.count("\x00") * 2 >= len(found)


def pseudonym(address, key):
    actions = {"EMAIL_ADDRESS": {"action": "pseudonym"}}
    return acting(address, actions=actions, pseudonym_key=key)


def test_a_pseudonym_is_the_same_for_the_same_person_and_key():
    first = pseudonym("Jane@Example.com", "one key")
    assert re.fullmatch(r"<EMAIL_ADDRESS_[0-9a-f]{8}>", first)
    assert pseudonym("jane@example.com", "one key") == first
    assert pseudonym("jane%40example.com", "one key") == first
    assert pseudonym("june@example.com", "one key") != first
    assert pseudonym("jane@example.com", "another key") != first


def test_a_hash_is_a_whole_keyed_digest():
    hashed = acting(
        "jane@example.com", actions={"default": {"action": "hash"}}, pseudonym_key="one key"
    )
    # echo -en 'EMAIL_ADDRESS\0jane@example.com' | openssl dgst -sha256 -hmac 'one key'
    assert hashed == f"<EMAIL_ADDRESS_{DIGEST}>"


DIGEST = "b816699a652d0f73754df78cb2fefd749b7496a6fecba5af242019404931cfe3"


DROP = {"EMAIL_ADDRESS": {"action": "drop"}}


def through(processor, *spans):
    sent = batch(*spans)
    consume(processor, sent)
    return sent


@pytest.mark.parametrize(
    "value", [TEXT, ["x", TEXT], {"deep": {"er": TEXT}}, TEXT.encode()], ids=type
)
def test_drop_takes_the_attribute_with_the_finding_and_no_other(value):
    sent = {"note": value, "card": "4111 1111 1111 1111"}
    out = through(started(actions=DROP), span(attributes=sent))
    assert attributes(out.spans) == [{"card": "<CREDIT_CARD>"}]


def test_drop_takes_every_entry_of_the_key():
    twice = span(attributes={"note": TEXT})
    twice.attributes.add(key="note").value.string_value = "fine"
    assert not through(started(actions=DROP), twice).spans[0].span.attributes


def test_an_attribute_of_no_key_and_no_value_drops_nothing():
    made = span(attributes={"": "fine", "note": TEXT})
    made.attributes.add()
    out = through(started(actions=DROP), made)
    assert [decode(item) for item in serialized(out.spans[0].span)] == [("", "fine"), ("", None)]


def test_drop_takes_attributes_of_events_links_and_resources():
    made = span()
    made.events.add(name="sent").attributes.add(key="to").value.string_value = TEXT
    made.links.add().attributes.add(key="to").value.string_value = TEXT
    sent = batch(made, resource={"owner": TEXT})
    consume(started(actions=DROP), sent)
    (record,) = sent.spans
    assert not record.span.events[0].attributes
    assert not record.span.links[0].attributes
    assert not record.resource.attributes


def test_where_there_is_no_attribute_to_drop_only_the_finding_goes():
    messages = '[{"content":"mail jane@example.com"}]'
    processor = started(actions=DROP)
    (record,) = through(processor, span(f"to {TEXT}", attributes={"in": messages})).spans
    assert record.span.name == "to  paid with <CREDIT_CARD>"
    assert record.attributes.get("in") == '[{"content":"mail "}]'
    counted = {"entity_type": "EMAIL_ADDRESS", "action": "redact"}
    assert metric(processor, "pii_entities_total", **counted) == 1


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("CREDIT_CARD", "4111 1111 1111 1111", "4111-1111-1111-1111"),
        ("PHONE_NUMBER", "(415) 555-0132", "415-555-0132"),
        ("IBAN_CODE", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
        ("IP_ADDRESS", "2001:db8::1", "2001:0DB8:0:0:0:0:0:1"),
        ("MAC_ADDRESS", "00:1a:2b:3c:4d:5e", "00-1A-2B-3C-4D-5E"),
    ],
)
def test_ways_to_write_a_value_are_one_value(entity, one, other):
    assert normalized(entity, one) == normalized(entity, other)


def test_overlapping_findings_become_one_that_covers_all():
    found = [Finding(5, 9, "B", 0.4), Finding(0, 6, "A", 0.9), Finding(8, 12, "C", 0.4)]
    assert merge(found) == [Finding(0, 12, "A", 0.9)]


def test_findings_side_by_side_stay_apart():
    assert len(merge([Finding(0, 3, "A", 1.0), Finding(3, 6, "A", 1.0)])) == 2


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 9), st.floats(0, 1))))
def test_no_character_of_a_finding_is_left_out_of_the_merged_ones(spans):
    found = [Finding(start, start + length, "T", score) for start, length, score in spans]
    covered = {place for f in found for place in range(f.start, f.end)}
    merged = merge(found)
    assert covered == {place for f in merged for place in range(f.start, f.end)}
    assert all(one.end <= two.start for one, two in itertools.pairwise(merged))
