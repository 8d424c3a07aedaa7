"""Recorded OTLP, in the forms in which the Collector writes it."""

import json

import pytest
from google.protobuf import json_format

from collector.replay.recorded import batches, files
from tests.helpers import request, span


def otlp_json(message) -> str:
    """As a sender writes it: ids in hex."""
    document = json_format.MessageToDict(message)
    for resource in document["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for one, found in zip(
                scope["spans"], message.resource_spans[0].scope_spans[0].spans, strict=True
            ):
                one |= {"traceId": found.trace_id.hex(), "spanId": found.span_id.hex()}
    return json.dumps(document)


ONE, TWO = request(span("one"), span("two")), request(span("three"))


def test_json_lines_are_requests(tmp_path):
    path = tmp_path / "spans.jsonl"
    path.write_text(f"{otlp_json(ONE)}\n\n{otlp_json(TWO)}\n")
    assert [item.message for item in batches(path)] == [ONE, TWO]


def test_protobuf_is_one_request(tmp_path):
    path = tmp_path / "spans.binpb"
    path.write_bytes(ONE.SerializeToString())
    assert [item.message for item in batches(path)] == [ONE]


def test_protobuf_behind_its_lengths_is_many(tmp_path):
    path = tmp_path / "spans.proto"
    payloads = [message.SerializeToString() for message in (ONE, TWO)]
    path.write_bytes(b"".join(len(p).to_bytes(4, "big") + p for p in payloads))
    assert [item.message for item in batches(path)] == [ONE, TWO]


def test_files_are_found_by_their_ending(tmp_path):
    for name in ("b.jsonl", "a.pb", "c.txt", ".d.json", "sub/e.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in files(tmp_path)]
    assert found == ["a.pb", "b.jsonl", "sub/e.json"]
    assert files(tmp_path / "b.jsonl") == [tmp_path / "b.jsonl"]
    assert files(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        ("a.jsonl", otlp_json(ONE).encode() + b'\n{"secret": ', "line 2"),
        ("a.json", b"[1]", "line 1"),
        ("a.pb", ONE.SerializeToString()[:-1], "byte 0"),
        ("a.proto", b"\x00\x00\x00\x09secret", "byte 0"),
        ("a.proto", b"\x00\x00\x00\x00\x00\x00", "byte 4"),
    ],
)
def test_what_is_no_request_is_told_by_its_place_and_not_its_content(
    tmp_path, name, content, place
):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"{name}: {place}: not an OTLP trace request") as failed:
        list(batches(path))
    assert "secret" not in str(failed.value)
