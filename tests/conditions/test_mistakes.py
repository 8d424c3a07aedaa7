"""A condition that cannot be read is told with its column and what to write instead."""

import pytest

from processors._conditions import ConditionSyntaxError, event_condition, span_condition
from processors._conditions.functions import FUNCTIONS


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ('attributes["n"]', 16, "expected a comparison"),
        ('attributes["n"] and true', 17, "expected a comparison"),
        ('attributes["n"] = 5', 17, "write ==, !=, and, or, not"),
        ("true && false", 6, "write ==, !=, and, or, not"),
        ("name == ", 8, "expected a value"),
        ("", 1, "expected a value"),
        ("== 1", 1, "expected a value"),
        ("true == and", 9, "expected a value before 'and'"),
        ("name == 'x'", 9, "double quotes"),
        ('name == "x', 9, "closing"),
        (r'name == "a\.b"', 11, r"write \\."),
        ("name == nmae", 9, "nmae is no path: use attributes"),
        ("event.name == 1", 1, "event.name is no path"),
        ("name. == 1", 7, "expected a name after the dot"),
        ("attributes[name] == 1", 12, "expected a key in double quotes"),
        ('attributes["a" == 1', 16, "expected ']', not '=='"),
        ("attributes[5] == 1", 1, "has nothing at this index"),
        ('name["x"] == 1', 1, "has nothing at this index"),
        ("kind == SPAN_KIND_SERVE", 9, "SPAN_KIND_SERVER"),
        ("IsMath(name)", 1, "IsMatch"),
        ("IsMatch(name)", 1, "takes 2 arguments, not 1"),
        ("IsMatch(name, name)", 15, "double quotes"),
        ('IsMatch(name, "(")', 15, "'(' is no regular expression"),
        ('Duration("soon") > Duration("1s")', 10, "is not a duration"),
        ("SpanID(0x00) == span_id", 8, "16 hex digits"),
        ('SpanID("xx") == span_id', 8, "16 hex digits"),
        ("Len(name == 1) == 1", 10, "expected ','"),
        ("Len((name == 1)) == 1", 6, "a condition is no value"),
        ('(name == "a") == true', 2, "a condition is no value"),
        ("1 == 1 == 1", 8, "expected and, or, or the end, not '=='"),
        ("(1 == 1", 8, "expected ')', not the end"),
        ("1 == 1)", 7, "expected and, or, or the end"),
        ("0x0 == 1", 1, "two hex digits"),
        ("9223372036854775808 == 1", 1, "64 bits"),
        ("name == #", 9, "no meaning"),
        ("(" * 40 + "true" + ")" * 40, 32, "nested"),
        ("-" * 5000 + "1 == 1", 32, "nested"),
    ],
)
def test_a_mistake_is_told_with_its_column(text, column, says):
    with pytest.raises(ConditionSyntaxError) as caught:
        span_condition(text)
    assert caught.value.column == column
    assert str(caught.value).startswith(f"column {column}: ")
    assert says in str(caught.value)


def test_an_unknown_function_is_told_with_the_known_ones():
    with pytest.raises(ConditionSyntaxError) as caught:
        span_condition("Foo(name)")
    assert all(name in str(caught.value) for name in FUNCTIONS)


def test_what_only_spans_have_is_unknown_on_events():
    for text in ("IsRootSpan()", "kind == 1"):
        span_condition(text)
        with pytest.raises(ConditionSyntaxError, match="is no"):
            event_condition(text)
    with pytest.raises(ConditionSyntaxError, match=r"spanevent\.name is no path"):
        span_condition('spanevent.name == "x"')
