"""Settings for all tests."""

import logging

import pytest
import structlog
from hypothesis import HealthCheck, settings

# How fast examples are made and run depends on what else the machine does.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")


@pytest.fixture
def logs_as_before():
    """For what sets the logs of its process: here that is the process of all tests."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    logging.getLogger("winnow").setLevel(logging.NOTSET)
    structlog.reset_defaults()
