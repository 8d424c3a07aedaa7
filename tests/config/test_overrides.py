"""`--set PATH=VALUE` stands above the file."""

import pytest

from tests.config.conftest import Problems


@pytest.mark.parametrize(
    "override",
    [
        "processors.step.threshold=7",
        "processors::step::threshold=7",
        "processors.step={threshold: 7}",
    ],
)
def test_a_setting_is_replaced(step, override: str):
    config = step("threshold: 3\nlabel: kept", override)
    assert (config.threshold, config.label) == (7, "kept")


def test_a_setting_may_be_new_and_deep(step):
    assert step("label: x", "processors.step.nested.depth=4").nested.depth == 4


def test_an_entry_of_a_list_is_reached_by_its_number(step):
    assert step("names: [a, b]", "processors.step.names.1=c").names == ["a", "c"]


def test_a_list_is_replaced_as_a_whole(step):
    assert step("names: [a, b]", "processors.step.names=[c]").names == ["c"]


def test_a_later_override_wins(step):
    overrides = ("processors.step.threshold=7", "processors.step.threshold=8")
    assert step("threshold: 3", *overrides).threshold == 8


def test_the_value_may_hold_an_equals_sign_and_a_variable(step):
    assert step("{}", "processors.step.label=a=${env:B}", B="b").label == "a=b"


def test_an_id_with_a_dot_is_reached_with_double_colons(load):
    text = (
        "receivers: {source: }\nprocessors: {step/v1.2: {}}\nexporters: {drain: }\n"
        "service: {pipelines: {traces: {receivers: [source], processors: [step/v1.2],"
        " exporters: [drain]}}}\n"
    )
    config = load(text, "processors::step/v1.2::threshold=9")
    assert config.processors["step/v1.2"].config.threshold == 9


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("processors.step.threshold=many", "--set: processors.step.threshold: must be a whole"),
        ("processors.step.treshold=1", "--set: processors.step.treshold: unknown key (did you"),
        (
            "procesors.step.threshold=1",
            "--set: procesors: unknown key (did you mean 'processors'?)",
        ),
        ("processors.step.threshold", "--set: processors.step.threshold: write PATH=VALUE"),
        ("processors.step.label.x=1", "--set: processors.step.label.x: there is nothing to set"),
        ("processors.step.names.7=x", "--set: processors.step.names.7: there is nothing to set"),
        ("processors.step.names=[", "--set: processors.step.names: the value is not YAML"),
        ("processors..names=x", "--set: processors..names: write PATH=VALUE"),
        ("processors.stepp.label=x", "--set: processors.stepp: unknown processor type 'stepp'"),
    ],
)
def test_a_wrong_override_is_a_problem_that_names_set(step_problems: Problems, override, problem):
    (line,) = step_problems("label: x\nnames: [a]", override)
    assert line.startswith(problem)
