"""Names, places and organisations, found by a model that is trained here and loaded as any is."""

import json
import random
import string
import subprocess
import sys
import threading
import time
import types

import pytest
from click.testing import CliRunner
from pydantic import ValidationError
from structlog.testing import capture_logs

from collector import StartError
from collector.cli.redact import redact
from processors.redaction import Redaction, RedactionConfig, ner_models, ner_together
from processors.redaction.budget import Budget, OverrunError
from processors.redaction.findings import Finding
from processors.redaction.names import is_technical
from processors.redaction.ner import NerDetector
from processors.redaction.ner_settings import LABELS, Ner
from processors.redaction.ner_together import DeferredError
from tests.helpers import Sink, attributes, batch, consume, make, metric, span
from tests.redaction.conftest import started
from tests.redaction.tiny_model import train

JANE = "We met Jane Miller in Berlin last week ."
GENEROUS = {"timeout": "20s", "batch_timeout": "100s"}


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    directory = tmp_path_factory.mktemp("models") / "tiny"
    train(directory)
    return str(directory)


@pytest.fixture(scope="session")
def processor(model):
    return started(ner={"model": model, "timeout": "100s"}, **GENEROUS)


@pytest.fixture(scope="session")
def spacy_model(model):
    return ner_models.load(Ner(model=model))


@pytest.fixture
def detector(spacy_model):
    return NerDetector(spacy_model, LABELS, seconds=100)


def find(detector, text):
    return list(detector.find(text, "", Budget(100)))


class Fixed:
    """A model that finds given words, as often as they are there, and counts its calls."""

    labels = frozenset({"PERSON"})

    def __init__(self, *words):
        self.words = words
        self.texts = []

    def entities(self, texts):
        self.texts += texts
        return [
            [
                ner_models.Entity(text.index(word), text.index(word) + len(word), "PERSON", 0.9)
                for word in self.words
                if word in text
            ]
            for text in texts
        ]


def found_by(words, text):
    """What is left of these findings of a model."""
    return [text[f.start : f.end] for f in find(NerDetector(Fixed(*words), LABELS, 100), text)]


# Through the processor


def test_names_places_and_organisations_are_found(processor):
    assert processor.redact(JANE)[0] == "We met <PERSON> in <LOCATION> last week ."
    assert processor.redact("Please ask Tom Becker at Globex Ltd .")[0] == (
        "Please ask <PERSON> at <ORGANIZATION> ."
    )


def test_a_batch_is_redacted_and_counted(model):
    processor = started(ner={"model": model}, **GENEROUS)
    sent = batch(span(attributes={"note": JANE, "list": [JANE], "raw": json.dumps({"a": [JANE]})}))
    consume(processor, sent)
    clean = "We met <PERSON> in <LOCATION> last week ."
    assert attributes(sent.spans) == [
        {"note": clean, "list": [clean], "raw": json.dumps({"a": [clean]})}
    ]
    assert metric(processor, "pii_entities_total", entity_type="PERSON", action="replace") == 3


def test_what_is_found_has_presidios_score_and_its_place(processor):
    person, place = processor.redact(JANE)[1]
    assert person == Finding(7, 18, "PERSON", 0.85)
    assert place == Finding(22, 28, "LOCATION", 0.85)


def test_patterns_find_as_they_do_without_a_model(processor):
    text = "You can write to {} at any time ."
    assert processor.redact(text.format("jane@example.com"))[0] == text.format("<EMAIL_ADDRESS>")


def test_technical_attributes_are_not_searched_for_names(processor):
    sent = batch(span(attributes={"gen_ai.request.model": JANE}))
    consume(processor, sent)
    assert attributes(sent.spans) == [{"gen_ai.request.model": JANE}]


def test_actions_are_chosen_for_names_as_for_all_types(model):
    actions = {"PERSON": {"action": "mask"}, "LOCATION": {"action": "keep"}}
    processor = started(ner={"model": model}, actions=actions, **GENEROUS)
    assert processor.redact(JANE)[0] == "We met *********** in Berlin last week ."


def test_names_that_are_allowed_stay(model):
    processor = started(ner={"model": model}, allow=["jane miller"], **GENEROUS)
    assert processor.redact(JANE)[0] == "We met Jane Miller in <LOCATION> last week ."


