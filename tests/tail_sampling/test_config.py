"""The YAML of the Collector is taken as it is, and mistakes are told by their place."""

import re
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from processors.tail_sampling import TailSampling
from processors.tail_sampling.policies.registry import POLICIES
from tests.helpers import batch, consume, span
from tests.tail_sampling.support import sampler, wait

COLLECTOR = """
decision_wait: 10s
decision_wait_after_root_received: 2s
num_traces: 100
expected_new_traces_per_sec: 10
maximum_trace_size_bytes: 1000000
sample_on_first_match: false
drop_pending_traces_on_shutdown: false
block_on_overflow: false
sampling_strategy: trace-complete
num_shards: 4
decision_cache: {sampled_cache_size: 1000, non_sampled_cache_size: 1000}
policies:
  [
    {name: p1, type: always_sample},
    {name: p2, type: latency, latency: {threshold_ms: 5000, upper_threshold_ms: 10000}},
    {name: p3, type: numeric_attribute, numeric_attribute: {key: k, min_value: 50, max_value: 100}},
    {name: p4, type: probabilistic, probabilistic: {sampling_percentage: 10}},
    {name: p5, type: status_code, status_code: {status_codes: [ERROR, UNSET]}},
    {name: p6, type: string_attribute, string_attribute: {key: k, values: [v, "val*"],
      enabled_regex_matching: true, cache_max_size: 10}},
    {name: p7, type: rate_limiting, rate_limiting: {spans_per_second: 35}},
    {name: p8, type: span_count, span_count: {min_spans: 2, max_spans: 20}},
    {name: p9, type: boolean_attribute, boolean_attribute: {key: k, value: true}},
    {name: p10, type: and, and: {and_sub_policy: [
      {name: s1, type: numeric_attribute, numeric_attribute: {key: k, min_value: 50}},
      {name: s2, type: string_attribute, string_attribute: {key: k, values: [v]}}]}},
    {name: p11, type: not, not: {not_sub_policy: {name: s3, type: always_sample}}},
    {name: p13, type: bytes_limiting,
      bytes_limiting: {bytes_per_second: 1024000, burst_capacity: 2048000}},
    {name: p14, type: trace_state, trace_state: {key: key3, values: [value1, value2]}},
    {name: p15, type: trace_flags},
    {name: p16, type: ottl_condition, ottl_condition: {error_mode: ignore, span: [
      'attributes["a"] == "b"', 'span.attributes["http.status_code"] >= 500',
      'resource.attributes["service.name"] == "checkout"'], spanevent: [
      'name != "test_span_event_name"', 'spanevent.name == "exception"']}},
    {name: p17, type: composite, composite: {max_total_spans_per_second: 1000,
      policy_order: [c1, c2, c3], composite_sub_policy: [
      {name: c1, type: numeric_attribute, numeric_attribute: {key: key1, min_value: 50}},
      {name: c2, type: string_attribute, string_attribute: {key: key2, values: [value1]}},
      {name: c3, type: always_sample}],
      rate_allocation: [{policy: c1, percent: 50}, {policy: c2, percent: 25}]}},
    {name: p12, type: drop, drop: {drop_sub_policy: [
      {name: s4, type: string_attribute, string_attribute: {key: url.path, values: [/health]}}]}},
  ]
"""


COLLECTORS = """
always_sample and boolean_attribute bytes_limiting composite drop latency not numeric_attribute
ottl_condition probabilistic rate_limiting span_count status_code string_attribute trace_flags
trace_state
"""
"""Every policy of the Collector's README."""
COMPOSITE = {
    "max_total_spans_per_second": 10,
    "composite_sub_policy": [
        {"name": "a", "type": "always_sample"},
        {"name": "b", "type": "always_sample"},
    ],
}


def errors(settings):
    with pytest.raises(ValidationError) as caught:
        TailSampling.Config.model_validate(settings)
    return caught.value.errors()


def test_a_collector_file_is_taken_as_it_is():
    config = TailSampling.Config.model_validate(yaml.safe_load(COLLECTOR))
    assert config.decision_wait == 10
    assert [policy.type for policy in config.policies][-3:] == [
        "ottl_condition",
        "composite",
        "drop",
    ]
    assert {policy.type for policy in config.policies} == set(COLLECTORS.split())


def test_without_settings_errors_and_guardrails_are_kept():
    tail = sampler()
    fired = span(trace=2, attributes={"winnow.guardrail.fired": True})
    consume(tail, batch(span(trace=1, error=True), fired, span(trace=3)))
    wait(tail)
    named = [record.attributes.text("winnow.sampling.policy") for record in tail.next.spans]
    assert named == ["errors", "guardrails"]


