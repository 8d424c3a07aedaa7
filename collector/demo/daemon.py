"""The running daemon, and what it says of itself on `/metrics`."""

import socket
from collections import defaultdict
from urllib.parse import urljoin

import httpx2
from prometheus_client.parser import text_string_to_metric_families

from collector.errors import WinnowError

_TIMEOUT = 5.0


class Snapshot:
    """The samples of one scrape."""

    def __init__(self, exposition: str) -> None:
        """`exposition` is in Prometheus' text format."""
        self._samples: dict[str, dict[frozenset[tuple[str, str]], float]] = defaultdict(dict)
        for family in text_string_to_metric_families(exposition):
            for sample in family.samples:
                self._samples[sample.name][frozenset(sample.labels.items())] = sample.value

    def total(self, name: str) -> float:
        """The sum of all samples of that name; 0 where there are none."""
        return sum(self._samples.get(name, {}).values())

    def since(self, earlier: "Snapshot", name: str, *labels: str) -> dict[tuple[str, ...], float]:
        """What a counter rose by, summed by the values of these labels; without the zeros."""
        rises: dict[tuple[str, ...], float] = defaultdict(float)
        for key, value in self._samples.get(name, {}).items():
            values = dict(key)
            group = tuple(values.get(label, "") for label in labels)
            rises[group] += value - earlier._samples.get(name, {}).get(key, 0.0)
        return {group: rise for group, rise in rises.items() if rise}


class DaemonError(WinnowError):
    """The daemon cannot be used; the message names the remedy."""


class Daemon:
    """A running winnow, seen from outside."""

    def __init__(self, telemetry: str, endpoint: str) -> None:
        """`telemetry` is a base URL, `endpoint` the `host:port` that takes OTLP/gRPC."""
        self._telemetry = telemetry
        self._endpoint = endpoint

    def check(self) -> None:
        """Raises DaemonError unless it is ready and takes connections."""
        self._get("/readyz")
        host, _, port = self._endpoint.rpartition(":")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _TIMEOUT).close()
        except (OSError, ValueError) as error:
            raise DaemonError(
                f"winnow takes no spans at {self._endpoint}: name its OTLP/gRPC endpoint "
                "with --endpoint"
            ) from error

    def snapshot(self) -> Snapshot:
        """Its metrics now. Raises DaemonError."""
        return Snapshot(self._get("/metrics"))

    def _get(self, path: str) -> str:
        try:
            answer = httpx2.get(urljoin(self._telemetry, path), timeout=_TIMEOUT, trust_env=False)
            return answer.raise_for_status().text
        except httpx2.HTTPError as error:
            raise DaemonError(
                f"no winnow answers at {self._telemetry}. Start one in another terminal: "
                "make run (or name its telemetry endpoint with --telemetry)"
            ) from error
