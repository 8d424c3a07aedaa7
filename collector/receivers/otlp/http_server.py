"""OTLP over HTTP: protobuf and JSON, gzip, deflate and zstd."""

from typing import NamedTuple

import anyio
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from collector.errors import RefusedError
from collector.otlp_json import parse_json
from collector.receivers.otlp.compression import BadBodyError, TooLargeError, unpack
from collector.receivers.otlp.intake import Intake, read_request, retry_seconds
from collector.receivers.otlp.settings import MEBIBYTE, HttpSettings
from collector.turns import TURNS

PROTOBUF, JSON = "application/x-protobuf", "application/json"


class Failure(NamedTuple):
    """An answer that is not OK: HTTP status, google.rpc code, text, reason for the counter."""

    status: int
    code: int
    text: str
    reason: str


def make_app(settings: HttpSettings, intake: Intake) -> Starlette:
    """The ASGI application that serves the settings' paths."""
    endpoint = _Endpoint(settings, intake)
    routes = [Route(path, endpoint.post, methods=["POST"]) for path in settings.traces_url_paths]
    return Starlette(routes=routes)


class _Endpoint:
    def __init__(self, settings: HttpSettings, intake: Intake) -> None:
        self._limit = settings.max_request_body_size_mib * MEBIBYTE
        self._patience = settings.read_timeout or None
        self._intake = intake
        self._workers = anyio.CapacityLimiter(settings.num_workers)

    async def post(self, request: Request) -> Response:
        """Answer one export request."""
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in {PROTOBUF, JSON}:
            text = f"content type must be {PROTOBUF} or {JSON}"
            return self._fail(PROTOBUF, Failure(415, code_pb2.INVALID_ARGUMENT, text, "media_type"))
        async with self._workers:
            try:
                with anyio.fail_after(self._patience):
                    body = await self._read(request)
            except TimeoutError:
                failure = Failure(
                    408, code_pb2.DEADLINE_EXCEEDED, "the body came too slowly", "slow"
                )
                return self._fail(content_type, failure)
            except TooLargeError as error:
                failure = Failure(413, code_pb2.RESOURCE_EXHAUSTED, str(error), "too_large")
                return self._fail(content_type, failure)
            except BadBodyError as error:
                failure = Failure(error.status, code_pb2.INVALID_ARGUMENT, str(error), "encoding")
                return self._fail(content_type, failure)
            return await anyio.to_thread.run_sync(self._answer, content_type, body)

    async def _read(self, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "identity")
        return await unpack(request.stream(), encoding, self._limit)

    def _answer(self, content_type: str, body: bytes) -> Response:
        with TURNS.take():
            return self._export(content_type, body)

    def _export(self, content_type: str, body: bytes) -> Response:
        try:
            payload = parse_json(body).SerializeToString() if content_type == JSON else body
            message = read_request(payload)
        except (DecodeError, ValueError):  # their texts may quote the body
            text = "the body is not an ExportTraceServiceRequest"
            return self._fail(
                content_type, Failure(400, code_pb2.INVALID_ARGUMENT, text, "malformed")
            )
        try:
            return _render(content_type, self._intake.take(message, payload), 200)
        except RefusedError as error:
            response = _render(
                content_type, Status(code=code_pb2.UNAVAILABLE, message=str(error)), 503
            )
            response.headers["Retry-After"] = str(retry_seconds(error))
            return response
        except Exception as error:
            text = f"pipeline failed: {type(error).__name__}"
            return _render(content_type, Status(code=code_pb2.INTERNAL, message=text), 500)

    def _fail(self, content_type: str, failure: Failure) -> Response:
        self._intake.bad_request(failure.reason)
        status = Status(code=failure.code, message=failure.text)
        return _render(content_type, status, failure.status)


def _render(content_type: str, message: Message, status: int) -> Response:
    if content_type == JSON:
        return Response(json_format.MessageToJson(message, indent=None), status, media_type=JSON)
    return Response(message.SerializeToString(), status, media_type=PROTOBUF)
