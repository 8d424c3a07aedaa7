"""A team's own rules, in gitleaks' TOML format."""

import pytest
from pydantic import ValidationError

from processors.redaction import RedactionConfig
from tests.helpers import batch, consume, metric, span
from tests.redaction.conftest import started

SECRET = "acme_" + "k7Q2" * 6
OTHER = "acme_" + "z9Y8" * 6
RULE = """
[[rules]]
id = "acme-key"
description = "a key of ours"
regex = '''acme_[a-zA-Z0-9]{24}'''
keywords = ["acme_"]
tags = ["own"]
"""


@pytest.fixture
def with_rules(tmp_path):
    def make(*texts, **settings):
        paths = [tmp_path / f"rules-{number}.toml" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text)
        return started(secret_rules=[str(path) for path in paths], **settings)

    return make


def clean(processor, text, key=""):
    return processor.redact(text, key)[0]


def test_a_rule_finds_what_its_regex_matches(with_rules):
    assert clean(with_rules(RULE), f"use {SECRET}.") == "use <ACME_KEY>."


def test_winnows_own_rules_stay(with_rules):
    assert clean(with_rules(RULE), "password=hunter22!") == "password=<PASSWORD>"


def test_rules_work_without_winnows_own(with_rules):
    processor = with_rules(RULE, secrets=False)
    assert clean(processor, f"password=hunter22! {SECRET}") == "password=hunter22! <ACME_KEY>"


def test_several_files_are_read(with_rules):
    second = "[[rules]]\nid = 'Zeta Token'\nregex = 'zeta[0-9]+'\n"
    assert clean(with_rules(RULE, second), f"{SECRET} zeta12") == "<ACME_KEY> <ZETA_TOKEN>"


def test_paths_are_relative_to_the_working_directory(tmp_path, monkeypatch):
    (tmp_path / "own.toml").write_text(RULE)
    monkeypatch.chdir(tmp_path)
    assert clean(started(secret_rules=["own.toml"]), SECRET) == "<ACME_KEY>"


def test_actions_hold_by_type_and_for_all_secrets(with_rules):
    mask = {"action": "mask", "keep_last": 4}
    assert clean(with_rules(RULE, actions={"ACME_KEY": mask}), SECRET).endswith("*k7Q2")
    assert clean(with_rules(RULE, actions={"secrets": {"action": "redact"}}), SECRET) == ""


def test_findings_are_counted_by_the_rules_type(with_rules):
    processor = with_rules(RULE)
    consume(processor, batch(span(attributes={"note": SECRET})))
    counted = metric(processor, "pii_entities_total", entity_type="ACME_KEY", action="replace")
    assert counted == 1


@pytest.mark.parametrize(
    ("group", "redacted"),
    [("", "id <X>;k7;"), ("secretGroup = 2", "id ab12;<X>;"), ("secretGroup = 1", "id <X>;k7;")],
)
def test_the_secret_is_the_group_named_or_the_first(with_rules, group, redacted):
    rule = f"[[rules]]\nid = 'x'\nregex = 'id ([a-z0-9]+);([a-z0-9]+);'\n{group}\n"
    assert clean(with_rules(rule), "id ab12;k7;") == redacted


def test_entropy_must_be_above_the_rules(with_rules):
    processor = with_rules(RULE.replace("tags", "entropy = 2.5\ntags"))
    assert clean(processor, f"{SECRET} acme_{'a' * 24}") == f"<ACME_KEY> acme_{'a' * 24}"


def test_a_rule_that_wants_a_name_works_under_a_key(with_rules):
    rule = """
[[rules]]
id = "beta"
regex = '''(?i)beta_key['"]?\\s*[:=]\\s*['"]([a-z0-9]{8})['"]'''
keywords = ["beta_key"]
"""
    processor = with_rules(rule, secrets=False)
    assert clean(processor, 'beta_key = "abcd1234"') == 'beta_key = "<BETA>"'
    assert clean(processor, '{"betaKey": "abcd1234"}') == '{"betaKey": "<BETA>"}'
    assert clean(processor, "abcd1234", "beta.key") == "<BETA>"
    assert clean(processor, "abcd1234", "gamma.key") == "abcd1234"


