"""A model on loopback: OpenAI's and Anthropic's wire formats, with answers known beforehand."""

import json
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.corpus.capture.answers import FAILURE
from tests.corpus.capture.wire import anthropic, chat_completions, embeddings, responses

Json = dict[str, Any]

_ROUTES = {
    "/v1/chat/completions": chat_completions,
    "/v1/responses": responses,
    "/v1/embeddings": embeddings,
    "/v1/messages": anthropic,
}
_OPENAI_ERROR: Json = {
    "error": {
        "message": "Rate limit reached.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
}
_ANTHROPIC_ERROR: Json = {
    "type": "error",
    "error": {"type": "rate_limit_error", "message": "Rate limit reached."},
}


class ModelDouble(BaseHTTPRequestHandler):
    """Answers as OpenAI or Anthropic would; streams where it is asked to."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        path = self.path.partition("?")[0]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = json.loads(body)
        if FAILURE in body.decode():
            error = _ANTHROPIC_ERROR if path == "/v1/messages" else _OPENAI_ERROR
            self._send(429, json.dumps(error).encode())
        elif path not in _ROUTES:
            self._send(404, b"{}")
        elif request.get("stream"):
            self._stream(_ROUTES[path].stream(request))
        else:
            self._send(200, json.dumps(_ROUTES[path].answer(request)).encode())

    def _stream(self, events: Iterable[tuple[str, Mapping[str, Any] | str]]) -> None:
        lines = []
        for name, data in events:
            text = data if isinstance(data, str) else json.dumps(data)
            lines.append(f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n")
        self._send(200, "".join(lines).encode(), "text/event-stream")

    def _send(self, status: int, body: bytes, content_type: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing: the scripts' own output is what matters."""
