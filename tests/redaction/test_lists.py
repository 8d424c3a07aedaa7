"""Texts that are always found, and findings that are left alone."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.redaction.budget import Budget
from processors.redaction.lists import denying
from tests.helpers import attributes, batch, consume, metric, span
from tests.redaction.conftest import started
from tests.redaction.hostile import timed

MAIL = "jane@example.com"


def redacted(text, **lists):
    return started(**lists).redact(text)[0]


def test_a_denied_text_is_found_as_its_type_with_full_score():
    redacted_text, (finding,) = started(deny={"CODENAME": ["blue heron"]}).redact("the Blue Heron")
    assert redacted_text == "the <CODENAME>"
    assert (finding.type, finding.score) == ("CODENAME", 1.0)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("KGB", "<X>"),
        ("a kgb-man, KGBs and akgb", "a <X>-man, KGBs and akgb"),
        ("kgb_x kgb1 kgb.", "kgb_x kgb1 <X>."),
        ("in c++ or c+", "in <X> or c+"),
        ("我是王小明的朋友", "我是<X>的朋友"),
        ("a.b axb", "<X> axb"),
        ('{"a":"kgb","KGB":1}', '{"a":"<X>","<X>":1}'),
        ('["\\u006bgb"]', '["<X>"]'),
    ],
)
def test_a_denied_literal_is_a_whole_word_in_any_case(text, after):
    assert redacted(text, deny={"X": ["kgb", "c++", "王小明", "a.b"]}) == after


def test_a_denied_pattern_is_found_anywhere():
    deny = {"PROJECT": ["/proj-[0-9]+/"], "HOST": [r"/\b\w+\.corp\b/"]}
    text = "xPROJ-12 runs on db1.corp, proj- does not"
    assert redacted(text, deny=deny) == "x<PROJECT> runs on <HOST>, proj- does not"


def test_a_denied_type_has_actions_and_is_counted():
    actions = {"CODENAME": {"action": "mask", "keep_first": 1}}
    processor = started(deny={"CODENAME": ["heron"]}, actions=actions)
    sent = batch(span("heron", attributes={"gen_ai.request.model": "heron", "a": "KGB"}))
    consume(processor, sent)
    assert sent.spans[0].span.name == "h****"
    assert attributes(sent.spans) == [{"gen_ai.request.model": "h****", "a": "KGB"}]
    counted = {"entity_type": "CODENAME", "action": "mask"}
    assert metric(processor, "pii_entities_total", **counted) == 2


def test_a_type_that_is_known_can_be_denied_more():
    assert redacted("jane at work", deny={"EMAIL_ADDRESS": ["jane at work"]}) == "<EMAIL_ADDRESS>"


@pytest.mark.parametrize("literal", ["email_address", "address", "person", "redacted", "attribute"])
def test_what_redaction_puts_in_is_not_denied(literal):
    text = f"<PERSON> {MAIL} <REDACTED:attribute>"
    after = "<PERSON> <EMAIL_ADDRESS> <REDACTED:attribute>"
    assert redacted(text, deny={"PERSON": [literal]}) == after


_WORDS = st.sampled_from(["a", "b", "ab", "a b", "b a", "a-b", "b a b", "é", "+"])


@given(literals=st.lists(_WORDS, min_size=1, max_size=4), parts=st.lists(_WORDS, max_size=12))
@settings(max_examples=300)
def test_every_character_of_every_denied_literal_is_found(literals, parts):
    text = " ".join(parts)
    found = set()
    for detector in denying({"X": literals}):
        for finding in detector.find(text, "", Budget(10)):
            found.update(range(finding.start, finding.end))
    assert found == _wanted(literals, text)


def _wanted(literals, text):
    wanted = set()
    for literal in literals:
        before = r"\b" if re.match(r"\w", literal, re.ASCII) else ""
        after = r"\b" if re.search(r"\w\Z", literal, re.ASCII) else ""
        pattern = re.compile(f"(?=({before}{re.escape(literal)}{after}))", re.ASCII)
        for match in pattern.finditer(text):
            wanted.update(range(*match.span(1)))
    return wanted


@pytest.mark.parametrize(
    ("allow", "left"),
    [
        ("support@example.com", "support@example.com"),
        ("Support@Example.com", "support@EXAMPLE.com"),
        (r"/.*@example\.com/", MAIL),
        ("127.0.0.1", "127.0.0.1"),
        (r"/10\.[0-9.]+/", "10.1.2.3"),
    ],
)
def test_an_allowed_finding_is_left_alone_and_not_counted(allow, left):
    processor = started(allow=[allow])
    text = f"ask {left} or bob@example.org"
    after, findings = processor.redact(text)
    assert after == f"ask {left} or <EMAIL_ADDRESS>"
    assert len(findings) == 1


@pytest.mark.parametrize("text", ["xsupport@example.com", "support@example.com.au"])
def test_only_the_whole_text_of_a_finding_is_allowed(text):
    assert redacted(text, allow=["support@example.com"]) == "<EMAIL_ADDRESS>"


def test_a_dot_in_an_allowed_literal_is_a_dot():
    assert redacted("127.0.0.11", allow=["127.0.0.1"]) == "<IP_ADDRESS>"
    assert redacted("bob@exampleXcom.org", allow=["bob@example.com.org"]) == "<EMAIL_ADDRESS>"


def test_what_is_denied_is_not_allowed():
    assert redacted("the heron", allow=["heron"], deny={"CODENAME": ["heron"]}) == "the <CODENAME>"


HOSTILE = {
    "many names": "ann bob " * 2000,
    "one after another": "a " * 8000,
    "halves of names": "ann of the north of the north " * 530,
    "almost a pattern": "aaaaaaaaaaaaaaa" * 1000,
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_input_takes_long(text):
    deny = {"NAME": ["ann", "bob", "a", "ann of the north"], "X": ["/(a+)+b/", "/a.*a.*c/"]}
    processor = started(deny=deny, cache_bytes=0)
    (after, _), seconds = timed(lambda: processor.redact(text))
    assert seconds < 1
    assert not re.search(r"\bann\b", after)


def test_a_list_of_thousands_is_one_automaton():
    names = [f"name{number}" for number in range(10_000)]
    processor = started(deny={"NAME": names})
    assert processor.redact("name1 name9999 name10000")[0] == "<NAME> <NAME> name10000"