@pytest.mark.parametrize(
    ("allowed", "left"),
    [
        ("stopwords = ['Z9y8']", True),
        ("stopwords = ['nothing']", False),
        ("regexes = ['^acme_z']", True),
        ("regexes = ['public']", False),
        ("regexTarget = 'line'\nregexes = ['public']", True),
        ("regexTarget = 'match'\nregexes = ['z9Y8$']", True),
        ("paths = ['.*']", False),
        ("condition = 'AND'\nregexes = ['^acme_z']\nstopwords = ['z9y8']", True),
        ("condition = 'AND'\nregexes = ['^acme_z']\nstopwords = ['nothing']", False),
        ("condition = 'AND'\nregexes = ['^acme_z']\npaths = ['.*']", False),
    ],
)
@pytest.mark.parametrize(
    "table", ["[[rules.allowlists]]", "[rules.allowlist]", "[[allowlists]]", "[allowlist]"]
)
def test_what_a_list_allows_is_left(with_rules, table, allowed, left):
    text = f"first\npublic {OTHER}\nlast {SECRET}"
    expected = f"first\npublic {OTHER if left else '<ACME_KEY>'}\nlast <ACME_KEY>"
    assert clean(with_rules(f"{RULE}\n{table}\n{allowed}"), text) == expected


def test_a_global_list_is_for_the_rules_it_names(with_rules):
    file = f"{RULE}\n[[allowlists]]\ntargetRules = ['other']\nstopwords = ['z9y8']"
    assert clean(with_rules(file), OTHER) == "<ACME_KEY>"


@pytest.mark.parametrize(("extend", "left"), [("", False), ("[extend]\nuseDefault = true", True)])
def test_a_global_list_is_for_winnows_rules_where_the_file_extends_them(with_rules, extend, left):
    text = "password=hunter22!"
    file = f"{extend}\n[[allowlists]]\nstopwords = ['hunter']\n"
    assert (clean(with_rules(file), text) == text) is left


def test_a_list_can_be_for_one_of_winnows_rules(with_rules):
    file = "[[rules]]\nid = 'password'\n[[rules.allowlists]]\nstopwords = ['hunter']\n"
    text = "password=hunter22! postgres://a:hunter22@db/x"
    redacted = "password=hunter22! postgres://a:<URL_PASSWORD>@db/x"
    assert clean(with_rules(file), text) == redacted


def test_rules_can_be_disabled(with_rules):
    file = f"[extend]\nuseDefault = true\ndisabledRules = ['acme-key', 'PASSWORD', 'x']\n{RULE}"
    text = f"{SECRET} password=hunter22!"
    assert clean(with_rules(file), text) == text


def test_rules_for_paths_only_are_passed_over(with_rules):
    file = f"{RULE}\n[[rules]]\nid = 'key-file'\npath = '\\.p12$'\n"
    assert clean(with_rules(file), f"a.p12 {SECRET}") == "a.p12 <ACME_KEY>"


def test_a_rule_without_keywords_sees_every_text(with_rules):
    assert clean(with_rules("[[rules]]\nid='n'\nregex='q{4}'\n"), "a qqqq b") == "a <N> b"


def test_text_of_any_alphabet_keeps_its_places(with_rules):
    assert clean(with_rules(RULE), f"für „{SECRET}“ 日本") == "für „<ACME_KEY>“ 日本"


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("[[rules]]\nid = 'a'\nregex = '('\n", r"own.toml: rule a: regex: .*mend or remove it"),
        ("[[rules]]\nid = 'a'\nregex = '(?=x)'\n", r"own.toml: rule a: regex: .*RE2"),
        ("[[rules]]\nid = 'a'\nregex = 'x'\nsecretGroup = 1\n", r"rule a: secretGroup 1"),
        ("[[rules]]\nregex = 'x'\n", r"own.toml: rules.0.id: Field required"),
        ("[[rules]]\nid = 'a'\nregex = 7\n", r"own.toml: rule a: rules.0.regex: .*string"),
        (
            "[[rules]]\nid = '7-'\nregex = 'x'\n[[rules]]\nid = '-'\n",
            r"rule -: the id has no letter",
        ),
        ("[allowlist]\nregexes = ['(']\n", r"own.toml: allowlist: regexes: .*mend or remove it"),
        ("[allowlist]\nregexTarget = 'file'\n", "write secret, match or line"),
        ("[allowlist]\ncondition = 'XOR'\n", "write AND or OR"),
        ("[extend]\npath = 'base.toml'\n", "list the file in secret_rules too"),
        ("rules = ", "own.toml is no TOML"),
    ],
)
def test_a_mistake_names_file_rule_and_remedy(tmp_path, file, told):
    path = tmp_path / "own.toml"
    path.write_text(file)
    with pytest.raises(ValidationError, match=told):
        RedactionConfig.model_validate({"secret_rules": [str(path)]})


def test_a_file_that_is_not_there_is_a_mistake():
    with pytest.raises(ValidationError, match=r"no/such.toml cannot be read .* working directory"):
        RedactionConfig.model_validate({"secret_rules": ["no/such.toml"]})