def test_denied_words_are_found_beside_a_model_that_takes_its_time(model):
    # Longer than all other detectors may take together.
    deny = {"PROJECT": ["Bluebird"]}
    processor = started(
        ner={"model": model, "timeout": "100s"}, deny=deny, timeout="100ms", batch_timeout="100s"
    )
    redacted = processor.redact(f"{'The order was late. ' * 3000} Bluebird {JANE}")[0]
    assert redacted.startswith("The order was late. ")
    assert "<PROJECT>" in redacted
    assert "Jane Miller" not in redacted


def test_only_the_entities_that_are_asked_for_are_found(model):
    processor = started(ner={"model": model}, entities=["PERSON"], **GENEROUS)
    assert processor.redact(f"{JANE} jane@example.com")[0] == (
        "We met <PERSON> in Berlin last week . jane@example.com"
    )


def test_a_label_can_stand_for_another_type(model):
    ner = {"model": model, "labels": {"GPE": "CITY"}}
    processor = started(ner=ner, entities=["PERSON", "CITY"], **GENEROUS)
    assert processor.redact(JANE)[0] == "We met <PERSON> in <CITY> last week ."


def test_redacting_again_changes_nothing(processor):
    once = processor.redact(f"{JANE} Please ask Tom Becker at Globex Ltd .")[0]
    assert processor.redact(once) == (once, [])


def test_a_model_that_fails_masks_the_value(model, monkeypatch):
    processor = started(ner={"model": model}, **GENEROUS)

    def fail(*_):
        raise RuntimeError(JANE)

    monkeypatch.setattr(ner_models.SpacyModel, "entities", fail)
    assert processor.redact(JANE)[0] == "<REDACTED:error>"


def test_a_model_that_is_too_slow_masks_the_value(model):
    processor = started(ner={"model": model, "timeout": "0.001ms"}, **GENEROUS)
    assert processor.redact(JANE)[0] == "<REDACTED:timeout>"
    assert processor.redact("500 200")[0] == "500 200"


def test_workers_find_names_too(model):
    processor = started(ner={"model": model}, workers=1, **GENEROUS)
    processor.next = Sink()
    try:
        consume(processor, batch(span(attributes={"note": JANE})))
        assert attributes(processor.next.batches[0].spans) == [
            {"note": "We met <PERSON> in <LOCATION> last week ."}
        ]
    finally:
        processor.shutdown()


@pytest.mark.parametrize("first", ["with", "without"])
def test_a_processor_with_a_model_and_one_without_share_a_process(model, first):
    code = (
        "import sys\n"
        "from tests.redaction.conftest import started\n"
        "def with_model():\n"
        "    redacted = started(ner={'model': sys.argv[1]}).redact(sys.argv[2])[0]\n"
        "    assert redacted == 'We met <PERSON> in <LOCATION> last week .', redacted\n"
        "def without_model():\n"
        "    processor = started()\n"
        "    assert processor.redact(sys.argv[2])[0] == sys.argv[2]\n"
        "    assert processor.redact('jane@example.com')[0] == '<EMAIL_ADDRESS>'\n"
        "order = [with_model, without_model]\n"
        "for use in order if sys.argv[3] == 'with' else reversed(order):\n"
        "    use()\n"
        "import spacy\n"
        "assert spacy.blank('en')('a b')[0].text == 'a'\n"
    )
    subprocess.run([sys.executable, "-c", code, model, JANE, first], check=True)


# A batch


@pytest.fixture
def calls(monkeypatch):
    """The texts of each call of a spaCy model."""
    seen = []
    search = ner_models.SpacyModel.entities

    def counting(self, texts):
        seen.append(list(texts))
        return search(self, texts)

    monkeypatch.setattr(ner_models.SpacyModel, "entities", counting)
    return seen


def several(number=30):
    """Attributes of spans: distinct texts, some of them in JSON."""
    for n in range(number):
        note = f"{JANE} It was the {n}. time that the order arrived ."
        yield {
            "note": note,
            "raw": json.dumps([{"content": f"{n}: {JANE}"}]),
            "list": [f"{JANE} {n}"],
        }


