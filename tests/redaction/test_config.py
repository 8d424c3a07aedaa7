"""Settings: what works without any, and mistakes that name their remedy."""

import subprocess
import sys

import pytest
from pydantic import ValidationError

from processors.redaction import RedactionConfig
from processors.redaction.recognizers import entity_types
from tests.redaction.conftest import started


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
        ({"entities": ["EMAIL_ADRESS"]}, "did you mean EMAIL_ADDRESS?"),
        ({"phone_regions": ["USA"]}, "write ISO 3166 codes, such as US"),
        ({"actions": {"default": {"action": "replace", "keep_last": 4}}}, "write action: mask"),
        ({"actions": {"default": {"action": "mask", "masking_char": "x"}}}, "masking_char"),
        ({"score_threshold": 1.5}, "less than or equal to 1"),
        ({"timeout": "0s"}, "greater than 0"),
    ],
)
def test_a_mistake_is_told_with_its_remedy(settings, told):
    with pytest.raises(ValidationError, match=told.replace("?", r"\?")):
        RedactionConfig.model_validate(settings)


def test_the_key_is_never_shown():
    config = RedactionConfig(pseudonym_key="very secret")
    assert "very secret" not in repr(config)


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
