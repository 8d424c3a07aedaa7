"""Environment variables take their place in values, after the YAML is parsed."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collector.config.environment import resolve
from collector.config.problems import Place
from collector.config.source import parse, to_data
from tests.config.conftest import Load, Problems, with_step


def value(text: str, **environ: str) -> object:
    node, _ = parse(f"key: {text}\n", lambda mark: Place("f", mark.line + 1, mark.column + 1))
    resolved, problems = resolve(node, environ)
    assert problems == []
    return to_data(resolved)["key"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${env:NAME}", "winnow"),
        ("${NAME}", "winnow"),
        ("http://${env:NAME}:${env:PORT}/", "http://winnow:4317/"),
        ("${env:PORT}", 4317),
        ("'${env:PORT}'", "4317"),
        ('"${env:PORT}"', "4317"),
        ("${env:PORT}0", "43170"),
        ("${env:YES}", True),
        ("${env:EMPTY}", None),
        ("'${env:EMPTY}'", ""),
        ("${env:NOWHERE:-false}", False),
        ("${env:NOWHERE:-file:./data/archive}", "file:./data/archive"),
        ("${env:NOWHERE:-}", None),
        ("${env:EMPTY:-30s}", "30s"),
        ("${env:NAME:-other}", "winnow"),
        ("$$", "$"),
        ("$${env:NAME}", "${env:NAME}"),
        ("$$${env:NAME}", "$winnow"),
        ("^a.*b$", "^a.*b$"),
        ("a $5 note", "a $5 note"),
        ("${env:LIST}", "[a, b]"),
        ("${env:BROKEN_DATE}", "2024-02-31"),
    ],
)
def test_references_are_replaced(text: str, expected: object):
    environ = {
        "NAME": "winnow",
        "PORT": "4317",
        "YES": "true",
        "EMPTY": "",
        "LIST": "[a, b]",
        "BROKEN_DATE": "2024-02-31",
    }
    assert value(text, **environ) == expected


def test_what_a_variable_holds_is_not_looked_into_again():
    assert value("${env:A}", A="${env:B}", B="x") == "${env:B}"


def test_keys_stay_as_they_are():
    node, _ = parse("${env:A}: 1\n", lambda mark: Place("f"))
    assert to_data(resolve(node, {"A": "x"})[0]) == {"${env:A}": 1}


@given(st.text().filter(lambda text: "$" not in text))
def test_text_without_a_dollar_is_never_touched(text: str):
    assert value(yaml.safe_dump(text, default_style='"')) == text


@given(st.text())
def test_any_text_can_be_written_with_doubled_dollars(text: str):
    assert value(yaml.safe_dump(text.replace("$", "$$"), default_style='"')) == text


@given(st.text(st.characters(codec="utf-8")), st.sampled_from(["'${env:A}'", '"${env:A}"']))
def test_in_quotes_a_variable_is_text_whatever_it_holds(held: str, text: str):
    assert value(text, A=held) == held


def test_an_undefined_variable_is_a_problem_at_its_place(step_problems: Problems):
    assert step_problems("label: ${env:NOWHERE}") == [
        "3:12: processors.step.label: the environment variable NOWHERE is not set: set it, or "
        "give a default with ${env:NOWHERE:-default}"
    ]


def test_an_undefined_variable_is_told_once_even_where_the_text_would_be_wrong_too(
    step_problems: Problems,
):
    assert len(step_problems("threshold: ${env:NOWHERE}")) == 1


@pytest.mark.parametrize("text", ["${file:/etc/passwd}", "${env:}", "${env:A B}", "${env:A", "${}"])
def test_what_is_no_reference_is_a_problem_with_the_remedy(step_problems: Problems, text: str):
    (problem,) = step_problems(f"label: '{text}'")
    assert problem.startswith("3:12: processors.step.label: after ${ stands no variable")
    assert "$$ for a literal $" in problem


def test_a_number_from_the_environment_is_text_where_text_is_wanted(step):
    config = step("{label: '', key: '', names: []}")
    assert config.label == ""
    settings = "label: ${env:N}\nkey: ${env:N}\nnames:\n- ${env:N}\nthreshold: ${env:T}"
    config = step(settings, N="0042", T="7")
    assert (config.label, config.names, config.threshold) == ("0042", ["0042"], 7)
    assert config.key.get_secret_value() == "0042"


def test_an_empty_variable_leaves_text_empty_and_an_optional_secret_unset(step):
    config = step("label: ${env:N:-}\nkey: ${env:N:-}")
    assert (config.label, config.key) == ("", None)


def test_a_value_from_the_environment_is_never_part_of_a_problem(step_problems: Problems):
    (problem,) = step_problems("wait: ${env:API_KEY}", API_KEY="sk-live-1234")
    assert problem.startswith("3:11: processors.step.wait: '${env:API_KEY}' is not a duration")


def test_a_disabled_component_may_miss_its_variables(load: Load):
    text = "key: ${env:NOWHERE}\nenabled: ${env:STEP:-false}"
    assert load(with_step(text)).processors == {}


def test_an_unused_component_may_miss_its_variables(load: Load):
    text = with_step("{}").replace("  drain:", "  drain:\n  drain/idle: {token: '${env:NOWHERE}'}")
    assert list(load(text).exporters) == ["drain"]
