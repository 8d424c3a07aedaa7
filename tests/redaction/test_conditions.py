"""Whatever a pattern matches, RE2's relaxed form of it does not miss."""

import pytest
import re2
import regex
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from processors.redaction.conditions import condition
from processors.redaction.recognizers import _stock
from tests.redaction.pieces import texts

FLAGS = regex.IGNORECASE | regex.DOTALL | regex.MULTILINE
PATTERNS = [
    (pattern.regex, recognizer.global_regex_flags)
    for recognizers in _stock().values()
    for recognizer in recognizers
    for pattern in recognizer.patterns
]
ATOMS = st.sampled_from(
    [
        *("a", "i", "I", "k", ".", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\.", r"\-", "é"),
        *("[a-z]", "[^a]", r"[\d\-]", r"[^\s]", r"[^\w.]", "[[]", "[]a]", r"[\]a]", "[a)]", r"\("),
        *(r"\b", "^", "$", "(?=a)", "(?!b[)])", "(?<=a)", "(?<!\\d)", "(?:a|b)", "(x)", r"\u0661"),
    ]
)
patterns = st.lists(
    st.tuples(ATOMS, st.sampled_from(["", "", "?", "*", "+", "{1,2}"])).map("".join), max_size=6
).map("".join)
strings = (
    st.text(
        st.sampled_from("aAbiI\u0130\u0131kKx\xe9 1\u0664-.[])(\n\u0085\u00a0_")
        | st.characters(exclude_categories=["Cs"])
    )
    | texts
)


@given(pattern=patterns, text=strings)
@settings(max_examples=500)
def test_nothing_that_matches_is_lost(pattern, text):
    try:
        matched = regex.search(pattern, text, FLAGS)
    except regex.error:
        assume(False)
    if matched:
        assert re2.search(condition([(pattern, FLAGS)]), text)


@pytest.fixture(scope="module")
def relaxed():
    """Presidio's patterns, and what RE2 says of them."""
    made = [
        (regex.compile(pattern, flags), condition([(pattern, flags)]))
        for pattern, flags in PATTERNS
    ]
    return [(pattern, re2.compile(one)) for pattern, one in made if one]


@given(text=texts)
@settings(max_examples=100)
def test_no_match_of_presidio_is_lost(relaxed, text):
    for pattern, possible in relaxed:
        assert possible.search(text) or not pattern.search(text)


def test_most_patterns_of_presidio_have_a_condition(relaxed):
    assert len(relaxed) > len(PATTERNS) * 0.95


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?>a)", r"(?x) a b", "a++", r"[^\W]", "(?(1)a)"])
def test_what_cannot_be_relaxed_is_in_every_text(pattern):
    assert condition([("b", 0), (pattern, 0)]) == ""


def test_one_of_several_patterns_is_enough():
    either = condition([("ab", 0), ("cd", regex.IGNORECASE)])
    assert re2.search(either, "xCDx")
    assert not re2.search(either, "AB")
