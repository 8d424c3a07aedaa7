"""A started processor, made once: loading Presidio takes seconds."""

import pytest

from processors.redaction import Redaction
from tests.helpers import make


def started(**settings):
    made = make(Redaction, settings)
    made.start()
    return made


@pytest.fixture(scope="session")
def redaction():
    # Generous: whoever measures is not alone on the machine.
    return started(timeout="20s", batch_timeout="100s")


@pytest.fixture(scope="session")
def clean(redaction):
    """From a text to its redacted form."""
    return lambda text, key="": redaction.redact(text, key)[0]
