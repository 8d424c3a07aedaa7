"""An OTLP/HTTP backend on loopback that keeps what each capture sent, made neutral."""

import gzip
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.otlp_json import parse_json
from tests.corpus.capture.neutral import neutralise


class Catcher(ThreadingHTTPServer):
    """Writes what arrives at `/<sdk>/<case>/…/v1/traces` to `<corpus>/<sdk>/<case>.pb`.

    Requests of one case are appended to each other, which makes one valid request of them. `hide`
    takes what belongs to this machine out of a text.
    """

    daemon_threads = True

    def __init__(self, address: tuple[str, int], corpus: Path, hide: Callable[[str], str]) -> None:
        super().__init__(address, _Handler)
        self._corpus = corpus
        self._hide = hide

    def keep(self, sdk: str, case: str, message: ExportTraceServiceRequest) -> None:
        """Add a request to the file of its case."""
        neutralise(message, self._hide)
        folder = self._corpus / sdk
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{case}.pb").open("ab") as file:
            file.write(message.SerializeToString())


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Catcher

    def do_POST(self) -> None:
        body = self._body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/v1/traces"):
            sdk, case = self.path.split("/")[1:3]
            json = self.headers.get("content-type", "").startswith("application/json")
            parse = parse_json if json else ExportTraceServiceRequest.FromString
            self.server.keep(sdk, case, parse(body))
        self._answer()

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing: the scripts' own output is what matters."""
