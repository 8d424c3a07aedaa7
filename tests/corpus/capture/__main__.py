"""`python -m tests.corpus.capture --work DIR [SDK[/CASE]…]` writes `<sdk>/<case>.pb` beside it."""

import argparse
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from http.server import ThreadingHTTPServer
from pathlib import Path

from tests.corpus.capture.catcher import Catcher
from tests.corpus.capture.double import ModelDouble
from tests.corpus.capture.sdks import SDKS

HERE = Path(__file__).parent
CORPUS = HERE.parent
MODEL_PORT, CATCHER_PORT = 18430, 18431
"""Fixed, since instrumentations write the model's address on their spans."""


def main(arguments: Sequence[str]) -> int:
    """The number of cases that failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.capture", description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="for venvs and node_modules")
    parser.add_argument("wanted", nargs="*", metavar="SDK[/CASE]", help="default: all")
    options = parser.parse_args(arguments)
    work = options.work.resolve()
    _serve(ThreadingHTTPServer(("127.0.0.1", MODEL_PORT), ModelDouble))
    _serve(Catcher(("127.0.0.1", CATCHER_PORT), CORPUS, _Hiding(work)))
    failed = 0
    for name, case in _cases(options.wanted):
        capture = CORPUS / name / f"{case}.pb"
        capture.unlink(missing_ok=True)
        command = SDKS[name].command(work, HERE)
        done = subprocess.run([*command, case], env=_environment(name, case), check=False)
        captured = done.returncode == 0 and capture.exists()
        failed += not captured
        print(f"{name}/{case}: {'captured' if captured else 'failed'}")  # noqa: T201
    return failed


def _serve(server: ThreadingHTTPServer) -> None:
    threading.Thread(target=server.serve_forever, daemon=True).start()


def _cases(wanted: Sequence[str]) -> Iterator[tuple[str, str]]:
    for name, sdk in SDKS.items():
        for case in sdk.cases:
            if not wanted or name in wanted or f"{name}/{case}" in wanted:
                yield name, case


class _Hiding:
    """Replaces this machine's paths and name."""

    def __init__(self, work: Path) -> None:
        self._replaced = [
            (str(work), "/app"),
            (str(CORPUS.parent.parent), "/app"),
            (sys.base_prefix, "/usr"),
            (str(Path.home()), "/home/agent"),
            (socket.gethostname(), "host"),
        ]

    def __call__(self, text: str) -> str:
        for found, neutral in self._replaced:
            text = text.replace(found, neutral)
        return text


def _environment(name: str, case: str) -> dict[str, str]:
    model, catcher = f"http://127.0.0.1:{MODEL_PORT}", f"http://127.0.0.1:{CATCHER_PORT}"
    return {
        **os.environ,
        "OPENAI_BASE_URL": f"{model}/v1",
        "OPENAI_API_KEY": "key-of-the-double",
        "ANTHROPIC_BASE_URL": model,
        "ANTHROPIC_API_KEY": "key-of-the-double",
        "OTEL_SERVICE_NAME": "weather-service",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"{catcher}/{name}/{case}",
        "TRACELOOP_BASE_URL": f"{catcher}/{name}/{case}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "LANGFUSE_BASE_URL": f"{catcher}/{name}/{case}",
        "LANGFUSE_HOST": f"{catcher}/{name}/{case}",
        "LANGFUSE_PUBLIC_KEY": "pk-lf-of-the-double",
        "LANGFUSE_SECRET_KEY": "sk-lf-of-the-double",
        "NO_PROXY": "127.0.0.1",
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
