"""An OTLP/gRPC backend that remembers what it was sent, and answers as told; and Tempo."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.helpers import spans_of

Code = grpc.StatusCode


class Call(NamedTuple):
    """One call as it arrived."""

    metadata: dict[str, str]
    payload: bytes


class GrpcSink:
    """`with GrpcSink() as sink:` serves on `sink.endpoint` until the block ends.

    `spans` holds every span it said OK to, `requests` their messages, `calls` every call it saw.
    `hold.clear()` keeps every answer back until `hold.set()`. A sink can be started, stopped and
    started again on the same port.
    """

    def __init__(
        self,
        *,
        max_message: int = 64 << 20,
        credentials: grpc.ServerCredentials | None = None,
    ) -> None:
        self.calls: list[Call] = []
        self.requests: list[ExportTraceServiceRequest] = []
        self._answers: deque[ExportTraceServiceResponse | tuple[Code, str, float | None]] = deque()
        self._lock = threading.Lock()
        self._options = [("grpc.max_receive_message_length", max_message), ("grpc.so_reuseport", 0)]
        self._credentials = credentials
        self._port = 0
        self._server: grpc.Server | None = None
        self.hold = threading.Event()
        self.hold.set()

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self._port}"

    @property
    def spans(self) -> list[Span]:
        with self._lock:
            requests = list(self.requests)
        return [span for request in requests for span in spans_of(request)]

    def refuse(
        self, code: Code, words: str = "", *, retry_after: float | None = None, times: int = 1
    ) -> None:
        """Answer the next `times` calls with `code`, and RetryInfo if `retry_after` is given."""
        self._answers.extend([(code, words, retry_after)] * times)

    def reject(self, spans: int, words: str = "") -> None:
        """Answer the next call with a partial success: so many spans refused for good."""
        response = ExportTraceServiceResponse()
        response.partial_success.rejected_spans = spans
        response.partial_success.error_message = words
        self._answers.append(response)

    def start(self) -> "GrpcSink":
        server = grpc.server(ThreadPoolExecutor(max_workers=8), options=self._options)
        handler = grpc.unary_unary_rpc_method_handler(self._export)
        server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(
                    "opentelemetry.proto.collector.trace.v1.TraceService", {"Export": handler}
                )
            ]
        )
        if self._credentials is None:
            self._port = server.add_insecure_port(self.endpoint)
        else:
            self._port = server.add_secure_port(self.endpoint, self._credentials)
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        self.hold.set()
        server, self._server = self._server, None
        if server is not None:
            server.stop(grace=0).wait()

    def __enter__(self) -> "GrpcSink":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def check(self, call: Call, context: grpc.ServicerContext) -> None:
        """Abort the call where this kind of backend would."""

    def _export(self, payload: bytes, context: grpc.ServicerContext) -> bytes:
        call = Call({key: str(value) for key, value in context.invocation_metadata()}, payload)
        with self._lock:
            self.calls.append(call)
            answer = self._answers.popleft() if self._answers else ExportTraceServiceResponse()
        self.hold.wait(30)
        if isinstance(answer, tuple):
            abort(context, *answer)
        self.check(call, context)
        with self._lock:
            self.requests.append(ExportTraceServiceRequest.FromString(payload))
        return answer.SerializeToString()


class TempoServer(GrpcSink):
    """Tempo 3.1: many tenants if asked for, and a burst size that no batch may exceed."""

    def __init__(self, *, tenants: bool = False, burst: int = 30_000_000, **options: Any) -> None:
        super().__init__(**options)
        self._tenants = tenants
        self._burst = burst

    def limit_rate(self, times: int = 1) -> None:
        """Answer the next `times` calls as Tempo does over its rate limit."""
        words = "RATE_LIMITED: ingestion rate limit (local: 30000000 bytes, global: 0 bytes)"
        self.refuse(Code.RESOURCE_EXHAUSTED, words, retry_after=5.0, times=times)

    def check(self, call: Call, context: grpc.ServicerContext) -> None:
        if self._tenants and not call.metadata.get("x-scope-orgid"):
            abort(context, Code.UNAVAILABLE, "no org id", None)
        size = len(call.payload)
        if size > self._burst:
            words = (
                f"RATE_LIMITED: batch size ({size} bytes) exceeds ingestion burst size "
                f"({self._burst} bytes) for user single-tenant"
            )
            abort(context, Code.RESOURCE_EXHAUSTED, words, 5.0)


def abort(
    context: grpc.ServicerContext, code: Code, words: str, retry_after: float | None
) -> NoReturn:
    """End the call with a status, as a server with google.rpc.Status details does."""
    if retry_after is not None:
        seconds = int(retry_after)
        delay = Duration(seconds=seconds, nanos=round((retry_after - seconds) * 1e9))
        status = Status(code=code.value[0], message=words)
        status.details.add().Pack(RetryInfo(retry_delay=delay))
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(code, words)
    raise AssertionError("abort raises")
