"""Every place of a span that can hold text, and what is counted."""

import threading

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import Batch, write_value
from tests.helpers import Sink, attributes, batch, consume, metric, request, span
from tests.redaction.conftest import started

MAIL = "jane@example.com"
CARD = "4111 1111 1111 1111"


@pytest.fixture
def processor():
    return started()


def through(processor, *spans, **options):
    """The batch as it comes out."""
    sent = batch(*spans, **options)
    processor.next = Sink()
    consume(processor, sent)
    return processor.next.batches[0]


def one(processor, **attributes_in):
    (out,) = attributes(through(processor, span(attributes=attributes_in)).spans)
    return out


def found(processor, entity_type, action):
    return metric(processor, "pii_entities_total", entity_type=entity_type, action=action)


def crowded():
    """A span with an e-mail address in every place that takes text."""
    made = span(f"ask {MAIL}", attributes={"note": MAIL, "list": ["x", MAIL], MAIL: "as a key"})
    made.trace_state = f"vendor={MAIL},ot=th:8;rv:41111111111111"
    made.status.message = f"no such user {MAIL}"
    write_value(made.attributes.add(key="map").value, {"deep": {"er": [MAIL]}, MAIL: 1})
    write_value(made.attributes.add(key="raw").value, f"to {MAIL}".encode())
    made.attributes.add(key="twice").value.string_value = MAIL
    made.attributes.add(key="twice").value.string_value = "x"
    made.attributes.add(key="table").value.string_value_strindex = 7
    event = made.events.add(name=f"sent to {MAIL}")
    write_value(event.attributes.add(key="exception.message").value, MAIL)
    link = made.links.add(trace_state=f"vendor={MAIL}")
    write_value(link.attributes.add(key="why").value, MAIL)
    return made


def test_no_place_is_forgotten(processor):
    out = through(processor, crowded(), resource={"owner": MAIL, "service.name": "agent"})
    assert MAIL.encode() not in out.payload
    (record,) = out.spans
    assert record.span.name == "ask <EMAIL_ADDRESS>"
    assert record.span.status.message == "no such user <EMAIL_ADDRESS>"
    assert record.span.trace_state == "ot=th:8;rv:41111111111111"
    assert record.attributes.get("map") == {
        "deep": {"er": ["<EMAIL_ADDRESS>"]},
        "<EMAIL_ADDRESS>": 1,
    }
    assert record.attributes.get("raw") == b"to <EMAIL_ADDRESS>"
    assert record.attributes.get("<EMAIL_ADDRESS>") == "as a key"
    assert record.resource.attributes.get("owner") == "<EMAIL_ADDRESS>"


