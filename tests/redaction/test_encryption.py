"""Encrypted findings: what stands in the text, and how `winnow decrypt` puts them back."""

import base64
import html
import json
import re
from urllib.parse import quote

import orjson
import pytest
from click.testing import CliRunner
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from collector.cli.decrypt import decrypt
from processors.redaction import Redaction
from processors.redaction.encryption import MARK, Cipher
from processors.redaction.placeholders import veil
from tests.helpers import attributes, batch, consume, metric, span
from tests.redaction.conftest import started
from tests.redaction.pieces import json_values, texts

KEY = bytes(range(32)).hex()
OTHER = bytes(range(1, 33)).hex()
ENCRYPT = {"default": {"action": "encrypt"}}
MAIL = "jane@example.com"


@pytest.fixture(scope="module")
def encrypting():
    return started(actions=ENCRYPT, encryption_key=KEY, timeout="20s", batch_timeout="100s")


@pytest.fixture(scope="module")
def encrypted(encrypting):
    return lambda text: encrypting.redact(text)[0]


def restored(text, key=KEY):
    return Redaction.decrypter(key).restore(text)


def test_an_encrypted_finding_names_its_type_and_survives_urls_and_json(encrypted):
    token = encrypted(MAIL)
    assert re.fullmatch(r"<EMAIL_ADDRESS_enc_v1_[A-Za-z0-9_-]{59}>", token)
    assert json.loads(json.dumps(token)) == token


def test_the_same_finding_is_encrypted_anew_each_time(encrypted):
    assert len({encrypted(MAIL) for _ in range(200)}) == 200


@given(st.text(), st.sampled_from(["EMAIL_ADDRESS", "X"]))
def test_what_was_encrypted_can_be_decrypted(found, entity):
    cipher = Cipher(KEY)
    payload = cipher.encrypt(entity, found).removeprefix(f"<{entity}{MARK}").removesuffix(">")
    assert cipher.decrypt(entity, payload) == found
    assert cipher.decrypt("Y", payload) is None
    assert Cipher(OTHER).decrypt(entity, payload) is None


@given(st.text(alphabet="abcAB01_-", max_size=90))
def test_what_nobody_encrypted_is_not_decrypted(payload):
    assert Cipher(KEY).decrypt("EMAIL_ADDRESS", payload) is None


@given(text=texts)
@settings(max_examples=100)
def test_redacting_again_changes_nothing(encrypting, text):
    once, _ = encrypting.redact(text)
    assert encrypting.redact(once)[0] == once


@given(text=texts)
@settings(max_examples=100)
def test_decrypting_text_undoes_its_redaction(encrypted, text):
    assume("\\" not in text)
    assume('"' not in text)
    assert restored(encrypted(text)) == text


@given(value=json_values)
@settings(max_examples=100)
def test_decrypting_json_undoes_its_redaction(encrypted, value):
    text = json.dumps([value], allow_nan=True)
    assume("Infinity" not in text and "NaN" not in text)
    again = encrypted(text)
    assume("<REDACTED" not in again)
    # A number that was found comes back as a string.
    assert _texts(orjson.loads(restored(again))) == _texts(orjson.loads(text))


