"""A string seen before is not searched again, and nothing of it is kept."""

import base64
import gc
import itertools
import json
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.redaction import json_text
from processors.redaction.analyzer import Analyzer
from processors.redaction.budget import Budget
from processors.redaction.build import make_redactor
from processors.redaction.cache import LEAST, Cache, Done, Verdict
from processors.redaction.config import RedactionConfig
from processors.redaction.edits import Edit
from processors.redaction.findings import Finding
from processors.redaction.run import Run
from tests.redaction.pieces import json_values, texts

LONG = "The order arrived on Tuesday, two parts were missing and the invoice shows the wrong sum. "
DIRTY = LONG + "Write to jane@example.com or call +1 415 555 0132."


def redactor(**settings):
    return make_redactor(RedactionConfig.model_validate({"timeout": "20s"} | settings))


@pytest.fixture(scope="module")
def remembering():
    return redactor()


@pytest.fixture(scope="module")
def forgetful():
    return redactor(cache_bytes=0)


def run() -> Run:
    return Run(Budget(100))


def outcome(redactor, text: str, key: str = "") -> tuple:
    told = run()
    return redactor.redact(text, key, told), told.done, told.masked, told.findings


@given(texts, st.sampled_from(["", "gen_ai.input.messages", "user.phone", "ssn"]))
def test_the_second_time_is_as_the_first_and_as_without_a_memory(remembering, forgetful, text, key):
    text = (text * (1 + LEAST // max(1, len(text))))[:2000]
    expected = outcome(forgetful, text, key)
    assert outcome(remembering, text, key) == expected
    assert outcome(remembering, text, key) == expected


@pytest.mark.parametrize("text", [LONG, DIRTY])
def test_what_was_seen_is_not_searched_again(text, monkeypatch):
    made = redactor()
    first = outcome(made, text)
    for name in ("suspects", "findings"):
        monkeypatch.setattr(Analyzer, name, lambda *_: pytest.fail("searched again"))
    assert outcome(made, text) == first


def test_a_history_sent_again_is_searched_for_what_is_new_only(monkeypatch):
    made, searched = redactor(), []
    search = Analyzer.findings

    def counting(self, text, *rest):
        searched.append(text)
        return search(self, text, *rest)

    monkeypatch.setattr(Analyzer, "findings", counting)
    turns = [{"role": "user", "content": f"{DIRTY} This is turn {n}."} for n in range(5)]
    for length in range(1, 6):
        made.redact(json.dumps(turns[:length]), "gen_ai.input.messages", run())
    contents = [turn["content"] for turn in turns]
    assert [text for text in searched if text in contents] == contents


def test_json_in_which_nothing_was_found_is_not_read_again(monkeypatch):
    made = redactor()
    text = json.dumps({"ids": list(range(40)), "mail": "nobody at example", "note": "a@b"})
    first = outcome(made, text)
    assert first[0] == text
    monkeypatch.setattr(json_text, "verdict", lambda *_: pytest.fail("read again"))
    assert outcome(made, text) == first


DIRTY_JSON = json.dumps(
    [
        {
            "role": "user",
            "content": f'{LONG}\n"Write" to jane@example.com.',
            "pan": 4111111111111111,
        },
        {"role": "tool", "arguments": json.dumps({"ssn": "212345678", "note": LONG})},
        {"bob@example.com": "as a key", "my.diagnosis": {"code": 7}},
    ]
)


@pytest.mark.parametrize("action", ["replace", "keep", "encrypt"])
def test_json_in_which_something_was_found_is_not_read_again(monkeypatch, action):
    made = redactor(
        actions={"default": {"action": action}},
        encryption_key="00" * 32,
        attributes=[{"match": "*.diagnosis", "redact": "always"}],
    )
    first = outcome(made, DIRTY_JSON)
    assert len(first[1]) == 5
    for place, name in (
        *((json_text, "verdict"), (json_text, "is_json")),
        *((Analyzer, "suspects"), (Analyzer, "findings")),
    ):
        monkeypatch.setattr(place, name, lambda *_: pytest.fail("read again"))
    assert outcome(made, DIRTY_JSON) == first


@given(json_values, st.sampled_from(["", "gen_ai.input.messages", "ssn"]), st.booleans())
def test_json_the_second_time_is_as_the_first(remembering, forgetful, value, key, plain):
    text = json.dumps([LONG, value, value], ensure_ascii=plain, default=str)
    expected = outcome(forgetful, text, key)
    assert outcome(remembering, text, key) == expected
    assert outcome(remembering, text, key) == expected


def test_json_of_which_a_part_could_not_be_searched_is_read_again():
    made = redactor()
    hurried = Run(Budget(0))
    assert "<REDACTED:timeout>" in made.redact(DIRTY_JSON, "", hurried)
    assert outcome(made, DIRTY_JSON) == outcome(redactor(cache_bytes=0), DIRTY_JSON)


def test_what_is_kept_in_a_key_of_json_is_counted_every_time():
    made = redactor(actions={"EMAIL_ADDRESS": {"action": "keep"}})
    text = json.dumps({"jane@example.com": LONG})
    assert outcome(made, text)[1] == [("EMAIL_ADDRESS", "keep")]
    assert outcome(made, text)[1] == [("EMAIL_ADDRESS", "keep")]


def test_what_is_kept_in_json_is_counted_every_time():
    made = redactor(actions={"EMAIL_ADDRESS": {"action": "keep"}})
    text = json.dumps({"note": LONG, "mail": "jane@example.com"})
    assert outcome(made, text) == outcome(made, text)
    assert outcome(made, text)[1] == [("EMAIL_ADDRESS", "keep")]


def test_the_same_text_under_another_key_is_searched_anew():
    made = redactor()
    text = "-" * LEAST + " 212345678"
    assert outcome(made, text, "note")[0] == text
    assert "<US_SSN>" in outcome(made, text, "ssn")[0]
    assert outcome(made, text, "note")[0] == text


def test_nothing_of_a_text_is_kept():
    made = redactor(actions={"default": {"action": "redact"}})
    secret = "jane.the.unmistakable@example.com"
    text = f"{LONG}{secret} and some more unmistakable words"
    made.redact(text, "", run())
    assert_nothing_is_kept(made, "unmistakable")


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(["{}"]),
        json.dumps([json.dumps({"inner": "{}", "\t{}": '"{}"'})]),
        json.dumps({"\u00e9 {}": 7, "b": "line\n{}"}),
    ],
)
def test_nothing_of_a_json_text_is_kept(written):
    keep = {"IP_ADDRESS": {"action": "keep"}, "default": {"action": "redact"}}
    made = redactor(actions=keep, deny={"PART": ["/41/"]})
    secret = f"{LONG} 203.0.113.77 jane@example.com and some more unmistakable words"
    made.redact(written.replace("{}", secret), "", run())
    made.redact(json.dumps({"note": LONG, "pan": 4155550132}), "", run())
    assert_nothing_is_kept(made, "unmistakable", "203.0.113", "jane", "55550132", "arrived")


