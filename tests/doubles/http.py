"""An HTTP backend on a thread of its own, that remembers requests and answers as told."""

import contextlib
import gzip
import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

import zstandard
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.doubles.tls import Certificate
from tests.helpers import spans_of

PROTOBUF = "application/x-protobuf"
JSON = "application/json"


class Request(NamedTuple):
    """One request as it arrived; header names are in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes


class Response(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = {}


class HttpServer:
    """`with HttpServer() as server:` serves on `server.endpoint` until the block ends.

    `requests` holds every request it saw, `accepted` every message it said OK to, `spans` their
    spans. `hold.clear()` keeps every answer back until `hold.set()`. A server can be started,
    stopped and started again on the same port.
    """

    def __init__(self, certificate: Certificate | None = None) -> None:
        self._certificate = certificate
        self.requests: list[Request] = []
        self.accepted: list[ExportTraceServiceRequest] = []
        self._answers: deque[Response] = deque()
        self._lock = threading.Lock()
        self._port = 0
        self._server: _Server | None = None
        self.hold = threading.Event()
        self.hold.set()

    @property
    def endpoint(self) -> str:
        scheme = "https" if self._certificate else "http"
        return f"{scheme}://127.0.0.1:{self._port}"

    @property
    def spans(self) -> list[Span]:
        with self._lock:
            accepted = list(self.accepted)
        return [span for message in accepted for span in spans_of(message)]

    def answer(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        times: int = 1,
    ) -> None:
        """Answer the next `times` requests so, whatever they hold."""
        self._answers.extend([Response(status, body, headers or {})] * times)

    def start(self) -> Self:
        self._server = _Server(("127.0.0.1", self._port))
        self._server.double = self
        if self._certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self._certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def stop(self) -> None:
        self.hold.set()
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.hang_up()
            server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self, request: Request) -> Response:
        """What this kind of backend answers, where nothing else was told."""
        raise NotImplementedError

    def accept(self, message: ExportTraceServiceRequest) -> None:
        with self._lock:
            self.accepted.append(message)

    def respond(self, request: Request) -> Response:
        with self._lock:
            self.requests.append(request)
            told = self._answers.popleft() if self._answers else None
        self.hold.wait(30)
        return told or self.handle(request)


class HttpSink(HttpServer):
    """An OTLP/HTTP backend: protobuf or JSON on /v1/traces, gzip or zstd."""

    def handle(self, request: Request) -> Response:
        if request.path != "/v1/traces":
            return Response(404, b"no such page", {"content-type": "text/plain"})
        content_type = request.headers.get("content-type", "")
        if content_type not in {PROTOBUF, JSON}:
            return Response(415)
        self.accept(decode(decompress(request), content_type))
        body = b"{}" if content_type == JSON else b""
        return Response(200, body, {"content-type": content_type})


def decompress(request: Request) -> bytes:
    """The body as it was before compression."""
    match request.headers.get("content-encoding"):
        case "gzip":
            return gzip.decompress(request.body)
        case "zstd":
            return zstandard.decompress(request.body)
        case None:
            return request.body
        case other:
            raise AssertionError(f"content-encoding {other}")


def decode(body: bytes, content_type: str) -> ExportTraceServiceRequest:
    """The message of a protobuf body, or of one in OTLP's JSON with its ids in hex."""
    if content_type == PROTOBUF:
        return ExportTraceServiceRequest.FromString(body)
    tree = json.loads(body)
    ids: list[tuple[bytes, bytes, bytes]] = []
    for resource_spans in tree.get("resourceSpans", []):
        for scope_spans in resource_spans.get("scopeSpans", []):
            for span in scope_spans.get("spans", []):
                ids.append(
                    (
                        bytes.fromhex(span.pop("traceId", "")),
                        bytes.fromhex(span.pop("spanId", "")),
                        bytes.fromhex(span.pop("parentSpanId", "")),
                    )
                )
                for link in span.get("links", []):
                    del link["traceId"], link["spanId"]
    message = ParseDict(tree, ExportTraceServiceRequest(), ignore_unknown_fields=True)
    for span, found in zip(spans_of(message), ids, strict=True):
        span.trace_id, span.span_id, span.parent_span_id = found
    return message


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    double: HttpServer

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self._connections: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or fails at the handshake, is no concern of the server's."""

    def hang_up(self) -> None:
        """Close the connections that clients keep, as the end of a process does."""
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        response = self.server.double.respond(Request(self.path, headers, body))
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    def log_message(self, *_: object) -> None:
        """Tests read the requests instead."""