def _texts(value):
    if isinstance(value, dict):
        return {str(key): _texts(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    whole = isinstance(value, int | float) and value == value // 1
    return str(abs(int(value))) if whole else value


def test_an_attribute_is_encrypted_and_counted(encrypting):
    sent = batch(span(attributes={"user.id": MAIL}))
    consume(encrypting, sent)
    ((_, token),) = attributes(sent.spans)[0].items()
    assert restored(token) == MAIL
    counted = {"entity_type": "EMAIL_ADDRESS", "action": "encrypt"}
    assert metric(encrypting, "pii_entities_total", **counted) == 1


def test_a_collector_without_the_key_leaves_encrypted_findings(encrypted, redaction):
    words = "my password, card and phone: "
    for found in [MAIL, "password=hunter22!", "4111 1111 1111 1111", "+1 415 555 0132"] * 50:
        text = words + encrypted(found)
        assert redaction.redact(text) == (text, [])


def test_nothing_hides_in_the_likeness_of_an_encrypted_finding(encrypted, clean):
    forged = "<X_enc_v1_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-4111111111111111-AAAAAAAAAAAAAA>"
    assert "4111111111111111" not in encrypted(forged)
    assert "4111111111111111" not in clean(forged)


@given(text=texts)
def test_a_veiled_text_keeps_its_length(text):
    assert len(veil({"EMAIL_ADDRESS"}, Cipher(KEY))(text)) == len(text)


def run(text, *arguments, env=None):
    return CliRunner().invoke(decrypt, arguments, input=text, env=env or {"THE_KEY": KEY})


def test_the_command_puts_everything_back(encrypted):
    answer = run(f"mail {encrypted(MAIL)}\nnothing\n".encode(), "--key-env", "THE_KEY")
    assert (answer.exit_code, answer.stdout, answer.stderr) == (
        0,
        "mail jane@example.com\nnothing\n",
        "",
    )


def test_lines_with_nothing_encrypted_keep_their_bytes():
    line = b'\xff\xfe "a\\/b" {"x" : 1.0}\r\n'
    assert run(line, "--key-env", "THE_KEY").stdout_bytes == line


def test_what_cannot_be_decrypted_stays_and_is_counted(encrypted):
    token, changed = encrypted(MAIL), "<EMAIL_ADDRESS_enc_v1_AAAA>"
    answer = run(f"{token} {changed} x\n".encode(), "--key-env", "THE_KEY")
    assert answer.exit_code == 1
    assert answer.stdout == f"{MAIL} {changed} x\n"
    assert answer.stderr == "1 of 2 findings are not of this key\n"


PASSWORD = 'a "b" \\ c1'


@pytest.mark.parametrize(
    "line",
    [
        '{{"note": "{}"}}',
        '2026-01-01 INFO {{"note":"{}"}} done',
        '  "note": "{}",',
        'no "json" but "{}"',
    ],
)
def test_a_value_between_quotes_is_escaped(line):
    token = Cipher(KEY).encrypt("PASSWORD", PASSWORD)
    assert restored(line.format(token)) == line.format(json.dumps(PASSWORD)[1:-1])


def test_json_in_a_string_of_json_stays_json():
    token = Cipher(KEY).encrypt("PASSWORD", PASSWORD)
    inner = json.dumps({"note": token, "n": 1.50})
    answer = restored(json.dumps({"arguments": inner, token: 1}))
    assert json.loads(answer) == {
        "arguments": json.dumps({"note": PASSWORD, "n": 1.50}),
        PASSWORD: 1,
    }


def test_a_finding_in_a_url_or_in_escaped_json_is_put_back(encrypted):
    token = encrypted(MAIL)
    url = token.replace("<", "%3C").replace(">", "%3E")
    assert restored(f"/users/{url}/posts") == "/users/jane%40example.com/posts"
    escaped = token.replace("<", "\\u003c").replace(">", "\\u003e")
    assert restored(f'{{"to":"{escaped}"}}') == f'{{"to":"{MAIL}"}}'


def standard(text):
    return base64.b64encode(text.encode()).decode()


def for_urls(text):
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def in_json(text, times):
    for _ in range(times):
        text = json.dumps(text)[1:-1]
    return text


NOTE = f"write to {MAIL}, please"
LINES = base64.encodebytes(f"{'hello ' * 30}{NOTE}".encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        standard(NOTE),
        f"data:text/plain;base64,{standard(NOTE)}",
        f"user_{for_urls(NOTE)} and {MAIL}",
        f"https://x.io/?data={quote(standard('~~>> ' + NOTE), safe='')}&page=2",
        json.dumps({"blob": standard(json.dumps({"to": MAIL, "inner": standard(NOTE)}))}),
        LINES,
        json.dumps({"mime": LINES}),
        f"log: {json.dumps({'mime': LINES})}",
        f"log: {json.dumps({'json': json.dumps({'mime': LINES})})}",
        f'{{"cut": "{standard(NOTE)}", "off": "',
    ],
)
def test_a_finding_in_base64_is_put_back_and_written_the_same_way(encrypted, text):
    assert MAIL not in encrypted(text)
    assert restored(encrypted(text)) == text


@given(text=texts, around=st.sampled_from(["{}", "x={} y", '["{}", 1]', "a {}\n"]))
@settings(max_examples=50)
def test_base64_holds_again_what_was_redacted_in_it(encrypted, text, around):
    assume("\\" not in text and '"' not in text)
    line = around.format(standard(f"{MAIL} {text}"))
    assume(encrypted(line) != line)
    assert restored(encrypted(line)) == line


def test_base64_of_another_key_stays_and_is_counted_once(encrypted):
    text = f"log {standard(f'to {encrypted(MAIL)}')} " + json.dumps({"a": standard(NOTE)})
    decrypter = Redaction.decrypter(OTHER)
    assert decrypter.restore(text) == text
    assert (decrypter.restored, decrypter.failed) == (0, 1)


@pytest.mark.parametrize(
    ("opening", "closing", "escape"),
    [
        ("&lt;", "&gt;", html.escape),
        ("&#60;", "&#x3E;", html.escape),
        ("\\u003c", "\\u003e", lambda found: in_json(found, 1)),
        ("\\\\u003c", "\\\\u003e", lambda found: in_json(found, 2)),
        (r"\\\\u003c", r"\\\\u003e", lambda found: in_json(found, 3)),
    ],
)
def test_a_finding_behind_escapes_is_put_back_with_them(opening, closing, escape):
    token = Cipher(KEY).encrypt("PASSWORD", PASSWORD)
    escaped = f"{opening}{token[1:-1]}{closing}"
    assert restored(f"cut off: {escaped} x") == f"cut off: {escape(PASSWORD)} x"


def test_a_finding_around_an_older_one_is_put_back():
    cipher = Cipher(KEY)
    outer = cipher.encrypt("NOTE", f"to {cipher.encrypt('EMAIL_ADDRESS', MAIL)}")
    assert restored(outer) == f"to {MAIL}"


@pytest.fixture
def pipeline(tmp_path):
    def write(redaction):
        path = tmp_path / "pipeline.yaml"
        path.write_text(
            "receivers: {otlp: {}}\nexporters: {debug: {}}\n"
            f"processors: {{redaction: {redaction}}}\n"
            "service: {pipelines: {traces: {receivers: [otlp], processors: [redaction], "
            "exporters: [debug]}}}\n"
        )
        return str(path)

    return write


def test_the_key_may_be_that_of_a_configuration(encrypted, pipeline):
    path = pipeline("{encryption_key: '${env:THE_KEY}'}")
    assert run(encrypted(MAIL), "--config", path).stdout == MAIL


@pytest.mark.parametrize(
    ("arguments", "key", "told"),
    [
        ((), KEY, "--key-env and --config"),
        (("--key-env", "THE_KEY", "--config", "x"), KEY, "--key-env and --config"),
        (("--key-env", "THE_KEY"), "", "THE_KEY is not set"),
        (("--key-env", "THE_KEY"), "hello", "openssl rand -hex 32"),
    ],
)
def test_a_mistake_with_the_key_is_told(arguments, key, told):
    answer = run("x", *arguments, env={"THE_KEY": key})
    assert answer.exit_code != 0
    assert told in answer.stderr
    assert "hello" not in answer.stderr


def test_a_configuration_without_a_key_is_told(pipeline):
    answer = run("x", "--config", pipeline("{}"))
    assert answer.exit_code == 1
    assert "encryption_key" in answer.stderr