def test_ids_times_kind_and_order_stay(processor):
    before = crowded()
    (record,) = through(processor, before).spans
    for field in ("trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "kind"):
        assert getattr(record.span, field) == getattr(before, field)


def test_a_span_with_nothing_to_hide_leaves_as_it_came(processor):
    sent = span(attributes={"user.id": "user-7", "n": 7, "x": 0.5, "ok": True, "list": [1, "a"]})
    before = request(sent).SerializeToString()
    assert through(processor, sent).payload == before


def test_processors_downstream_see_the_redacted_values(processor):
    sent = batch(span(attributes={"user.id": MAIL}))
    (record,) = sent.spans
    assert record.attributes.text("user.id") == MAIL
    consume(processor, sent)
    assert record.attributes.text("user.id") == "<EMAIL_ADDRESS>"


def test_names_of_models_and_ids_of_calls_are_not_searched(processor):
    technical = {
        "gen_ai.response.id": "chatcmpl-4111111111111111",
        "gen_ai.request.model": "415-555-0132",
        "service.version": "10.0.0.1",
    }
    assert one(processor, **technical) == technical


def test_a_card_held_as_a_number_goes_unless_its_key_says_otherwise(processor):
    number = int(CARD.replace(" ", ""))
    sent = {"payment.card": number, "pan": float(number), "order.id": number, "n": 4155550132}
    assert one(processor, **sent) == {
        "payment.card": "<CREDIT_CARD>",
        "pan": "<CREDIT_CARD>",
        "order.id": number,
        "n": 4155550132,
    }


def test_bytes_that_are_no_text_stay_but_for_text_inside_of_them(processor):
    noise = bytes(range(256))
    assert one(processor, raw=noise) == {"raw": noise}
    assert one(processor, raw=b"\xff\xfe" + MAIL.encode() + noise[128:]) == {
        "raw": b"\xff\xfe<EMAIL_ADDRESS>" + noise[128:]
    }


def test_technical_values_hold_no_address_and_no_secret(processor):
    key = "AKIAIOSFODNN7EXAMPLE"
    sent = {"gen_ai.request.model": MAIL, "winnow.note": [key], f"winnow.a/{MAIL}": 1}
    assert one(processor, **sent) == {
        "gen_ai.request.model": "<EMAIL_ADDRESS>",
        "winnow.note": ["<AWS_ACCESS_KEY_ID>"],
        "winnow.a/<EMAIL_ADDRESS>": 1,
    }


def test_the_samplers_tracestate_stays_and_what_hides_in_one_goes(processor):
    sent = span(trace_state=f"ot=th:8;rv:41111111111111,ot=x:{MAIL},ot=th:8;x:{MAIL},a=b")
    (record,) = through(processor, sent).spans
    assert record.span.trace_state == "ot=th:8;rv:41111111111111,a=b"


def test_schemas_versions_and_entities_are_searched(processor):
    message = request(span())
    resource_spans = message.resource_spans[0]
    resource_spans.schema_url = resource_spans.scope_spans[0].schema_url = f"http://{MAIL}/1"
    resource_spans.scope_spans[0].scope.version = MAIL
    resource_spans.resource.entity_refs.add(schema_url=MAIL, type=MAIL, id_keys=["a", MAIL])
    sent = Batch(message)
    (record,) = sent.spans
    consume(processor, sent)
    assert MAIL.encode() not in sent.payload
    assert record.scope.schema_url == "http://<EMAIL_ADDRESS>/1"
    assert list(record.resource.resource.entity_refs[0].id_keys) == ["a", "<EMAIL_ADDRESS>"]


def test_resources_are_left_alone_on_request():
    out = through(started(resource_attributes=False), span(), resource={"owner": MAIL})
    assert out.spans[0].resource.attributes.get("owner") == MAIL


def test_what_no_span_belongs_to_does_not_pass(processor):
    message = request(span())
    empty = message.resource_spans.add()
    write_value(empty.resource.attributes.add(key="owner").value, MAIL)
    scope = message.resource_spans[0].scope_spans.add()
    scope.scope.name = MAIL
    sent = Batch(message)
    consume(processor, sent)
    assert MAIL.encode() not in sent.payload


def test_fields_of_other_versions_of_otlp_do_not_pass(processor):
    field_99 = b"\x9a\x06" + bytes([len(MAIL)]) + MAIL.encode()
    sent = Batch(request(Span.FromString(span().SerializeToString() + field_99)))
    consume(processor, sent)
    assert MAIL.encode() not in sent.payload


def test_findings_are_counted_by_type_and_action_once_the_batch_is_owned():
    processor = started(actions={"CREDIT_CARD": {"action": "mask", "keep_last": 4}})
    sent = batch(*(span(f"{MAIL} {i}", attributes={"note": f"{MAIL} {CARD}"}) for i in range(3)))
    processor.consume(sent)
    assert found(processor, "EMAIL_ADDRESS", "replace") == 0
    processor.context.storage.commit(sent.transaction)
    assert found(processor, "EMAIL_ADDRESS", "replace") == 6
    assert found(processor, "CREDIT_CARD", "mask") == 3


def test_a_kept_finding_is_counted():
    processor = started(actions={"EMAIL_ADDRESS": {"action": "keep"}})
    assert one(processor, note=f"{MAIL} {CARD}") == {"note": f"{MAIL} <CREDIT_CARD>"}
    assert found(processor, "EMAIL_ADDRESS", "keep") == 1


def test_threads_do_not_disturb_each_other(processor):
    outs = []

    def work(number):
        texts = {f"k{i}": f"{number}-{i} user{i}@example.com" for i in range(20)}
        sent = batch(*(span(attributes=texts) for _ in range(20)))
        processor.process(sent)
        outs.append((number, attributes(sent.spans)))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outs) == 4
    for number, values in outs:
        expected = {f"k{i}": f"{number}-{i} <EMAIL_ADDRESS>" for i in range(20)}
        assert values == [expected] * 20
