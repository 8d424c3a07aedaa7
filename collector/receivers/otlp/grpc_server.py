"""OTLP over gRPC: raw bytes in, so that decoding is ours to time and to answer for."""

from concurrent.futures import ThreadPoolExecutor
from typing import NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from collector.errors import RefusedError
from collector.http_server import cannot_listen
from collector.receivers.otlp.intake import Intake, read_request, retry_seconds
from collector.receivers.otlp.settings import MEBIBYTE, GrpcSettings
from collector.tls import RenewingCredentials
from collector.turns import TURNS

_SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
_GRACE = 5.0


class GrpcServer:
    """Serves TraceService/Export from `start` to `stop`."""

    def __init__(
        self, settings: GrpcSettings, intake: Intake, credentials: RenewingCredentials | None = None
    ) -> None:
        """With `credentials` it takes TLS, without them plain text. Binds nothing yet."""
        self._credentials = credentials
        self._settings = settings
        self._intake = intake
        self._server: grpc.Server | None = None
        self.port = 0

    def start(self, setting: str) -> None:
        """Bind and serve. Raises StartError naming `setting` if the address cannot be bound."""
        server = grpc.server(
            ThreadPoolExecutor(self._settings.num_workers, thread_name_prefix="otlp-grpc"),
            handlers=[self._handlers()],
            options=[
                (
                    "grpc.max_receive_message_length",
                    self._settings.max_recv_msg_size_mib * MEBIBYTE,
                ),
                ("grpc.so_reuseport", 0),
            ],
        )
        try:
            self.port = self._bind(server)
        except RuntimeError as error:
            cause = "in use, or no address of this machine"
            if self._credentials is not None:
                cause += ", or a certificate that gRPC does not take"
            raise cannot_listen(setting, self._settings.endpoint, cause) from error
        server.start()
        self._server = server

    def stop(self) -> None:
        """Take no more requests and wait for the ones under way. Safe to call twice."""
        if self._server is not None:
            self._server.stop(_GRACE).wait()
            self._server = None

    def _bind(self, server: grpc.Server) -> int:
        endpoint = self._settings.endpoint
        if self._credentials is None:
            return server.add_insecure_port(endpoint)
        return server.add_secure_port(endpoint, self._credentials.for_grpc())

    def _handlers(self) -> grpc.GenericRpcHandler:
        export: grpc.RpcMethodHandler[bytes, ExportTraceServiceResponse] = (
            grpc.unary_unary_rpc_method_handler(
                self._answer, response_serializer=ExportTraceServiceResponse.SerializeToString
            )
        )
        return grpc.method_handlers_generic_handler(_SERVICE, {"Export": export})

    def _answer(self, payload: bytes, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        with TURNS.take():  # from here on, as what is decoded takes many times its size
            return self._export(payload, context)

    def _export(self, payload: bytes, context: grpc.ServicerContext) -> ExportTraceServiceResponse:
        try:
            request = read_request(payload)
        except DecodeError:
            self._intake.bad_request("malformed")
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "not an ExportTraceServiceRequest")
        try:
            return self._intake.take(request, payload)
        except RefusedError as error:
            _refuse(context, error)
        except Exception as error:
            context.abort(grpc.StatusCode.INTERNAL, f"pipeline failed: {type(error).__name__}")


def _refuse(context: grpc.ServicerContext, error: RefusedError) -> NoReturn:
    """UNAVAILABLE with RetryInfo: the OTLP specification's way to say "later"."""
    status = Status(code=grpc.StatusCode.UNAVAILABLE.value[0], message=str(error))
    delay = RetryInfo(retry_delay=Duration(seconds=retry_seconds(error)))
    status.details.add().Pack(delay)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.UNAVAILABLE, str(error))