def redacted(processor, *attributes_in):
    sent = batch(*(span(attributes=each) for each in attributes_in))
    consume(processor, sent)
    return attributes(processor.next.batches[-1].spans)


@pytest.mark.parametrize("workers", [0, 1])
def test_the_texts_of_a_batch_are_redacted_as_each_alone(processor, model, workers):
    together = started(ner={"model": model, "timeout": "100s"}, workers=workers, **GENEROUS)
    together.next = Sink()
    try:
        out = redacted(together, *several())
    finally:
        together.shutdown()
    for before, after in zip(several(), out, strict=True):
        assert after["note"] == processor.redact(before["note"])[0]
        assert after["raw"] == processor.redact(before["raw"])[0]
        assert after["list"] == [processor.redact(before["list"][0])[0]]
    for entity in ("PERSON", "LOCATION"):
        counted = metric(together, "pii_entities_total", entity_type=entity, action="replace")
        assert counted == str(out).count(f"<{entity}>") >= 90


def test_the_texts_of_a_batch_are_given_to_the_model_together(model, calls):
    processor = started(ner={"model": model, "timeout": "100s"}, **GENEROUS)
    calls.clear()
    redacted(processor, *several())
    first, again = calls  # the second time, with what is left of them
    assert len(first) == len(set(first)) == 90
    assert len(again) <= 90
    assert not [text for text in again if "Jane" in text]


def test_what_the_cache_knows_is_not_given_to_the_model(model, calls):
    processor = started(ner={"model": model, "timeout": "100s"}, **GENEROUS)
    known = [{"note": each["note"]} for each in several()]
    first = redacted(processor, *known)
    calls.clear()
    new = "Please ask Tom Becker at Globex Ltd ."
    assert redacted(processor, *known, {"note": new})[:-1] == first
    assert [text for texts in calls for text in texts if "Becker" not in text] == [
        "Please ask          at                ."
    ]


def test_more_text_than_may_wait_is_redacted_all_the_same(model, calls, monkeypatch):
    monkeypatch.setattr(ner_together, "_MOST", 1000)
    processor = started(ner={"model": model, "timeout": "100s"}, **GENEROUS)
    calls.clear()
    assert "Jane" not in str(redacted(processor, *several()))
    assert all(sum(map(len, texts)) <= 1000 for texts in calls)


def test_long_texts_do_not_wait(model, calls):
    processor = started(ner={"model": model, "timeout": "100s"}, **GENEROUS)
    long = "The order was late . " * 500 + JANE
    ((found),) = redacted(processor, {"note": long})
    assert found["note"] == long.replace("Jane Miller", "<PERSON>").replace("Berlin", "<LOCATION>")


def test_a_text_on_which_the_model_fails_harms_no_other(model, monkeypatch):
    processor = started(ner={"model": model, "timeout": "100s"}, **GENEROUS)
    search = ner_models.SpacyModel.entities

    def fail(self, texts):
        if any("poison" in text for text in texts):
            raise RuntimeError(JANE)
        return search(self, texts)

    monkeypatch.setattr(ner_models.SpacyModel, "entities", fail)
    out = redacted(processor, {"note": JANE}, {"note": f"poison {JANE}"})
    assert [each["note"] for each in out] == [
        "We met <PERSON> in <LOCATION> last week .",
        "<REDACTED:error>",
    ]
    assert metric(processor, "winnow_redaction_masked_values_total", reason="error") == 1


@pytest.mark.parametrize(
    "hurry", [{"ner": {"timeout": "0.001ms"}}, {"batch_timeout": "0.001ms"}], ids=["ner", "batch"]
)
def test_texts_that_take_too_long_together_are_masked(model, hurry):
    ner = {"model": model, "timeout": "100s"} | hurry.get("ner", {})
    processor = started(**(GENEROUS | hurry | {"ner": ner}))
    out = redacted(processor, {"a": JANE}, {"a": f"Yesterday {JANE}"}, {"a": "stopped"})
    assert [each["a"] for each in out] == ["<REDACTED:timeout>"] * 2 + ["stopped"]
    assert metric(processor, "winnow_redaction_masked_values_total", reason="timeout") == 2


