"""Generated conditions: against a plain model, and whatever anybody may type."""

import operator
from typing import NamedTuple

from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector import Batch
from processors._conditions import (
    ConditionError,
    ConditionSyntaxError,
    event_condition,
    span_condition,
)
from tests.helpers import request, span
from tests.tail_sampling.strategies import records, spans

SIGNS = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
ATTRIBUTES = {"s": "gold", "i": 5, "f": 2.5, "b": True}


class Part(NamedTuple):
    """A part of a condition: how it is written, and what it is worth."""

    text: str
    value: object


def number(value):
    return Part(repr(value), value)


values = st.one_of(
    st.integers(-100, 100).map(number),
    st.floats(-100, 100)
    .map(lambda value: number(round(value, 3)))
    .filter(lambda part: "e" not in part.text),
    st.sampled_from(["gold", "", 'a"b', "ü\n"]).map(
        lambda text: Part('"' + text.replace('"', r"\"").replace("\n", r"\n") + '"', text)
    ),
    st.sampled_from([Part("true", True), Part("false", False), Part("nil", None)]),
    st.sampled_from([Part(f'attributes["{key}"]', value) for key, value in ATTRIBUTES.items()]),
    st.just(Part('attributes["none"]', None)),
)


def compared(left, sign, right):
    """OTTL's comparison rules, said once more."""
    a, b = left.value, right.value
    numbers = all(type(value) in (int, float) for value in (a, b))
    if a is None and b is None:
        result = sign in ("==", "<=", ">=")
    elif numbers or (type(a) is type(b) and a is not None):
        result = SIGNS[sign](a, b)
    else:
        result = sign == "!="
    return Part(f"{left.text} {sign} {right.text}", result)


def joined(parts, word):
    inner = f" {word} ".join(f"({part.text})" for part in parts)
    join = any if word == "or" else all
    return Part(inner, join(part.value for part in parts))


comparisons = st.builds(compared, values, st.sampled_from(sorted(SIGNS)), values)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        inner.map(lambda part: Part(f"not ({part.text})", not part.value)),
        st.builds(joined, st.lists(inner, min_size=2, max_size=4), st.sampled_from(["and", "or"])),
    ),
    max_leaves=8,
)
SPAN = Batch(request(span(attributes=ATTRIBUTES))).spans[0]


@given(conditions)
def test_a_condition_says_what_the_rules_say(part):
    assert span_condition(part.text)(SPAN) is part.value


@given(values, values)
def test_equal_and_unequal_exclude_each_other_and_order_turns_round(left, right):
    def answer(a, sign, b):
        return span_condition(f"{a.text} {sign} {b.text}")(SPAN)

    assert answer(left, "==", right) is not answer(left, "!=", right)
    assert answer(left, "==", right) is answer(right, "==", left)
    assert answer(left, "<", right) is answer(right, ">", left)
    assert answer(left, "<=", right) is answer(right, ">=", left)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 50), st.integers(-50, 50))
def test_calculations_are_those_of_64_bit_integers(a, b, c, d):
    quotient = int(b / c)  # towards zero, as in Go
    text = f"{a} + {b} / {c} - {d} * (2 - {a}) == {a + quotient - d * (2 - a)}"
    assert span_condition(text)(SPAN)


WORDS = [
    *("(", ")", "[", "]", ",", ".", "-", "==", "<=", "not", "and", "or", "true", "nil", "name"),
    *("attributes", '["k"]', "span", "kind", "Len", "IsMatch", '"a"', "7", "0.5", "0x0a", "Int"),
    *("trace_state", "resource", "start_time", "Duration", '"1s"', "status.code", "SPAN_KIND_X"),
]


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(),
        st.lists(st.sampled_from(WORDS)).map(" ".join),
        conditions.map(lambda part: part.text),
    ),
    spans(),
)
@example("attributes", span())
@example('Int(attributes["k"])', span(attributes={"k": 1}))
@example('"\\ud800" == ""', span())
def test_whatever_is_typed_is_told_or_gives_a_boolean(text, made):
    (record,) = records(made)
    for compile_condition, arguments in (
        (span_condition, [(record,)]),
        (event_condition, [(record, event) for event in record.span.events]),
    ):
        try:
            test = compile_condition(text)
        except ConditionSyntaxError as error:
            assert 1 <= error.column <= len(text) + 1  # noqa: PT017 - there may be no mistake
            continue
        for asked in arguments:
            try:
                assert isinstance(test(*asked), bool)
            except ConditionError:
                continue
