"""Settings: what works without any, and mistakes that name their remedy."""

import subprocess
import sys
from base64 import b64encode, urlsafe_b64encode

import pytest
from pydantic import ValidationError

from processors.redaction import RedactionConfig
from processors.redaction.recognizers import entity_types
from tests.redaction.conftest import started

MASK = {"action": "mask"}


def test_no_setting_is_needed():
    config = RedactionConfig.model_validate({})
    assert config.score_threshold == 0.4
    assert "EMAIL_ADDRESS" in config.entities


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"actions": {"EMAIL_ADDRESS": {"action": "pseudonym"}}}, "set pseudonym_key"),
        ({"actions": {"default": {"action": "hash"}}}, "set pseudonym_key"),
        ({"actions": {"EMAIL_ADRESS": {"action": "keep"}}}, "did you mean EMAIL_ADDRESS?"),
        ({"actions": {"URL": {"action": "keep"}}}, "'URL' is not in entities"),
        ({"actions": {"EMAIL": {"action": "keep"}}}, "did you mean EMAIL_ADDRESS?"),
        ({"actions": {"NONSENSE": {"action": "keep"}}}, r"CREDIT_CARD, .* and \d+ more"),
        ({"entities": ["EMAIL_ADRESS"]}, "did you mean EMAIL_ADDRESS?"),
        ({"phone_regions": ["USA"]}, "write ISO 3166 codes, such as US"),
        ({"actions": {"default": {"action": "replace", "keep_last": 4}}}, "write action: mask"),
        ({"actions": {"default": {"action": "mask", "masking_char": "x"}}}, "masking_char"),
        ({"actions": {"default": {"action": "encrypt"}}}, "set encryption_key"),
        ({"encryption_key": "short"}, "openssl rand -hex 32"),
        ({"encryption_key": "ab" * 16}, "openssl rand -hex 32"),
        ({"encryption_key": "not base64 at all!"}, "openssl rand -hex 32"),
        ({"attributes": [{"match": ""}]}, "a glob is missing"),
        ({"attributes": [{"match": ["a", ""]}]}, "a glob is missing"),
        ({"attributes": [{"match": "a", "action": "drop"}]}, "belongs to redact: always"),
        ({"attributes": [{"match": "a", "keep_last": 4}]}, "write action: mask"),
        (
            {"attributes": [{"match": "a", "redact": "always", "action": "keep"}]},
            "write redact: never",
        ),
        (
            {"attributes": [{"match": "a", "redact": "never", "actions": {"default": MASK}}]},
            "belongs to redact: findings",
        ),
        (
            {"attributes": [{"match": "a", "actions": {"EMAIL_ADRESS": MASK}}]},
            r"attributes\[0\]\.actions\.\w+: .* did you mean EMAIL_ADDRESS?",
        ),
        (
            {"attributes": [{"match": "a", "redact": "always", "action": "hash"}]},
            r"attributes\[0\]: action hash needs a key: set pseudonym_key",
        ),
        ({"allow": ["  "]}, "is blank"),
        ({"allow": ["/(/"]}, "not a pattern for RE2, which says .missing"),
        ({"deny": {"CODENAME": ["/(?=x)/"]}}, "not a pattern for RE2"),
        ({"deny": {"CODENAME": ["/x*/"]}}, "matches the empty text"),
        ({"deny": {"code name": ["x"]}}, "pattern"),
        ({"score_threshold": 1.5}, "less than or equal to 1"),
        ({"timeout": "0s"}, "greater than 0"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(settings, told):
    with pytest.raises(ValidationError, match=told.replace("?", r"\?")):
        RedactionConfig.model_validate(settings)


def test_no_key_is_ever_shown():
    config = RedactionConfig(pseudonym_key="very secret", encryption_key="ab" * 32)
    shown = f"{config!r} {config.model_dump_json()}"
    assert "very secret" not in shown
    assert "ab" * 32 not in shown


@pytest.mark.parametrize(
    "settings",
    [
        {"encryption_key": "very secret"},
        {"deny": {"CODENAME": ["/very secret(/"]}},
        {"allow": ["/very secret(/"]},
    ],
)
def test_a_mistake_is_told_without_the_value(settings):
    with pytest.raises(ValidationError) as caught:
        RedactionConfig.model_validate(settings)
    assert "very secret" not in str(caught.value)


@pytest.mark.parametrize("encoded", [bytes.hex, b64encode, urlsafe_b64encode])
def test_an_encryption_key_is_hexadecimal_or_base64(encoded):
    key = encoded(bytes(range(220, 252)))
    text = key if isinstance(key, str) else key.decode()
    assert RedactionConfig(encryption_key=text).encryption_key.get_secret_value() == text


def test_an_empty_encryption_key_is_none():
    assert not RedactionConfig(encryption_key="").encryption_key.get_secret_value()


def test_the_configuration_as_it_is_printed_is_one():
    config = RedactionConfig.model_validate(
        {
            "attributes": [{"match": "*.note", "redact": "always", "action": "mask"}],
            "actions": {"default": {"action": "redact"}},
            "deny": {"CODENAME": ["blue heron"]},
            "allow": ["/.*@example.com/"],
        }
    )
    assert RedactionConfig.model_validate(config.model_dump(mode="json")) == config


def test_any_pattern_entity_of_presidio_can_be_chosen():
    processor = started(entities=["US_ITIN", "DE_TAX_ID", "IN_PAN"], secrets=False)
    assert processor.redact("itin 912-70-1234")[0] == "itin <US_ITIN>"
    assert processor.redact("jane@example.com")[0] == "jane@example.com"


def test_every_type_that_can_be_chosen_loads():
    processor = started(entities=entity_types(), secrets=False)
    assert processor.redact("jane@example.com")[0] == "<EMAIL_ADDRESS>"


def test_secrets_are_left_on_request():
    assert started(secrets=False).redact("AKIAIOSFODNN7EXAMPLE")[0] == "AKIAIOSFODNN7EXAMPLE"


def test_a_higher_threshold_finds_less():
    assert started(score_threshold=0.9).redact("415-555-0132")[0] == "415-555-0132"


def test_checking_a_configuration_does_not_load_presidio():
    code = (
        "import sys; from processors.redaction import RedactionConfig; "
        "RedactionConfig.model_validate({'actions': {'default': {'action': 'redact'}}}); "
        "sys.exit('presidio_analyzer' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_is_fetched_from_the_network(tmp_path):
    code = (
        "import socket\n"
        "def refuse(*_, **__): raise AssertionError('network')\n"
        "socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse\n"
        "from tests.redaction.conftest import started\n"
        "assert started().redact('bob@example.org')[0] == '<EMAIL_ADDRESS>'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"HOME": str(tmp_path)})