def test_a_batch_that_runs_out_of_time_while_the_model_searches_is_masked(model, monkeypatch):
    processor = started(
        ner={"model": model, "timeout": "100s"}, timeout="20s", batch_timeout="300ms"
    )
    search = ner_models.SpacyModel.entities

    def slow(self, texts):
        until = time.thread_time() + 0.4
        while time.thread_time() < until:
            pass
        return search(self, texts)

    monkeypatch.setattr(ner_models.SpacyModel, "entities", slow)
    out = redacted(processor, *({"a": f"{JANE} {'x ' * 3800} {n}"} for n in range(3)))
    assert [each["a"] for each in out] == ["<REDACTED:timeout>"] * 3


def test_names_of_spans_events_and_scopes_are_not_searched_for_names(processor):
    made = span(JANE, attributes={"note": JANE}, error=True)
    made.events.add(name=JANE)
    made.events.add(name="to jane@example.com")
    made.status.message = JANE
    sent = batch(made)
    sent.message.resource_spans[0].scope_spans[0].scope.name = JANE
    consume(processor, sent)
    (record,) = sent.spans
    clean = "We met <PERSON> in <LOCATION> last week ."
    assert (record.span.name, record.scope.scope.name) == (JANE, JANE)
    assert [event.name for event in record.span.events] == [JANE, "to <EMAIL_ADDRESS>"]
    assert (record.span.status.message, record.attributes.get("note")) == (clean, clean)


# winnow redact


@pytest.fixture
def pipeline(tmp_path):
    def write(model):
        path = tmp_path / "pipeline.yaml"
        path.write_text(
            "receivers: {otlp: {}}\nexporters: {debug: {}}\n"
            f"processors: {{redaction: {{ner: {{model: '{model}'}}}}}}\n"
            "service: {pipelines: {traces: {receivers: [otlp], processors: [redaction], "
            "exporters: [debug]}}}\n"
        )
        return str(path)

    return write


def test_redact_finds_names_with_the_model_of_a_file(pipeline, model):
    answer = CliRunner().invoke(redact, ["--config", pipeline(model)], input=JANE)
    assert answer.stdout == "We met <PERSON> in <LOCATION> last week .\n"
    assert not answer.stderr


def test_redact_tells_of_a_model_that_is_not_there(pipeline):
    answer = CliRunner().invoke(redact, ["--config", pipeline("xx_missing")], input=JANE)
    assert answer.exit_code == 1
    assert "python -m spacy download xx_missing" in answer.stderr


# The start


def test_the_start_says_what_is_on_and_off(model):
    with capture_logs() as logs:
        started(ner={"model": model})
        started(secrets=False)
    with_model, without = (entry for entry in logs if entry["event"] == "redaction is on")
    assert "PERSON" in with_model["entities"]
    assert (with_model["secrets"], with_model["ner"]) == ("on", model)
    assert "PERSON" not in without["entities"]
    assert (without["secrets"], without["ner"]) == ("off", "off")


@pytest.mark.parametrize("workers", [0, 1])
def test_a_model_that_is_not_installed_is_told_with_the_command(workers):
    processor = make(Redaction, {"ner": {"model": "xx_missing"}, "workers": workers})
    with pytest.raises(StartError, match=r"xx_missing.*python -m spacy download xx_missing"):
        processor.start()


@pytest.mark.parametrize("workers", [0, 1])
def test_a_directory_without_a_model_is_told(tmp_path, workers):
    processor = make(Redaction, {"ner": {"model": str(tmp_path)}, "workers": workers})
    with pytest.raises(StartError, match=rf"{tmp_path} cannot be loaded"):
        processor.start()
    processor.shutdown()


def test_a_model_without_ner_is_told(tmp_path):
    import spacy

    spacy.blank("en").to_disk(tmp_path)
    with pytest.raises(StartError, match=r"no label of .* \(none\) stands for an entity type"):
        ner_models.load(Ner(model=str(tmp_path)))


def test_what_ner_does_not_need_is_not_loaded(spacy_model):
    assert spacy_model._nlp.pipe_names == ["ner"]


# Settings


def test_names_are_found_by_default_where_there_is_a_model():
    assert RedactionConfig(ner={"model": "x"}).entities[-3:] == (
        "PERSON",
        "LOCATION",
        "ORGANIZATION",
    )
    assert "PERSON" not in RedactionConfig().entities


