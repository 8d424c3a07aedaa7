"""What holds for every text, whatever is in it."""

import json
from types import SimpleNamespace

import pytest
import tldextract
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from presidio_analyzer import predefined_recognizers as stock

from processors.redaction import cards, recognizers, secrets, wallets
from processors.redaction.analyzer import Analyzer
from processors.redaction.budget import Budget
from processors.redaction.config import ENTITIES
from processors.redaction.detectors import PatternDetector
from processors.redaction.phones import REGIONS
from processors.redaction.userinfo import is_password
from tests.redaction.conftest import started
from tests.redaction.pieces import PERSONAL, json_values, texts

KEY = "a key for tests"
ACTIONS = [
    {"action": "replace"},
    {"action": "redact"},
    {"action": "mask", "keep_last": 4, "keep_first": 2},
    {"action": "hash"},
    {"action": "pseudonym"},
    {"action": "keep"},
]


@pytest.fixture(scope="module", params=ACTIONS, ids=lambda action: action["action"])
def acting(request):
    return started(actions={"default": request.param}, pseudonym_key=KEY)


@given(text=texts)
@settings(max_examples=60)
def test_redacting_again_changes_nothing(acting, text):
    once, _ = acting.redact(text)
    assert acting.redact(once) == (once, acting.redact(once)[1])
    assert acting.redact(once)[0] == once


@given(before=texts, planted=st.sampled_from(PERSONAL), after=texts)
@settings(max_examples=200)
def test_what_was_planted_between_blanks_is_not_in_what_comes_out(clean, before, planted, after):
    assume(planted not in before + after)
    assert planted not in clean(f"{before} {planted} {after}")


@given(value=json_values)
@settings(max_examples=150)
def test_json_stays_json_of_the_same_shape(clean, value):
    # A lone number or word is text like any other; JSON is what has braces or brackets around it.
    document = [value] if _finite(value) else []
    text = json.dumps(document, allow_nan=False, default=str)
    assert _shape(json.loads(clean(text))) == _shape(json.loads(text))


@given(text=texts)
@settings(max_examples=200)
def test_findings_are_apart_and_in_the_text(redaction, text):
    _, findings = redaction.redact(text)
    end = 0
    for finding in findings:
        assert end <= finding.start < finding.end <= len(text)
        end = finding.end


@pytest.fixture(scope="module")
def every_detector():
    return [*recognizers.detectors(ENTITIES, REGIONS), *secrets.detectors()]


@given(text=texts, key=st.sampled_from(["", " password ", " customer ssn ", " phone "]))
@settings(max_examples=300)
def test_the_gate_loses_nothing(every_detector, text, key):
    analyzer = Analyzer(every_detector, threshold=0.0, max_bytes=1 << 20, seconds=10)
    suspects = analyzer.suspects(text, key)
    gated = suspects.detectors if suspects else []
    found = analyzer.findings(text, key, gated, Budget(10))
    assert sorted(found) == sorted(analyzer.findings(text, key, every_detector, Budget(10)))


@pytest.fixture(scope="module")
def windowless():
    tuned = [cards.CardRecognizer, recognizers.SsnRecognizer, recognizers.AddressRecognizer]
    return [PatternDetector(cls()) for cls in [*tuned, wallets.WalletRecognizer]]


@given(text=texts)
@settings(max_examples=200)
def test_windows_lose_nothing(every_detector, windowless, text):
    analyzer = Analyzer(every_detector, threshold=0.4, max_bytes=1 << 20, seconds=10)
    found = analyzer.findings(text, "", every_detector, Budget(10))
    for detector in windowless:
        for finding in detector.find(text, "", Budget(10)):
            assert finding.score < 0.4 or _covered(finding, found)


@pytest.fixture(scope="module")
def stock_recognizers():
    """Presidio's own, with the public suffix list that comes with tldextract."""
    patch = pytest.MonkeyPatch()
    offline = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)
    patch.setattr("tldextract.extract", offline)
    yield [
        stock.EmailRecognizer(),
        stock.CreditCardRecognizer(),
        stock.IbanRecognizer(),
        stock.UsSsnRecognizer(),
        stock.CryptoRecognizer(),
        stock.MacAddressRecognizer(),
        stock.IpRecognizer(),
    ]
    patch.undo()


@given(before=texts, planted=st.sampled_from(PERSONAL), after=texts)
@settings(max_examples=300)
def test_what_presidio_finds_is_found(redaction, stock_recognizers, before, planted, after):
    text = f"{before} {planted} {after}"
    _, found = redaction.redact(text)
    for recognizer in stock_recognizers:
        for result in recognizer.analyze(text, recognizer.supported_entities):
            value = text[result.start : result.end]
            if result.score >= 0.4 and not _left_on_purpose(text, result.start, value):
                # Of an address in a URL, the name of the parameter stays.
                core = value.lstrip("!#$%&'*+-/=?^_`{|}~")
                start = result.end - len(core)
                assert _covered(SimpleNamespace(start=start, end=result.end), found) or (
                    recognizer.supported_entities == ["EMAIL_ADDRESS"]
                    and any(start <= f.start < f.end == result.end for f in found)
                )


def _left_on_purpose(text, start, value):
    """Fractions of numbers, slices such as `[1::2]`, and passwords before a host."""
    if "@" in value and is_password(text, 0, text.index("@", start)):
        return True
    return (start > 1 and text[start - 1] == ".") or set(value) <= set("0123456789:")


def _covered(finding, found):
    positions = set(range(finding.start, finding.end))
    for other in found:
        positions -= set(range(other.start, other.end))
    return not positions


def _finite(value):
    return "Infinity" not in (text := json.dumps(value)) and "NaN" not in text


def _shape(value):
    """The structure without keys, which may be redacted, and without scalars."""
    if isinstance(value, dict):
        return {"members": len(value) > 0}
    if isinstance(value, list):
        return [_shape(item) for item in value]
    return None
