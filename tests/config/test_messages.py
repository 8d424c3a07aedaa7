"""Problems are short sentences that say the remedy, at the exact place, and show no secret."""

import pytest

from tests.config.conftest import Problems


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("threshold: [1]", "3:16: processors.step.threshold: must be a whole number"),
        ("threshold: 1.5", "3:16: processors.step.threshold: must be a whole number"),
        ("threshold: 101", "3:16: processors.step.threshold: must be at most 100"),
        ("threshold: -1", "3:16: processors.step.threshold: must be at least 0"),
        ("share: much", "3:12: processors.step.share: must be a number"),
        ("label: 5", "3:12: processors.step.label: must be text: put it in quotes"),
        ("enabled: maybe", "3:14: processors.step.enabled: must be true or false"),
        ("names: a", "3:12: processors.step.names: must be a list: [a, b]"),
        (
            "prices: 5",
            "3:13: processors.step.prices: must be a mapping, with a `key: value` a line",
        ),
        (
            "nested: 5",
            "3:13: processors.step.nested: must be a mapping, with a `key: value` a line",
        ),
        ("mode: carefull", "must be one of fast, careful (did you mean 'careful'?)"),
        ("mode: 5", "3:11: processors.step.mode: must be one of fast, careful"),
        ("names: [a, 5]", "3:16: processors.step.names[1]: must be text: put it in quotes"),
        ("prices: {gpt: dear}", "3:19: processors.step.prices.gpt: must be a number"),
        ("nested: {depht: 1}", "3:14: processors.step.nested.depht: unknown key (did you mean"),
        ("nested:\n  depth: 0", "4:14: processors.step.nested.depth: must be at least 1"),
        ("7: x", "3:5: processors.step[7]: a key must be text: put it in quotes"),
        ("prices: {7: 1.0}", "processors.step.prices[7]: must be text: put it in quotes"),
        ("either: x", "3:13: processors.step.either: must be a whole number, or must be a list"),
        ("either: [x]", "3:14: processors.step.either[0]: must be a whole number"),
        ("zzz: 1", "3:5: processors.step.zzz: unknown key; known are either, enabled, key, label"),
    ],
)
def test_a_wrong_value_is_told_with_its_remedy(step_problems: Problems, settings, expected):
    (problem,) = step_problems(settings)
    assert expected in problem


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{name: a}", "3:13: processors.step.rules[0]: needs the key 'type'"),
        (
            "{name: a, type: slwo}",
            "3:29: processors.step.rules[0].type: must be one of slow, failed"
            " (did you mean 'slow'?)",
        ),
        ("{type: slow, slow: {depth: 2}}", "3:13: processors.step.rules[0].name: is required"),
        ("{type: slow, name: a}", "3:13: processors.step.rules[0].slow: is required"),
        ("{type: slow, name: 5, slow: {}}", "3:32: processors.step.rules[0].name: must be text"),
        ("{type: slow, name: a, slow: {depth: x}}", "3:49: processors.step.rules[0].slow.depth: "),
        (
            "{type: slow, name: a, slow: {deph: 1}}",
            "3:42: processors.step.rules[0].slow.deph: unknown key (did you mean 'depth'?)",
        ),
        (
            "{type: failed, name: a, sevrity: 1}",
            "3:37: processors.step.rules[0].sevrity: unknown key (did you mean 'severity'?)",
        ),
        (
            "{type: failed, name: a, slow: {}}",
            "3:37: processors.step.rules[0].slow: unknown key; known are name, severity, type",
        ),
        ("5", "3:13: processors.step.rules[0]: must be a mapping"),
    ],
)
def test_an_entry_that_its_type_shapes_is_told_to_the_column(
    step_problems: Problems, rule: str, expected: str
):
    (problem,) = step_problems(f"rules: [{rule}]")
    assert problem.startswith(expected)


def test_two_wrong_entries_have_a_line_each(step_problems: Problems):
    found = step_problems("rules:\n- {type: slow, name: a, slow: {depth: 0}}\n- {type: fast}")
    assert [line.split(":")[:2] for line in found] == [["4", "43"], ["5", "14"]]


@pytest.mark.parametrize("secret", ["[sk-live-1234]", "{sk-live-1234: x}"])
def test_a_secret_of_the_wrong_type_is_not_shown(step_problems: Problems, secret: str):
    (problem,) = step_problems(f"key: {secret}")
    assert "processors.step.key: must be text" in problem
    assert "sk-live" not in problem


def test_a_password_in_an_address_is_not_shown(problems: Problems):
    text = 'exporters: {needy: {address: "http://me:hunter2@host/"}}\nservice: {}\n'
    assert any("is not an endpoint" in line for line in problems(text))
    assert not any("hunter2" in line for line in problems(text))
