"""Configurations and clients that the end-to-end tests share."""

from pathlib import Path
from typing import Any

import pytest

from tests.user_costs.cluster import cluster, database

__all__ = ["cluster", "database", "pipeline"]

LOOPBACK = {"protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}}}
FAST_RETRIES = {"initial_interval": "50ms", "max_interval": "200ms", "max_elapsed_time": "60s"}


@pytest.fixture
def pipeline(tmp_path: Path):
    """Makes a configuration with one pipeline, everything below the test's own directory."""

    def build(
        processors: dict[str, Any],
        exporters: dict[str, Any],
        *,
        durable: bool = True,
        **service: Any,
    ) -> dict[str, Any]:
        return {
            "receivers": {"otlp": LOOPBACK},
            "processors": processors,
            "exporters": exporters,
            "service": {
                "storage": {"directory": str(tmp_path / "state") if durable else None},
                "telemetry": {"endpoint": "127.0.0.1:0", "logs": {"encoding": "json"}},
                "pipelines": {
                    "traces": {
                        "receivers": ["otlp"],
                        "processors": list(processors),
                        "exporters": list(exporters),
                    }
                },
            }
            | service,
        }

    return build
