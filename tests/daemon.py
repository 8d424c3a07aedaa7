"""A real `winnow run` in a process of its own, for end-to-end tests."""

import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import httpx2
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.helpers import eventually

_SENDS = re.compile(r"send spans\s+(\S+)\s+\((\S+) (\w+)\)")
_LOOKS = re.compile(r"look at\s+(http://\S+)/metrics")


class Daemon:
    """Starts on `with`, is terminated at its end; its output stays in `directory`."""

    def __init__(self, directory: Path, config: dict[str, Any] | str) -> None:
        """`config` is the YAML, or what becomes it; ports may be 0."""
        self.directory = directory
        self.config_path = directory / "pipeline.yaml"
        text = config if isinstance(config, str) else yaml.safe_dump(config, sort_keys=False)
        self.config_path.write_text(text)
        self.output = directory / "stdout.log"
        self.errors = directory / "stderr.log"
        self.http = httpx2.Client(trust_env=False, timeout=60)
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self.http.close()

    def start(self) -> Self:
        """Run it and wait until it takes spans."""
        with self.output.open("ab") as out, self.errors.open("ab") as err:
            seen = self.output.stat().st_size
            command = [str(Path(sys.executable).with_name("winnow")), "run", "--config"]
            self.process = subprocess.Popen(
                [*command, str(self.config_path)], cwd=self.directory, stdout=out, stderr=err
            )

        def said() -> str | None:
            assert self.process is not None
            assert self.process.poll() is None, self.errors.read_text()
            text = self.output.read_bytes()[seen:].decode()
            return text if _LOOKS.search(text) else None

        try:
            text = eventually(said, 60)
        except BaseException:
            self.kill()
            raise
        self.endpoints = {transport: address for address, _, transport in _SENDS.findall(text)}
        self.telemetry = _LOOKS.search(text).group(1)
        return self

    def stop(self, number: int = signal.SIGTERM, seconds: float = 30) -> int:
        """Send the signal and wait for the end; the exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """As a crash would."""
        self.stop(signal.SIGKILL)

    def metrics(self) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
        """Every sample by name and sorted labels."""
        text = self.http.get(f"{self.telemetry}/metrics").text
        found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sorted(sample.labels.items()))] = (
                    sample.value
                )
        return found

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples that carry these labels."""
        wanted = set(labels.items())
        samples = self.metrics().get(name, {})
        return sum(value for key, value in samples.items() if wanted <= set(key))

    def everything_written(self) -> bytes:
        """Every byte in the daemon's directory: state, archive, logs. Not its configuration."""
        return b"".join(
            path.read_bytes()
            for path in sorted(self.directory.rglob("*"))
            if path.is_file() and path != self.config_path
        )