def test_an_unknown_type_is_told_with_its_place_and_the_known_types():
    (error,) = errors({"policies": [{"name": "a", "type": "always_sampel"}]})
    assert error["loc"] == ("policies", 0)
    assert all(f"'{kind}'" in error["msg"] for kind in POLICIES)


def test_a_mistake_inside_a_nested_policy_is_told_with_its_place():
    bad = {"name": "l", "type": "latency", "latency": {"threshold": 5}}
    found = errors({"policies": [{"name": "a", "type": "and", "and": {"and_sub_policy": [bad]}}]})
    places = {error["loc"][-1] for error in found}
    assert places == {"threshold", "threshold_ms"}


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ({"type": "latency"}, "required"),
        ({"type": "status_code", "status_code": {"status_codes": []}}, "at least 1"),
        ({"type": "status_code", "status_code": {"status_codes": ["BAD"]}}, "ERROR"),
        ({"type": "latency", "latency": {"threshold_ms": 9, "upper_threshold_ms": 9}}, "raise it"),
        ({"type": "numeric_attribute", "numeric_attribute": {"key": "k"}}, "min_value"),
        (
            {
                "type": "numeric_attribute",
                "numeric_attribute": {"key": "k", "min_value": 2, "max_value": 1},
            },
            "below",
        ),
        (
            {
                "type": "string_attribute",
                "string_attribute": {"key": "k", "values": ["("], "enabled_regex_matching": True},
            },
            "no regular expression",
        ),
        ({"type": "and", "and": {"and_sub_policy": []}}, "at least 1"),
        ({"type": "ottl_condition"}, "required"),
        ({"type": "ottl_condition", "ottl_condition": {}}, "give span, spanevent or both"),
        (
            {"type": "ottl_condition", "ottl_condition": {"span": ['attributes["a"] = 5']}},
            "column 17",
        ),
        (
            {"type": "composite", "composite": COMPOSITE | {"policy_order": ["nobody"]}},
            "'nobody': use a, b",
        ),
        (
            {"type": "composite", "composite": COMPOSITE | {"rate_allocation": [{"policy": "x"}]}},
            "rate_allocation: there is no 'x'",
        ),
        (
            {"type": "composite", "composite": COMPOSITE | {"policy_order": ["a", "a"]}},
            "twice",
        ),
        ({"type": "always_sample", "latency": {"threshold_ms": 1}}, "not permitted"),
    ],
)
def test_mistakes_say_what_to_do(policy, says):
    assert says in str(errors({"policies": [{"name": "p"} | policy]}))


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"max_age": "1h"}, "max_age: has no effect without inactivity_wait"),
        ({"inactivity_wait": "5s", "max_age": "30s"}, "max_age: must be longer than decision_wait"),
        ({"inactivity_wait": "2h", "max_age": "1h"}, "inactivity_wait: must be shorter"),
        ({"decision_wait_after_root_received": "31s"}, "is longer than decision_wait"),
        (
            {"inactivity_wait": "1h", "decision_wait_after_root_received": "25h"},
            "is longer than max_age",
        ),
        ({"max_bytes": 10, "maximum_trace_size_bytes": 11}, "is more than max_bytes"),
        ({"sampling_strategy": "span-ingest"}, "decide_early"),
    ],
)
def test_settings_that_make_no_sense_together_are_mistakes(settings, says):
    assert says in errors(settings)[0]["msg"]


def test_all_that_makes_no_sense_is_told_at_once():
    wrong = {"max_age": "1h", "sampling_strategy": "span-ingest"}
    said = errors(wrong)[0]["msg"]
    assert "max_age" in said
    assert "sampling_strategy" in said


def test_two_policies_of_one_name_are_a_mistake():
    twice = {"name": "same", "type": "always_sample"}
    assert "'same'" in errors({"policies": [twice, twice]})[0]["msg"]


def test_no_policies_at_all_are_a_mistake():
    assert errors({"policies": []})[0]["loc"] == ("policies",)


def test_the_json_schema_knows_every_policy():
    schema = str(TailSampling.Config.model_json_schema())
    assert all(f"'const': '{kind}'" in schema for kind in POLICIES)


def test_the_policies_that_the_documentation_shows_are_valid():
    page = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text()
    blocks = re.findall(r"^```yaml\n(policies:\n.*?)^```", page, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        TailSampling.Config.model_validate(yaml.safe_load(block))
