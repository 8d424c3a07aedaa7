"""Presidio recognizers of a team's own: as patterns in the YAML, or as classes."""

import itertools

import pytest
from pydantic import ValidationError

from processors.redaction import RedactionConfig
from tests.redaction.conftest import started

BADGE = {
    "name": "badges",
    "supported_entity": "BADGE",
    "patterns": [{"name": "badge", "regex": r"\bB-\d{5}\b", "score": 0.2}],
    "context": ["badge"],
}
WORDS = {"name": "projects", "supported_entity": "PROJECT", "deny_list": ["Blue Moon", "C++"]}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module of recognizers, and tells its name."""
    monkeypatch.syspath_prepend(str(tmp_path))
    numbers = itertools.count()

    def write(text):
        name = f"recognizers_of_{tmp_path.name}_{next(numbers)}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(text)
        return name

    return write


PATTERNED = """
from presidio_analyzer import Pattern, PatternRecognizer

class Tickets(PatternRecognizer):
    def __init__(self):
        super().__init__("TICKET", patterns=[Pattern("ticket", r"TK(?=\\d)\\d{4}(?!\\d)", 0.6)])

    def invalidate_result(self, pattern_text):
        return pattern_text == "TK0000"
"""
OTHER = """
from presidio_analyzer import EntityRecognizer, RecognizerResult

class Names(EntityRecognizer):
    def __init__(self):
        super().__init__(["STAFF", "GUEST"], context=["guest"])

    def load(self):
        pass

    def analyze(self, text, entities, nlp_artifacts):
        assert entities == ["STAFF", "GUEST"]
        if "boom" in text:
            raise RuntimeError("it broke")
        return [
            RecognizerResult(kind, text.index(name), text.index(name) + len(name), score)
            for kind, name, score in (("STAFF", "Ada", 0.9), ("GUEST", "Bob", 0.1))
            if name in text
        ]
"""


def redacted(text, **settings):
    return started(**settings).redact(text)[0]


def test_patterns_of_the_yaml_are_found_where_context_speaks_for_them():
    processor = started(recognizers=[BADGE])
    assert (
        processor.redact("badge B-12345 of jane@example.com")[0]
        == "badge <BADGE> of <EMAIL_ADDRESS>"
    )
    assert processor.redact("part B-12345")[0] == "part B-12345"
    assert processor.redact('{"badge": "B-12345"}')[0] == '{"badge": "<BADGE>"}'


def test_words_of_a_deny_list_are_found():
    assert redacted("Our Blue Moon plan.", recognizers=[WORDS]) == "Our <PROJECT> plan."
    assert redacted("knows C++ well", recognizers=[WORDS]) == "knows <PROJECT> well"
    assert redacted("Blue Moonlight", recognizers=[WORDS]) == "Blue Moonlight"


def test_a_class_with_patterns_keeps_its_checks(module):
    processor = started(recognizers=[f"{module(PATTERNED)}:Tickets"])
    assert processor.redact("see TK1234, not TK0000 or TK12345")[0] == (
        "see <TICKET>, not TK0000 or TK12345"
    )


def test_any_other_class_is_asked_as_it_is(module):
    processor = started(recognizers=[f"{module(OTHER)}:Names"])
    assert processor.redact("Ada met Bob")[0] == "<STAFF> met Bob"
    assert processor.redact("the guest is Bob")[0] == "the guest is <GUEST>"


def test_a_class_that_fails_on_a_value_masks_it(module):
    assert redacted("boom", recognizers=[f"{module(OTHER)}:Names"]) == "<REDACTED:error>"


def test_what_takes_too_long_is_masked(module):
    slow = OTHER.replace(
        "assert entities", "sum(range(3_000_000 * ('slow' in text))); assert entities"
    )
    assert redacted("slow", recognizers=[f"{module(slow)}:Names"], timeout="10ms") == (
        "<REDACTED:timeout>"
    )


def test_their_types_can_be_chosen_and_have_actions(module):
    name = f"{module(OTHER)}:Names"
    settings = {"recognizers": [BADGE, name], "entities": ["BADGE", "GUEST"]}
    actions = {"BADGE": {"action": "mask", "keep_last": 2}, "STAFF": {"action": "redact"}}
    processor = started(**settings, actions=actions)
    assert processor.redact("Ada, badge B-12345")[0] == ", badge *****45"


def test_a_second_recognizer_for_a_known_type_adds_to_it():
    mail = {**BADGE, "supported_entity": "EMAIL_ADDRESS"}
    assert redacted("badge B-12345, a@b.com", recognizers=[mail]) == (
        "badge <EMAIL_ADDRESS>, <EMAIL_ADDRESS>"
    )


def test_names_of_software_are_not_searched_for_them():
    from tests.helpers import attributes, batch, consume, span

    processor = started(recognizers=[WORDS])
    consume(
        processor,
        batch(span(attributes={"gen_ai.request.model": "blue moon", "note": "blue moon"})),
    )
    assert attributes(processor.next.spans) == [
        {"gen_ai.request.model": "blue moon", "note": "<PROJECT>"}
    ]


MISTAKES = [
    ("nonsense", "write package.module:ClassName"),
    ("no.such.module:Names", "there is no module no: install it where winnow runs"),
    ("json:Names", "json has no Names: correct the name"),
    ("pathlib:Path", "pathlib:Path is no Presidio recognizer: derive it from EntityRecognizer"),
    ({**BADGE, "patterns": []}, "it finds nothing: give it patterns or a deny_list"),
    ({**BADGE, "patterns": [{"name": "x", "regex": "(", "score": 1}]}, "no pattern: missing"),
    ({**BADGE, "patterns": [{"name": "x", "regex": "a", "score": 2}]}, "less than or equal to 1"),
    ({**BADGE, "supported_entity": "badge"}, "supported_entity"),
    ({**WORDS, "deny_list": [" "]}, "an empty word is in every text"),
]


@pytest.mark.parametrize(("entry", "told"), MISTAKES)
def test_a_mistake_names_the_entry_and_the_remedy(entry, told):
    with pytest.raises(ValidationError) as caught:
        RedactionConfig.model_validate({"recognizers": [WORDS, entry]})
    assert "recognizers.1" in str(caught.value)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("raise OSError('no file')", "raised OSError: no file"),
        (OTHER.replace("def __init__(self)", "def __init__(self, size)"), "no arguments"),
        (
            OTHER.replace("assert entities", "nlp_artifacts.tokens; assert entities"),
            "are None here",
        ),
        (OTHER.replace('["STAFF", "GUEST"], context', "[], context"), "give it some"),
    ],
)
def test_a_class_that_cannot_work_is_told_before_the_start(module, text, told):
    with pytest.raises(ValidationError, match=told):
        RedactionConfig.model_validate({"recognizers": [f"{module(text)}:Names"]})


def test_an_unknown_type_is_still_a_mistake():
    with pytest.raises(ValidationError, match="did you mean BADGE"):
        RedactionConfig.model_validate({"recognizers": [BADGE], "entities": ["BADGES"]})
