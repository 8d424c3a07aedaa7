"""What conditions say of spans and events. The Collector's own answers to many more are in
tests/tail_sampling/collector_vectors.json.
"""

import pytest

from collector import Batch
from processors._conditions import ConditionError, event_condition, span_condition
from tests.helpers import request, span

ATTRIBUTES = {
    "text": "Gold",
    "int": 5,
    "double": 2.5,
    "true": True,
    "list": ["a", 1, 2.0],
    "map": {"k": {"z": 7}},
    "bytes": b"\x0a\xff",
    "digits": "-42",
    "empty": None,
}


def record(**fields):
    made = span("chat", attributes=ATTRIBUTES, kind=3, flags=1, **fields)
    made.status.message = "boom"
    made.end_time_unix_nano = made.start_time_unix_nano + 250_000_000
    return Batch(request(made, resource={"service.name": "agent"})).spans[0]


SPAN = record(error=True, trace_state="tier=gold")


def holds(text, of=SPAN):
    return span_condition(text)(of)


@pytest.mark.parametrize(
    "text",
    [
        'name == "chat" and kind == SPAN_KIND_CLIENT and kind.string == "Client"',
        'status.code == STATUS_CODE_ERROR and status.message == "boom"',
        'span.name == "chat" and resource.attributes["service.name"] == "agent"',
        'scope.name == "test" and instrumentation_scope.name == "test" and scope.version == ""',
        'trace_id.string == "00000000000000000000000000000001"',
        "trace_id == TraceID(0x00000000000000000000000000000001)",
        'trace_id == TraceID("00000000000000000000000000000001")',
        "IsRootSpan() and parent_span_id == SpanID(0x0000000000000000)",
        'trace_state["tier"] == "gold" and trace_state["other"] == "" and flags == 1',
        'end_time - start_time == Duration("250ms") and end_time > start_time',
        'Milliseconds(end_time - start_time) == 250 and Seconds(Duration("1m")) == 60',
        'start_time + Duration("250ms") == end_time and end_time - Duration("250ms") == start_time',
        "(end_time_unix_nano - start_time_unix_nano) / 1000000 == 250",
    ],
)
def test_every_part_of_a_span_can_be_asked_for(text):
    assert holds(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attributes["int"] == 5.0', True),
        ('attributes["int"] == "5"', False),
        ('attributes["true"] == 1', False),
        ('attributes["true"] != 1', True),
        ('attributes["true"] > false', True),
        ('attributes["text"] < "Silver"', True),
        ('attributes["text"] < 7', False),
        ('attributes["bytes"] == 0x0aff', True),
        ('attributes["list"] == attributes["list"]', True),
        ('attributes["list"] <= attributes["list"]', False),
        ('attributes["absent"] == nil', True),
        ('attributes["empty"] == nil', True),
        ('attributes["absent"] <= nil', True),
        ('attributes["absent"] < nil', False),
        ('attributes["absent"] < 5', False),
        ('attributes["absent"] != 5', True),
        ('attributes["text"] != nil', True),
        ("trace_id == span_id", False),
    ],
)
def test_values_of_different_kinds_are_unequal_and_have_no_order(text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true or true and false", True),
        ("(true or true) and false", False),
        ("not true or true", True),
        ("not (true or true)", False),
        ("not 1 == 2", True),
        ("1 + 2 * 3 == 7", True),
        ("(1 + 2) * 3 == 9", True),
        ("10 - 4 - 3 == 3", True),
        ("-7 / 2 == -3", True),
        ("7 / 2.0 == 3.5", True),
        ('-attributes["int"] == -5', True),
        ("+5 == 5", True),
        (r'"a\"\\\t\u00e9\x41\101" == "a\"\\	éAA"', True),
    ],
)
def test_operators_bind_as_in_ottl(text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('attributes["map"]["k"]["z"] == 7', True),
        ('attributes["map"]["x"]["z"] == nil', True),
        ('attributes["list"][0] == "a"', True),
        ('IsMatch(attributes["text"], "^G.*d$")', True),
        ('IsMatch(attributes["int"], "^5$") and IsMatch(attributes["double"], "2.5")', True),
        ('IsMatch(attributes["map"], "z") and IsMatch(attributes["bytes"], "0aff")', True),
        ('IsMatch(attributes["absent"], ".*")', False),
        ('HasPrefix(name, "ch") and HasSuffix(name, "at")', True),
        ('ToLowerCase(attributes["text"]) == "gold" and ToUpperCase(name) == "CHAT"', True),
        ('Len("é") == 2 and Len(attributes["list"]) == 3 and Len(attributes["map"]) == 1', True),
        ('Int(attributes["digits"]) == -42 and Int(2.9) == 2 and Int(true) == 1', True),
        ('Double("2.5e1") == 25 and Bool("T") and not Bool(0.0)', True),
        ('Int(attributes["absent"]) == nil and Double(nil) == nil and Bool(nil) == nil', True),
        ('String(attributes["double"]) == "2.5" and String(2.0) == "2"', True),
        (r'String(attributes["map"]) == "{\"k\":{\"z\":7}}"', True),
        (r'String(attributes["list"]) == "[\"a\",1,2]"', True),
        ('String(attributes["absent"]) == nil', True),
        ('ContainsValue(attributes["list"], 2) and ContainsValue(attributes["list"], "a")', True),
        ('ContainsValue(attributes["list"], "z")', False),
        ("IsString(name) and IsInt(kind) and IsDouble(0.5) and IsBool(true)", True),
        ('IsList(attributes["list"]) and IsMap(attributes["map"]) and IsMap(attributes)', True),
        ('IsString(nil) or IsInt(true) or IsInt("5")', False),
        ('Hours(Duration("90m")) == 1.5 and Nanoseconds(Duration("1us")) == 1000', True),
    ],
)
def test_functions_do_what_those_of_ottl_do(text, expected):
    assert holds(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        'Len(attributes["int"]) == 1',
        'HasPrefix(attributes["absent"], "a")',
        'not HasPrefix(attributes["absent"], "a")',
        'Int("five") == 5',
        'Int("1_0") == 10',
        'Double("1e999") > 1',
        'Bool("yes")',
        'Bool(attributes["list"])',
        'attributes["text"] + 1 == 2',
        'attributes["int"] / 0 == 1',
        'attributes["list"]["a"] == 1',
        'attributes["list"][3] == 1',
        'attributes["text"][0] == "G"',
        'ContainsValue(name, "c")',
        "Seconds(5) == 5",
        "-name == 1",
        'Int(attributes["int"])',
        "end_time + start_time == end_time",
        'String(trace_id) == ""',
    ],
)
def test_a_condition_without_an_answer_raises(text):
    with pytest.raises(ConditionError):
        holds(text)


