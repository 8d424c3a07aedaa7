"""Attributes are read once and written through to the message."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Attributes, to_python, write_value

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
    holder = Span()
    attributes = Attributes(holder.attributes)
    attributes.set("key", value)
    assert attributes.get("key") == value
    assert type(attributes.get("key")) is type(value)
    assert to_python(holder.attributes[0].value) == value


def test_a_write_replaces_a_value_of_another_kind():
    holder = Span()
    attributes = Attributes(holder.attributes)
    attributes.set("key", ["a"])
    attributes.set("key", "b")
    assert [entry.value.string_value for entry in holder.attributes] == ["b"]


def test_deleting_removes_every_entry_of_the_key():
    holder = Span()
    for text in ("one", "two"):
        holder.attributes.add(key="twice").value.string_value = text
    holder.attributes.add(key="other").value.int_value = 1
    attributes = Attributes(holder.attributes)
    assert attributes.delete("twice")
    assert not attributes.delete("twice")
    assert [entry.key for entry in holder.attributes] == ["other"]


def test_a_value_without_an_otlp_kind_is_refused():
    with pytest.raises(TypeError, match="set"):
        write_value(Span().attributes.add(key="key").value, {1, 2})  # type: ignore[arg-type]


def test_an_unset_value_reads_as_the_default():
    holder = Span()
    holder.attributes.add(key="empty")
    assert Attributes(holder.attributes).get("empty", "default") == "default"
