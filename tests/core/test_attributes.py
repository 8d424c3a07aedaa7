"""Attributes are read once and written through to their serialized form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from collector import Attributes, Value, to_python, write_value
from collector.attributes import decode, encode

scalars = (
    st.text()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary()
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)


@given(values)
def test_what_is_written_is_read_back_with_its_type(value):
    serialized: list[bytes] = []
    attributes = Attributes(serialized)
    attributes.set("key", value)
    assert attributes.get("key") == value
    assert type(attributes.get("key")) is type(value)
    (entry,) = map(KeyValue.FromString, serialized)
    assert to_python(entry.value) == value


@given(st.text(), values)
def test_what_is_encoded_is_what_protobuf_writes(key, value):
    entry = KeyValue(key=key)
    write_value(entry.value, value)
    assert KeyValue.FromString(encode(key, value)) == entry


@given(values)
def test_an_entry_may_come_serialized(value):
    serialized: list[bytes] = []
    attributes = Attributes(serialized)
    attributes.append(encode("key", value))
    assert attributes.get("key") == Attributes(serialized).get("key") == value


@given(st.text(), values)
def test_the_same_bytes_always_say_the_same(key, value):
    serialized = encode(key, value)
    assert decode(serialized) == decode(serialized) == (key, value)


def test_equal_numbers_of_different_kinds_are_kept_apart():
    kinds: list[Value] = [1, 1.0, True]
    decoded = [decode(encode("n", value))[1] for value in kinds]
    assert [type(value) for value in decoded] == [int, float, bool]


def test_a_renamed_attribute_keeps_its_place_and_value():
    serialized = [encode("a", 1), encode("b", ["x"]), encode("c", 3)]
    attributes = Attributes(serialized)
    attributes.rename({"b": "d"})
    assert list(map(decode, serialized)) == [("a", 1), ("d", ["x"]), ("c", 3)]
    assert dict(attributes.items()) == {"a": 1, "d": ["x"], "c": 3}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=6))
def test_of_a_key_that_stands_twice_the_last_is_read_and_written(pairs):
    serialized = [encode(key, value) for key, value in pairs]
    attributes = Attributes(serialized)
    assert dict(attributes.items()) == dict(pairs)
    attributes.set("a", "new")
    assert dict(map(decode, serialized)) == dict(pairs) | {"a": "new"}


def test_a_write_replaces_a_value_of_another_kind():
    serialized: list[bytes] = []
    attributes = Attributes(serialized)
    attributes.set("key", ["a"])
    attributes.set("key", "b")
    assert [decode(item) for item in serialized] == [("key", "b")]


def test_deleting_removes_every_entry_of_the_key():
    serialized = [encode("twice", "one"), encode("other", 1), encode("twice", "two")]
    attributes = Attributes(serialized)
    assert attributes.delete("twice")
    assert not attributes.delete("twice")
    assert serialized == [encode("other", 1)]


def test_a_value_without_an_otlp_kind_is_refused():
    with pytest.raises(TypeError, match="set"):
        write_value(AnyValue(), {1, 2})  # type: ignore[arg-type]


def test_an_unset_value_reads_as_the_default():
    serialized = [KeyValue(key="empty").SerializeToString()]
    assert Attributes(serialized).get("empty", "default") == "default"