def test_what_is_not_needed_for_the_answer_is_not_asked():
    assert holds('name == "chat" or Len(5) == 1')
    assert not holds('name == "x" and Len(5) == 1')


def test_a_tracestate_that_breaks_the_rules_has_no_members():
    assert holds('trace_state["tier"] == nil', record(trace_state="tier=gold,tier=gold"))


def test_asking_does_not_change_the_span():
    made = Batch(request(span())).spans[0]
    before = made.span.SerializeToString()
    holds('status.code == 0 and status.message == "" and attributes["a"] == nil', made)
    assert made.span.SerializeToString() == before
    assert not made.span.HasField("status")


def test_conditions_on_events_mean_the_event_and_can_name_its_span():
    made = span("chat", attributes={"k": "span"})
    event = made.events.add(name="exception", time_unix_nano=made.start_time_unix_nano + 5)
    event.attributes.add(key="k").value.string_value = "event"
    record = Batch(request(made)).spans[0]
    for text in (
        'name == "exception" and spanevent.name == "exception" and span.name == "chat"',
        'attributes["k"] == "event" and span.attributes["k"] == "span"',
        'time - span.start_time == Duration("5ns") and time_unix_nano > 0',
        'dropped_attributes_count == 0 and resource.attributes["service.name"] == "agent"',
    ):
        assert event_condition(text)(record, record.span.events[0])
