"""Text in base64: searched, and put back as it was written."""

import base64
import json
import random
import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from processors.redaction.base64_text import CONDITIONS, blobs, encoded
from tests.redaction.conftest import started

MAIL = "write to alice@example.com, please"
CLEAN = "write to <EMAIL_ADDRESS>, please"


def standard(text):
    return base64.b64encode(text.encode()).decode()


def for_urls(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize("write", [standard, for_urls])
@pytest.mark.parametrize(
    "around", ["{}", "data:text/plain;base64,{}", "user_{}", "/v1/files/{}", "x={} y", '["{}", 1]']
)
def test_what_it_holds_is_redacted_and_written_the_same_way(clean, write, around):
    assert clean(around.format(write(MAIL))) == around.format(write(CLEAN))


def test_lines_stay_lines(clean):
    text = "hello " * 30 + MAIL
    written = base64.encodebytes(text.encode()).decode()
    redacted = clean(written)
    assert base64.b64decode(redacted).decode() == text.replace(MAIL, CLEAN)
    assert {len(line) for line in redacted.splitlines()[:-1]} == {76}


def test_lines_in_json_that_is_logged_stay_on_one_line(clean):
    written = base64.encodebytes(f"{'hello ' * 30}{MAIL}".encode()).decode()
    redacted = clean(f"log: {json.dumps({'mime': written})}")
    assert "\n" not in redacted
    held = json.loads(redacted.removeprefix("log: "))["mime"]
    assert base64.b64decode(held).decode().endswith(CLEAN)


def test_base64_in_a_url_keeps_its_escapes(clean):
    written = standard("~~>> " + MAIL).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
    redacted = clean(f"https://x.io/?data={written}&page=2")
    value = re.search("data=([^&]+)", redacted)[1].replace("%2B", "+").replace("%2F", "/")
    assert base64.b64decode(value.replace("%3D", "=")).decode() == "~~>> " + CLEAN


def test_json_in_it_is_json_still(clean):
    inner = {"ssn": "212345678", "note": standard(MAIL), "n": 7}
    redacted = clean(json.dumps({"blob": standard(json.dumps(inner))}))
    held = json.loads(base64.b64decode(json.loads(redacted)["blob"]))
    assert held == {"ssn": "<US_SSN>", "note": standard(CLEAN), "n": 7}


def test_base64_in_base64_is_read_too(clean):
    written, expected = MAIL, CLEAN
    for _ in range(5):
        written, expected = standard(written), standard(expected)
    assert clean(written) == expected


def test_what_is_deeper_than_that_is_masked(redaction):
    text = "alice@example.com"
    for _ in range(25):
        text = standard(text)
    redacted, _ = redaction.redact(json.dumps({"blob": text, "fine": 1}))
    for _ in range(16):
        redacted = base64.b64decode(
            json.loads(redacted)["blob"] if redacted[0] == "{" else redacted
        )
        redacted = redacted.decode()
        if redacted == "<REDACTED:depth>":
            return
    raise AssertionError(redacted[:50])


def test_pictures_and_hashes_stay_as_they_are(clean):
    noise = random.Random(7)
    picture = base64.b64encode(b"\x89PNG\r\n\x1a\n" + noise.randbytes(30_000)).decode()
    part = json.dumps({"type": "blob", "mime_type": "image/png", "content": picture})
    hashes = " ".join(noise.randbytes(20).hex() for _ in range(50))
    assert clean(part) == part
    assert clean(f"data:image/png;base64,{picture}") == f"data:image/png;base64,{picture}"
    assert clean(hashes) == hashes


def test_text_that_cannot_be_searched_in_time_is_masked_in_its_place():
    hurried = started(timeout="0.001ms")
    assert hurried.redact(standard(MAIL))[0].startswith("<REDACTED:timeout>")


def test_a_finding_covers_what_it_was_found_in(redaction):
    text = f"token {standard(MAIL)} end"
    _, (finding,) = redaction.redact(text)
    assert text[finding.start : finding.end] == standard(MAIL)


@given(text=st.text(min_size=11), before=st.sampled_from(["", "a ", '"', "x=", "short words, "]))
def test_every_text_comes_out_as_it_was_put_in(text, before):
    for write in (standard, for_urls):
        word = write(text)
        found = [blob for blob in blobs(f"{before}{word}\n", []) if blob.word == word]
        assert re.search("[A-Z0-9]", word[1:]) is None or [blob.text for blob in found] == [text]
        assert not found or all(re2.search(condition, word) for condition in CONDITIONS)
        assert encoded(text, word, word) == word or not {"-", "_"} & {*word}
