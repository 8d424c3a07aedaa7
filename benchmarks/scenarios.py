"""What is measured: chains of processors, each under every shape of load."""

from dataclasses import dataclass
from typing import Any

_POLICIES = [
    {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
    {"name": "slow", "type": "latency_percentile", "latency_percentile": {"percentile": 99}},
    {"name": "guardrails", "type": "guardrail"},
    {"name": "sampled", "type": "head_sampled"},
]

PROCESSORS: dict[str, dict[str, Any]] = {
    "memory_limiter": {"limit_mib": 512},
    "genai": {},
    "redaction": {},
    "cost": {},
    "agent_metrics": {},
    "head_sampling": {"percentage": 10, "key": ["user.id", "session.id"], "mode": "defer"},
    # A short wait, so that the decisions are part of what is measured.
    "tail_sampling": {"decision_wait": "1s", "policies": _POLICIES},
}

CHAINS: dict[str, list[str]] = {
    "pass-through": ["memory_limiter"],
    "chain": [name for name in PROCESSORS if name != "redaction"],
    "chain+redaction": list(PROCESSORS),
}


@dataclass(frozen=True)
class Shape:
    """A shape of load."""

    spans: int
    """Spans a request."""
    prompts: bool
    """Whether model calls carry about 2 kB of messages."""

    def __str__(self) -> str:
        return f"{self.spans}{' + prompts' if self.prompts else ''}"


SHAPES = [Shape(512, False), Shape(512, True), Shape(16, False), Shape(16, True)]


def pipeline(
    chain: str, *, grpc: str, telemetry: str, exporter: dict[str, Any], storage: str | None
) -> dict[str, Any]:
    """The daemon's configuration for a chain: OTLP in, OTLP out through `exporter`."""
    names = CHAINS[chain]
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": grpc}}}},
        "processors": {name: PROCESSORS[name] for name in names},
        "exporters": {"otlp": exporter},
        "service": {
            "storage": {"directory": storage},
            "telemetry": {"endpoint": telemetry},
            "pipelines": {
                "traces": {"receivers": ["otlp"], "processors": names, "exporters": ["otlp"]}
            },
        },
    }
