"""How good redaction is on labelled data: `winnow redact --evaluate`."""

import json

import pytest
from click.testing import CliRunner

from collector.cli.redact import redact
from processors.redaction.evaluation import Tally, canonical, evaluate
from processors.redaction.findings import Finding
from processors.redaction.labelled import Label, LabelledDataError, Sample, load

TEXT = "mail jane@example.com or call 415-555-0132"
MAIL, PHONE = (5, 21), (30, 42)


def sample(*labels, text=TEXT):
    entities = [{"type": kind, "start": start, "end": end} for kind, (start, end) in labels]
    return Sample.model_validate({"text": text, "entities": entities})


def evaluated(labels, findings, searched=("EMAIL_ADDRESS", "PHONE_NUMBER")):
    found = [Finding(start, end, kind, 1.0) for kind, (start, end) in findings]
    return evaluate([sample(*labels)], lambda text: ("<>", found), searched)


def counts(evaluation, kind):
    tally = evaluation.types[kind]
    return tally.labels, tally.found, tally.findings, tally.right


def test_a_label_is_found_where_half_of_it_is_covered():
    label = [("EMAIL_ADDRESS", MAIL)]
    half = evaluated(label, [("EMAIL_ADDRESS", (5, 13))])
    less = evaluated(label, [("EMAIL_ADDRESS", (5, 12))])
    assert counts(half, "EMAIL_ADDRESS") == (1, 1, 1, 1)
    assert counts(less, "EMAIL_ADDRESS") == (1, 0, 1, 1)
    assert (half.uncovered, less.uncovered) == (8, 9)


def test_a_finding_is_right_where_half_of_it_is_labelled():
    whole = evaluated([("EMAIL_ADDRESS", MAIL)], [("EMAIL_ADDRESS", (0, len(TEXT)))])
    assert counts(whole, "EMAIL_ADDRESS") == (1, 1, 1, 0)


def test_two_halves_found_apart_are_one_label_found():
    halves = [("PHONE_NUMBER", (30, 34)), ("PHONE_NUMBER", (36, 42))]
    assert counts(evaluated([("PHONE_NUMBER", PHONE)], halves), "PHONE_NUMBER") == (1, 1, 2, 2)


def test_another_type_covers_characters_but_finds_no_label():
    evaluation = evaluated([("PHONE_NUMBER", PHONE)], [("EMAIL_ADDRESS", PHONE)])
    assert counts(evaluation, "PHONE_NUMBER") == (1, 0, 0, 0)
    assert counts(evaluation, "EMAIL_ADDRESS") == (0, 0, 1, 0)
    assert evaluation.uncovered == 0


def test_types_of_other_data_sets_are_those_of_presidio():
    evaluation = evaluated([("email", MAIL), ("Phone", PHONE)], [("EMAIL_ADDRESS", MAIL)])
    assert counts(evaluation, "EMAIL_ADDRESS") == (1, 1, 1, 1)
    assert canonical("ssn") == "US_SSN"
    assert canonical("My-Own type") == "MY_OWN_TYPE"


def test_what_is_not_looked_for_stands_apart():
    evaluation = evaluated([("PERSON", (5, 9))], [])
    assert evaluation.ignored["PERSON"].labels == 1
    assert (evaluation.characters, evaluation.ignored_uncovered) == (0, 4)
    assert evaluation.total == Tally()
    assert "Not looked for: PERSON (1)" in "\n".join(evaluation.lines())


def test_a_text_that_is_masked_as_a_whole_is_told_and_not_counted():
    masked = evaluate(
        [sample(("PHONE_NUMBER", PHONE))], lambda _: ("<REDACTED:timeout>", []), ["PHONE_NUMBER"]
    )
    assert masked.masked == 1
    assert counts(masked, "PHONE_NUMBER") == (0, 0, 0, 0)


def test_f2_weighs_recall_twice():
    tally = Tally(labels=10, found=5, findings=5, right=5)
    assert tally.f2 == pytest.approx(5 * 1.0 * 0.5 / (4 * 1.0 + 0.5))
    assert Tally(labels=3).f2 == 0.0
    assert Tally().f2 is None


@pytest.fixture
def file(tmp_path):
    def write(content):
        path = tmp_path / "labelled.json"
        path.write_text(content)
        return path

    return write


RESEARCH = json.dumps(
    [
        {
            "full_text": TEXT,
            "spans": [
                {"entity_type": "EMAIL_ADDRESS", "start_position": 5, "end_position": 21},
                {"entity_type": "PHONE_NUMBER", "start_position": 30, "end_position": 42},
            ],
            "template_id": 7,
        }
    ],
    indent=1,
)


def run(*arguments, text=None):
    return CliRunner().invoke(redact, [str(argument) for argument in arguments], input=text)


def test_the_command_prints_a_table(file):
    answer = run("--evaluate", file(RESEARCH))
    assert answer.exit_code == 0, answer.output
    assert "| EMAIL_ADDRESS | 1 | 1 | 1.000 | 1 | 1 | 1.000 | 1.000 |" in answer.stdout
    assert "Of 28 labelled characters in 1 texts, 0 are left as they were." in answer.stdout


def test_what_json_writes_can_be_evaluated(file):
    written = run("--json", text=f"{TEXT}\nnothing\n").stdout
    answer = run("--evaluate", file(written), "--json")
    report = json.loads(answer.stdout)
    assert report["texts"] == 2
    assert report["total"]["recall"] == report["total"]["precision"] == 1.0
    assert report["types"]["PHONE_NUMBER"]["labels"] == 1


def test_both_formats_say_the_same(file):
    (one,) = load(file(RESEARCH))
    labels = [("EMAIL_ADDRESS", MAIL), ("PHONE_NUMBER", PHONE)]
    assert one == sample(*labels)
    assert one.labels[0] == Label(type="EMAIL_ADDRESS", start=5, end=21)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[{]", r"labelled.json:1: not JSON"),
        ('{"text": "", "entities": []}\nmail jane', r"labelled.json:2: neither a JSON object"),
        ('{"text": "", "entities": []}\n\n{"text": 1}', r"labelled.json:3: text: "),
        ('[{"full_text": "", "spans": []}, {"spans": []}]', r"item 1: text: Field required"),
        ('[{"text": "jane", "spans": [{"type": "X", "start": 2, "end": 9}]}]', r"item 0: label 0"),
        ('[{"text": "jane", "spans": [{"type": "X", "start": 2}]}]', r"item 0: .*end"),
        ("[]", r"no labelled text"),
        ("", r"no labelled text"),
    ],
)
def test_a_file_that_does_not_fit_is_told_with_its_place(file, content, told):
    with pytest.raises(LabelledDataError, match=told) as caught:
        load(file(content))
    assert "jane" not in str(caught.value)


def test_the_command_tells_of_a_file_that_does_not_fit(file):
    answer = run("--evaluate", file("[1]"))
    assert answer.exit_code == 1
    assert "item 0" in answer.stderr
