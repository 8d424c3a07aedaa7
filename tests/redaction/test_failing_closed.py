"""What cannot be searched is masked, and nothing is slow to be so."""

import json
import logging
from functools import partial

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from processors.redaction.json_text import is_json
from processors.redaction.spans import SpanRedactor
from tests.helpers import attributes, batch, consume, metric, span
from tests.redaction.conftest import started
from tests.redaction.hostile import HOSTILE, PHONES, SIZE, numbers, timed

MAIL = "jane@example.com"


@pytest.fixture(scope="module")
def processor():
    return started(cache_bytes=0)  # what was seen before costs nothing


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_input_takes_long(processor, text):
    (redacted, _), seconds = timed(lambda: processor.redact(text))
    assert seconds < 0.25
    assert MAIL not in redacted
    if text.startswith(("[", "{")) and is_json(text):
        assert is_json(redacted)


@pytest.mark.parametrize("shape", PHONES)
def test_what_looks_like_phone_numbers_is_read_to_its_end(processor, shape):
    text = numbers(shape)[: SIZE // 2]  # a slower machine has the same time
    attempts = [processor.redact(text)[0] for _ in range(3)]
    assert any("<REDACTED:timeout>" not in redacted for redacted in attempts)


@pytest.mark.parametrize("key", ["customer.phone_number", "password", "url.query"])
def test_a_telling_key_makes_no_input_slow(processor, key):
    slow = ["near-phones", "groups of four", "parameters", "digits and dots", "short strings"]
    for name in slow:
        _, seconds = timed(partial(processor.redact, HOSTILE[name], key))
        assert seconds < 0.25


@pytest.fixture
def hurried():
    return started(timeout="0.001ms")


def masked(processor, reason):
    return metric(processor, "winnow_redaction_masked_values_total", reason=reason)


def test_a_value_that_takes_too_long_is_masked(hurried):
    sent = batch(span(attributes={"note": MAIL, "fine": "no digits, no sign"}))
    consume(hurried, sent)
    assert attributes(sent.spans) == [{"note": "<REDACTED:timeout>", "fine": "no digits, no sign"}]
    assert masked(hurried, "timeout") == 1


def test_one_slow_string_in_json_harms_no_other(hurried):
    redacted, _ = hurried.redact(f'["fine", "{MAIL}", 7]')
    assert redacted == '["fine", "<REDACTED:timeout>", 7]'


def test_a_regular_expression_that_runs_away_masks_the_value():
    # Presidio's own pattern for URLs needs seconds for dots, and skips what takes longer.
    processor = started(entities=["URL"], secrets=False, timeout="20ms")
    assert processor.redact("." * 4000 + " x.com")[0] == "<REDACTED:timeout>"


def test_one_budget_is_for_all_that_a_string_holds():
    # Each takes a moment; together they take more than the string may.
    processor = started(timeout="20ms")
    text = json.dumps([f"mail jane{i}@example.com, call 415-555-{i:04}" for i in range(1000)])
    redacted = json.loads(processor.redact(text)[0])
    assert redacted[0] == "mail <EMAIL_ADDRESS>, call <PHONE_NUMBER>"
    assert redacted[-1] == "<REDACTED:timeout>"


def test_a_batch_has_a_budget_too():
    processor = started(batch_timeout="0.001ms")
    sent = batch(span(attributes={"a": MAIL}), span(attributes={"b": MAIL}))
    consume(processor, sent)
    assert attributes(sent.spans) == [{"a": "<REDACTED:timeout>"}, {"b": "<REDACTED:timeout>"}]


@pytest.mark.parametrize("text", ["x" * 1025, "é" * 513, f'["{"x" * 1025}"]'])
def test_a_value_that_is_too_long_is_masked(text):
    processor = started(max_value_bytes=1024)
    sent = batch(span(attributes={"note": text, "fine": "é" * 512}))
    consume(processor, sent)
    assert attributes(sent.spans) == [{"note": "<REDACTED:oversize>", "fine": "é" * 512}]
    assert masked(processor, "oversize") == 1


class Broken:
    """A detector with a defect, as a third party's may have."""

    condition = "trigger"

    def find(self, text, key, budget):
        raise ZeroDivisionError(text)


@pytest.fixture
def defective(monkeypatch):
    monkeypatch.setattr("processors.redaction.secrets.detectors", lambda: [Broken()])
    return started()


def test_a_detector_that_raises_masks_the_value(defective):
    sent = batch(span(attributes={"note": f"trigger {MAIL}", "other": MAIL}))
    consume(defective, sent)
    expected = {"note": "<REDACTED:error>", "other": "<EMAIL_ADDRESS>"}
    assert attributes(sent.spans) == [expected]
    assert masked(defective, "error") == 1


def test_text_that_is_no_unicode_is_masked(redaction):
    assert redaction.redact("\ud800 jane@example.com")[0] == "<REDACTED:error>"


def test_a_span_whose_redaction_raises_loses_all_its_text(monkeypatch):
    processor = started()

    def fail(*_):
        raise RuntimeError(MAIL)

    monkeypatch.setattr(SpanRedactor, "span", fail)
    made = span(MAIL, attributes={"note": MAIL, MAIL: 1}, error=True)
    made.events.add(name=MAIL)
    made.status.message = MAIL
    sent = batch(made, resource={"owner": "x"})
    consume(processor, sent)
    (record,) = sent.spans
    assert MAIL.encode() not in sent.payload
    assert record.span.name == "<REDACTED:error>"
    assert record.failed
    assert record.span.trace_id == made.trace_id
    assert record.attributes.get("note") is None
    assert masked(processor, "error") == 1
    errors = {"component": "test", "error": "RuntimeError"}
    assert metric(processor, "winnow_processor_errors_total", **errors) == 1


@pytest.mark.parametrize("part", ["resource", "scope"])
def test_a_resource_or_scope_whose_redaction_raises_loses_its_text(monkeypatch, part):
    def fail(*_):
        raise RuntimeError

    processor = started()
    monkeypatch.setattr(SpanRedactor, part, fail)
    sent = batch(span())
    holder = sent.message.resource_spans[0]
    if part == "resource":
        holder.resource.entity_refs.add(type=MAIL)
    else:
        holder = holder.scope_spans[0]
        holder.scope.name = holder.scope.version = MAIL
    holder.schema_url = MAIL
    getattr(holder, part).attributes.add(key="owner").value.string_value = MAIL
    consume(processor, sent)
    assert MAIL.encode() not in sent.payload


def test_the_log_shows_no_value(redaction, caplog):
    with caplog.at_level(logging.DEBUG):
        # The Kelvin sign is a letter to the pattern and none to Presidio's check, which logs it.
        redaction.redact("DE8937040044\u212a32013000 and DE89370400440532013000 jane@example.com")
    assert "3704" not in caplog.text
    assert "jane" not in caplog.text


def test_a_span_is_never_passed_before_the_start():
    from processors.redaction import Redaction
    from tests.helpers import make

    with pytest.raises(RuntimeError):
        make(Redaction).consume(batch(Span(name=MAIL)))
