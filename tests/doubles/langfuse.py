"""A Langfuse that takes traces as langfuse/langfuse v4.16 does."""

import base64
import gzip
import json
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector import to_python
from tests.doubles.http import JSON, PROTOBUF, HttpServer, Request, Response, decode
from tests.helpers import spans_of

PATH = "/api/public/otel/v1/traces"
PUBLIC_KEY = "pk-lf-5d6a3d5c-test"
SECRET_KEY = "sk-lf-8a1f90b2-test"


class LangfuseServer(HttpServer):
    """Basic auth, gzip, protobuf or JSON; one bad id refuses the whole batch; JSON answers."""

    def __init__(self, public_key: str = PUBLIC_KEY, secret_key: str = SECRET_KEY) -> None:
        super().__init__()
        token = base64.b64encode(f"{public_key}:{secret_key}".encode()).decode()
        self._authorization = f"Basic {token}"

    @property
    def observations(self) -> list[dict[str, Any]]:
        """Each accepted span's name, ids and attributes, as the event that Langfuse makes of it."""
        return [observation(span) for span in self.spans]

    def handle(self, request: Request) -> Response:
        if request.path != PATH:
            return _json(404, {"message": "Not Found"})
        if request.headers.get("authorization") != self._authorization:
            return _json(401, {"message": "Invalid credentials. Confirm that you've set them."})
        problem = self._problem(request)
        return _json(400, {"error": problem}) if problem else _json(200, {})

    def _problem(self, request: Request) -> str | None:
        content_type = request.headers.get("content-type", "")
        version = request.headers.get("x-langfuse-ingestion-version", "3")
        if content_type not in {PROTOBUF, JSON}:
            return "Invalid content type"
        if not version.isdecimal() or int(version) > 4:
            return "Unsupported x-langfuse-ingestion-version"
        try:
            body = _gunzip(request)
            message = decode(body, content_type)
        except OSError:
            return "Failed to decompress request body"
        except (DecodeError, ValueError):
            return "Failed to parse OTel Protobuf Trace"
        if any(len(span.trace_id) != 16 or len(span.span_id) != 8 for span in spans_of(message)):
            return "Invalid span ids"
        self.accept(message)
        return None


def observation(span: Span) -> dict[str, Any]:
    """A span as one dictionary: `name`, `trace_id` and `span_id` in hex, and its attributes."""
    attributes = {entry.key: to_python(entry.value) for entry in span.attributes}
    return {
        "name": span.name,
        "trace_id": span.trace_id.hex(),
        "span_id": span.span_id.hex(),
        **attributes,
    }


def _gunzip(request: Request) -> bytes:
    if "gzip" in request.headers.get("content-encoding", ""):
        return gzip.decompress(request.body)
    return request.body


def _json(status: int, body: dict[str, Any]) -> Response:
    return Response(status, json.dumps(body).encode(), {"content-type": JSON})
