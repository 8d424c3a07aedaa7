"""The filter keeps what is included, drops what is excluded, and counts what it drops."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import ValidationError

from collector import Batch
from processors.filter import Filter
from tests.helpers import batch, consume, make, metric, span


def kept(spans: dict[str, Any], *batches: Batch) -> list[str]:
    """The names of the spans that come through with these settings."""
    component = make(Filter, {"spans": spans})
    consume(component, *batches)
    return [record.span.name for record in component.next.spans]


def strict(**properties: Any) -> dict[str, Any]:
    return {"match_type": "strict", **properties}


def regexp(**properties: Any) -> dict[str, Any]:
    return {"match_type": "regexp", **properties}


def test_without_settings_everything_stays():
    assert kept({}, batch(span("a"), span("b"))) == ["a", "b"]


def test_only_included_spans_stay():
    names = strict(span_names=["a", "c"])
    assert kept({"include": names}, batch(span("a"), span("b"), span("c"))) == ["a", "c"]


def test_excluded_spans_go_even_if_included():
    settings = {"include": regexp(span_names=["^a"]), "exclude": strict(span_names=["ab"])}
    assert kept(settings, batch(span("a"), span("ab"), span("b"))) == ["a"]


def test_all_properties_of_a_match_must_hold():
    match = strict(span_names=["a"], attributes=[{"key": "x", "value": 1}])
    spans = [span("a"), span("a", attributes={"x": 1}), span("b", attributes={"x": 1})]
    assert kept({"exclude": match}, batch(*spans)) == ["a", "b"]


def test_a_service_is_matched_on_the_resource():
    match = {"exclude": strict(services=["noise"])}
    batches = batch(span("a"), resource={"service.name": "noise"}), batch(span("b"))
    assert kept(match, *batches) == ["b"]


def test_kinds_and_libraries_are_matched():
    spans = [span("a", kind=Span.SPAN_KIND_CLIENT), span("b", kind=Span.SPAN_KIND_SERVER)]
    assert kept({"include": strict(span_kinds=["SPAN_KIND_CLIENT"])}, batch(*spans)) == ["a"]
    assert kept({"exclude": strict(libraries=[{"name": "test"}])}, batch(*spans)) == []
    other = {"exclude": strict(libraries=[{"name": "test", "version": "2"}])}
    assert kept(other, batch(*spans)) == ["a", "b"]


def test_resource_attributes_are_matched():
    match = {"exclude": regexp(resources=[{"key": "service.name", "value": "^age"}])}
    assert kept(match, batch(span("a"))) == []


@pytest.mark.parametrize(
    ("wanted", "found", "matches"),
    [
        (1, 1, True),
        (1, 1.0, False),
        (1, True, False),
        ("1", 1, False),
        (["a", 1], ["a", 1], True),
        (["a", 1], ["a", True], False),
        ({"a": [1]}, {"a": [1]}, True),
        ({"a": 1}, {"b": 1}, False),
        (None, "anything", True),
    ],
)
def test_a_strict_value_is_equal_in_value_and_kind(wanted, found, matches):
    match = {"include": strict(attributes=[{"key": "x", "value": wanted}])}
    assert kept(match, batch(span("a", attributes={"x": found}))) == ["a"] * matches


@pytest.mark.parametrize(
    ("pattern", "found", "matches"),
    [
        ("^tru", True, True),
        ("^12$", 12, True),
        (r"^1\.5$", 1.5, True),
        ("^2$", 2.0, True),
        ("^10000000000000000$", 1e16, True),
        ("at", "what", True),
        ("^at", "what", False),
        (".*", ["a"], False),
        (".*", b"a", False),
    ],
)
def test_a_pattern_is_searched_in_the_text_of_a_scalar(pattern, found, matches):
    match = {"include": regexp(attributes=[{"key": "x", "value": pattern}])}
    assert kept(match, batch(span("a", attributes={"x": found}))) == ["a"] * matches


@pytest.mark.parametrize(
    ("match", "remedy"),
    [
        ({"match_type": "strict"}, "give at least one of services"),
        (strict(span_kinds=["CLIENT"]), "SPAN_KIND_CLIENT"),
        (regexp(span_names=["("]), "no regular expression"),
        (regexp(attributes=[{"key": "x", "value": 1}]), "quote it"),
        ({"span_names": ["a"]}, "match_type"),
    ],
)
def test_a_match_that_cannot_work_names_the_remedy(match, remedy):
    with pytest.raises(ValidationError, match=remedy):
        Filter.Config.model_validate({"spans": {"include": match}})


def test_dropped_spans_are_counted_once_the_batch_is_owned():
    component = make(Filter, {"spans": {"exclude": strict(span_names=["a"])}})
    component.next.error = RuntimeError("full")
    with pytest.raises(RuntimeError):
        consume(component, batch(span("a"), span("b")))
    assert metric(component, "winnow_dropped_spans_total", component="test", reason="filtered") == 0
    component.next.error = None
    consume(component, batch(span("a"), span("b")))
    assert metric(component, "winnow_dropped_spans_total", component="test", reason="filtered") == 1


def test_a_batch_of_which_nothing_is_left_goes_no_further():
    component = make(Filter, {"spans": {"exclude": strict(span_names=["a"])}})
    consume(component, batch(span("a")))
    assert component.next.batches == []


class Unreadable(Batch):
    """A batch whose second span cannot be judged."""

    def retain(self, keep: Any) -> int:
        self.spans[1].span = None
        return super().retain(keep)


@pytest.mark.parametrize("mode", ["ignore", "propagate"])
def test_a_span_that_cannot_be_judged_stays_unless_errors_propagate(mode):
    settings = {"error_mode": mode, "spans": {"include": strict(span_names=["a"])}}
    component = make(Filter, settings)
    unreadable = Unreadable(batch(span("a"), span("b")).message)
    if mode == "propagate":
        with pytest.raises(AttributeError):
            consume(component, unreadable)
        return
    consume(component, unreadable)
    assert component.next.batches[0].message.resource_spans[0].scope_spans[0].spans[1].name == "b"
    labels = {"component": "test", "error": "AttributeError"}
    assert metric(component, "winnow_processor_errors_total", **labels) == 1


@given(names=st.lists(st.sampled_from("abcd")), wanted=st.sets(st.sampled_from("abcd"), min_size=1))
def test_include_and_exclude_of_the_same_match_share_the_spans_out(names, wanted):
    match = strict(span_names=sorted(wanted))
    included = kept({"include": match}, batch(*map(span, names)))
    excluded = kept({"exclude": match}, batch(*map(span, names)))
    assert included == [name for name in names if name in wanted]
    assert excluded == [name for name in names if name not in wanted]
