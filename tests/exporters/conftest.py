"""Fixtures for the exporters' tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.helpers import make


@pytest.fixture
def running() -> Iterator[Callable[..., Any]]:
    """Builds and starts exporters, and shuts them down when the test ends."""
    started = []

    def run(component: Any, settings: dict[str, Any], **overrides: Any) -> Any:
        exporter = make(component, settings, **overrides)
        exporter.start()
        started.append(exporter)
        return exporter

    yield run
    for exporter in started:
        exporter.shutdown()


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    """Every event that is logged during the test."""
    with capture_logs() as events:
        yield events
