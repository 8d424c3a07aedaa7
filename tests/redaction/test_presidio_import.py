"""Presidio without spaCy: what is loaded in a fresh interpreter, and what is not."""

import subprocess
import sys

import pytest

HEAVY = "{m for m in sys.modules if m.split('.')[0] in ('spacy', 'thinc', 'numpy')}"
RSS = "int(open('/proc/self/statm').read().split()[1]) * resource.getpagesize() / 1e6"
START = "import sys, resource\nfrom tests.redaction.conftest import started\n"


def run(code, *arguments):
    """Run `code` in a fresh interpreter; a failed assertion in it fails the test."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + code, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_redaction_by_patterns_loads_no_spacy():
    run(f"started(); assert not {HEAVY}, {HEAVY}")


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_redaction_by_patterns_stays_below_110_mb():
    # 79 MB on CPython 3.11; 130 MB with spaCy.
    run(f"started(); assert {RSS} < 110, {RSS}")


def test_every_type_is_found_without_spacy():
    run(
        "from processors.redaction.recognizers import entity_types\n"
        "processor = started(entities=entity_types())\n"
        "text = 'jane@example.com +1 415 555 0132 4111111111111111 DE89370400440532013000 "
        "10.1.2.3 ssn 212-34-5678 itin 912-70-1234'\n"
        "found = {finding.type for finding in processor.redact(text)[1]}\n"
        "assert {'EMAIL_ADDRESS', 'PHONE_NUMBER', 'CREDIT_CARD', 'IBAN_CODE', 'IP_ADDRESS',\n"
        "        'US_SSN', 'US_ITIN'} <= found, found\n"
        f"assert not {HEAVY}, {HEAVY}"
    )


def test_other_code_gets_the_real_spacy_afterwards():
    run("started()\nimport spacy\nassert [t.text for t in spacy.blank('en')('a b')] == ['a', 'b']")


@pytest.mark.slow
def test_other_code_gets_the_real_spacy_at_the_same_time():
    run(
        "import threading\n"
        "def use():\n"
        "    import spacy.tokens\n"
        "    docs.append(spacy.tokens.Doc(spacy.blank('en').vocab, words=['a']))\n"
        "docs = []\n"
        "thread = threading.Thread(target=use)\n"
        "thread.start()\n"
        "started()\n"
        "thread.join()\n"
        "assert docs[0].text == 'a '\n"
    )


@pytest.mark.slow
def test_where_spacy_is_loaded_presidio_uses_it():
    run(
        "import spacy\n"
        "started()\n"
        "from presidio_analyzer.nlp_engine import spacy_nlp_engine\n"
        "assert spacy_nlp_engine.Doc is spacy.tokens.Doc\n"
    )


@pytest.mark.slow
def test_presidio_that_is_loaded_stays_as_it_is():
    run(
        "import presidio_analyzer, spacy\n"
        "started()\n"
        "from presidio_analyzer.nlp_engine import spacy_nlp_engine\n"
        "assert spacy_nlp_engine.Doc is spacy.tokens.Doc\n"
    )


def test_an_engine_of_presidio_that_needs_spacy_tells_the_remedy():
    run(
        "started()\n"
        "from presidio_analyzer.nlp_engine import SpacyNlpEngine, NoOpNlpEngine\n"
        "from processors.redaction.presidio import NotLoadedError\n"
        "models = [{'lang_code': 'en', 'model_name': 'none'}]\n"
        "for use in SpacyNlpEngine(models).load, lambda: NoOpNlpEngine(models):\n"
        "    try:\n"
        "        use()\n"
        "    except NotLoadedError as error:\n"
        "        assert 'set `ner`' in str(error) and 'import the package' in str(error)\n"
        "    else:\n"
        "        raise AssertionError\n"
    )


def test_a_presidio_that_needs_more_of_spacy_gets_the_real_one(tmp_path):
    package = tmp_path / "presidio_analyzer"
    package.mkdir()
    (package / "__init__.py").write_text(
        "import spacy\n"
        "from presidio_analyzer import predefined_recognizers\n"
        "TEXT = spacy.tokens.Doc(spacy.vocab.Vocab(), words=['a', 'b']).text\n"
    )
    (package / "predefined_recognizers.py").write_text("")
    run(
        "sys.path.insert(0, sys.argv[1])\n"
        "from processors.redaction.presidio import TEXT\n"
        "import spacy\n"
        "assert TEXT == 'a b '\n",
        str(tmp_path),
    )


@pytest.mark.slow
def test_import_statements_are_as_before_afterwards():
    run(
        "import builtins\n"
        "before = builtins.__import__\n"
        "started()\n"
        "assert builtins.__import__ is before\n"
    )