def test_nothing_of_what_was_in_base64_is_kept():
    made = redactor()
    hidden = base64.b64encode(f"{LONG} jane@example.com, unmistakable words".encode()).decode()
    redacted = made.redact(json.dumps({"note": DIRTY, "data": hidden}), "", run())
    assert hidden not in redacted
    assert_nothing_is_kept(made, hidden[:40], "unmistakable")


def assert_nothing_is_kept(redactor, *words):
    held = reachable(redactor._cache)
    assert any(isinstance(thing, Finding) for thing in held), "something is remembered"
    strings = [thing for thing in held if isinstance(thing, str | bytes)]
    assert not [text for text in strings if any(word in str(text) for word in words)]


def reachable(root: object) -> list[object]:
    """Everything that the cache's entries lead to."""
    seen: dict[int, object] = {}
    waiting = [*root._verdicts.items()]
    while waiting:
        thing = waiting.pop()
        if id(thing) not in seen and not isinstance(thing, type):
            seen[id(thing)] = thing
            waiting += gc.get_referents(thing)
    return list(seen.values())


def test_memory_stays_within_the_bound():
    bound = 1 << 20
    cache = Cache(bound)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(30_000):
            cache.put(cache.name(str(number)), verdict(number, findings=number % 4))
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert bound / 3 < after - before < bound * 1.25


def verdict(number: int, findings: int) -> Verdict:
    """As large as a real one, and nothing in it shared with another."""
    found = [
        Finding(number * 1000 + n, number * 1000 + n + 500, "EMAIL", 0.1 + n)
        for n in range(findings)
    ]
    return Verdict(
        tuple(Edit(f.start, f.end, f"<EMAIL_{number:08x}>") for f in found),
        tuple(Done(f, "pseudonym", changed=True) for f in found),
    )


def test_what_was_not_asked_for_longest_goes_first():
    cache = Cache(1000)
    names = [cache.name(str(number)) for number in range(5)]
    for name in names[:4]:
        cache.put(name, Verdict())
    cache.get(names[0])
    for name in names[4:]:
        cache.put(name, Verdict())
        cache.put(cache.name("one more"), Verdict())
    assert cache.get(names[0]) is not None
    assert cache.get(names[1]) is None


def test_a_verdict_larger_than_the_memory_is_not_kept():
    cache = Cache(100)
    cache.put(cache.name("a"), Verdict())
    assert cache.get(cache.name("a")) is None


def test_names_differ_where_the_parts_do():
    cache = Cache(1000)
    parts = [("a", "b"), ("ab", ""), ("", "ab"), ("a,1;b",), ("a", "b", ""), ("\ud800",)]
    assert all(
        cache.name(*one) != cache.name(*two) for one, two in itertools.combinations(parts, 2)
    )


def test_two_processes_name_the_same_text_differently():
    assert Cache(1).name("text") != Cache(1).name("text")