def test_presidios_labels_are_known():
    from presidio_analyzer.nlp_engine import NerModelConfiguration

    presidio = NerModelConfiguration()
    assert presidio.model_to_presidio_entity_mapping.items() <= LABELS.items()
    assert Ner(model="x").score == presidio.default_score


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"entities": ["PERSON"]}, "'PERSON' needs a model: set ner"),
        ({"entities": ["PERSN"], "ner": {"model": "x"}}, "did you mean PERSON?"),
        ({"entities": ["CRYPTO"], "ner": {"model": "x"}}, "add PERSON to entities, or remove ner"),
        ({"ner": {"model": "x", "score": 0.3}}, "it is below score_threshold, which is 0.4"),
        ({"ner": {"model": "x", "labels": {"PER": "person"}}}, "should match pattern"),
        ({"ner": {"model": "x", "engine": "flair"}}, "'spacy' or 'transformers'"),
        ({"ner": {}}, "Field required"),
        ({"ner": {"model": ""}, "entities": ["PERSON"]}, "at least 1 character"),
        ({"actions": {"PERSON": {"action": "keep"}}}, "'PERSON' is not in entities"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(settings, told):
    with pytest.raises(ValidationError, match=told.replace("?", r"\?")) as error:
        RedactionConfig.model_validate(settings)
    assert error.value.error_count() == 1


# The detector


@pytest.mark.parametrize(
    "word",
    [
        *("get_user_name", "getUserName", "NullPointerException", "main.py", "src/app/main"),
        *("https://example.com/Jane", "2024-01-01", "500", "gpt-4o", "v1.2.3", "0x7fff", "a1b2c3"),
        *("ERROR", "null", "x-request-id", "user_id=4711"),
    ],
)
def test_what_looks_technical_is_no_name(word):
    assert is_technical(word)
    assert found_by([word], f"2 calls of {word} failed") == []


@pytest.mark.parametrize(
    "name",
    [
        *("Jane Miller", "jane miller", "O'Brien", "Jean-Luc Picard", "J.R.R. Tolkien", "McDonald"),
        *(
            "AT&T",
            "St. Louis",
            "Siân O\u2019Neill",
            "Łódź",
            "山田太郎",
            "प्रिया नायर",
            "محمد",
            "GitHub",
        ),
        *("Room 12 of Jane Miller", "Jane/John", "12 March", "GitHub"),
    ],
)
def test_names_of_all_kinds_stay(name):
    assert found_by([name], f"2 calls of {name}, today") == [name]


def test_a_name_ends_where_the_line_does_and_loses_its_signs():
    assert found_by(['"Jane Miller",\n12:30\t(Tom'], 'to "Jane Miller",\n12:30\t(Tom') == [
        "Jane Miller",
        "Tom",
    ]


@pytest.mark.parametrize("text", ["", "12345", "2024-01-01 12:30", "stop", "get_user_name", "!?"])
def test_a_text_that_can_hold_no_name_is_not_given_to_the_model(text):
    fixed = Fixed("stop")
    assert find(NerDetector(fixed, LABELS, 100), text) == []
    assert fixed.texts == []


def test_what_stands_for_earlier_findings_is_not_read():
    fixed = Fixed("PERSON")
    assert find(NerDetector(fixed, LABELS, 100), "Then <PERSON_3fa9c1d2> met Tom") == []
    assert fixed.texts == ["Then                   met Tom"]


@pytest.mark.parametrize("name", ["Tom", "TOM"])
def test_a_name_in_angle_brackets_is_read(name):
    assert found_by([name], f"12:30 <{name}> hello") == [name]


def test_a_script_without_blanks_is_read_as_it_is():
    fixed = Fixed()
    text = "\u0e2a\u0e21\u0e0a\u0e32\u0e22\u0e2d\u0e22\u0e39\u0e48" * 10  # Thai, with marks
    find(NerDetector(fixed, LABELS, 100), text)
    assert fixed.texts == [text]


def test_a_name_is_found_anywhere_in_a_long_text():
    filler = "so it goes " * 80
    for position in range(0, 20_000, 997):
        text = (filler * 24)[:position] + " Jane Miller " + (filler * 24)[: 20_000 - position]
        assert found_by(["Jane Miller"], text) == ["Jane Miller"]


@pytest.mark.slow
def test_a_text_of_more_than_a_million_characters_is_searched(spacy_model):
    # spaCy itself refuses it (E088).
    text = f"{'x' * 63} " * 16_000 + JANE
    places = find(NerDetector(spacy_model, LABELS, seconds=100), text)
    assert Finding(1_024_007, 1_024_018, "PERSON", 0.85) in places


def test_the_time_is_looked_at_between_windows():
    fixed = Fixed()
    with pytest.raises(OverrunError):
        find(NerDetector(fixed, LABELS, seconds=1e-7), "Jane " * 10_000)
    assert len(fixed.texts) < 3


@pytest.mark.parametrize("text", ["=" * 16000, "''s" * 5300, "(" * 16000, "<" + "A_" * 8000])
def test_signs_do_not_keep_the_tokenizer_busy(spacy_model, text):
    # The first of them takes spaCy 3 s for 4,000 characters.
    find(NerDetector(spacy_model, LABELS, seconds=2), text + " Jane")


def test_texts_wait_for_each_other_until_they_are_searched(detector):
    texts = [f"We met Jane Miller in Berlin {n} times ." for n in range(20)]
    alone = [find(detector, text) for text in texts]
    with detector.together() as together:
        for text in texts:
            with pytest.raises(DeferredError):
                find(detector, text)
        together.search(Budget(100))
        assert [find(detector, text) for text in texts] == alone
    assert find(detector, JANE)


def test_threads_share_a_model(detector):
    expected = find(detector, JANE)
    assert expected
    results = []

    def work():
        results.extend(find(detector, JANE) == expected for _ in range(50))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 200


def test_memory_stays_bounded_over_many_new_words(model, monkeypatch):
    monkeypatch.setattr(ner_models, "_MOST_TOKENS", 4000)
    loaded = ner_models.load(Ner(model=model))
    rng = random.Random(7)
    detector = NerDetector(loaded, LABELS, seconds=100)
    strings = loaded._nlp.vocab.strings
    known = len(strings)
    for _ in range(10):
        words = ("".join(rng.choices(string.ascii_letters, k=9)) for _ in range(2000))
        find(detector, " ".join(words))
        assert len(strings) == known
    assert loaded._tokens < 8000
    assert [f.type for f in find(detector, JANE)] == ["PERSON", "LOCATION"]


# transformers, which is not installed where these tests run: what can be tested without it


def test_transformers_that_is_not_installed_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(StartError, match="pip install transformers torch"):
        ner_models.load(Ner(model=str(tmp_path), engine="transformers"))


def test_a_transformers_model_is_never_fetched():
    with pytest.raises(StartError, match=r"hf download"):
        ner_models.load(Ner(model="dslim/bert-base-NER", engine="transformers"))


@pytest.fixture
def transformers(monkeypatch):
    """A stand-in that answers as `transformers.pipeline` is documented to."""

    class Pipeline:
        model = types.SimpleNamespace(
            config=types.SimpleNamespace(id2label={0: "O", 1: "B-PER", 2: "I-PER"})
        )

        def __init__(self, **settings):
            self.settings = settings

        def __call__(self, texts):
            jane = {"entity_group": "PER", "score": 0.99, "start": 7, "end": 18}
            return [[jane] if text == JANE else [] for text in texts]

    module = types.SimpleNamespace(pipeline=Pipeline)
    monkeypatch.setitem(sys.modules, "transformers", module)
    return module


def test_a_transformers_model_is_run_with_presidios_settings(transformers, tmp_path):
    processor = started(ner={"model": str(tmp_path), "engine": "transformers"}, **GENEROUS)
    redacted, (found,) = processor.redact(JANE)
    assert redacted == "We met <PERSON> in Berlin last week ."
    assert found == Finding(7, 18, "PERSON", 0.99)
    made = ner_models.load(Ner(model=str(tmp_path), engine="transformers"))
    assert made.labels == {"PER"}
    assert made._pipeline.settings["aggregation_strategy"] == "max"
    assert made._pipeline.settings["stride"] == 14
