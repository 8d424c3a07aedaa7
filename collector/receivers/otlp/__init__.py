"""The `otlp` receiver: spans over gRPC, and over HTTP as protobuf or JSON."""

from collector.component import Context, Receiver
from collector.http_server import HttpServer
from collector.receivers.otlp.grpc_server import GrpcServer
from collector.receivers.otlp.http_server import make_app
from collector.receivers.otlp.intake import Intake
from collector.receivers.otlp.settings import GrpcSettings, HttpSettings, OtlpReceiverConfig
from collector.tls import RenewingCredentials


class OtlpReceiver(Receiver[OtlpReceiverConfig]):
    """Receives spans by OTLP: gRPC, and HTTP with protobuf or JSON."""

    Config = OtlpReceiverConfig

    def __init__(self, config: OtlpReceiverConfig, context: Context) -> None:
        super().__init__(config, context)
        self._grpc: GrpcServer | None = None
        self._http: HttpServer | None = None

    @property
    def endpoints(self) -> dict[str, str]:
        """Where the running receiver listens: transport to `host:port`, or `https://host:port`."""
        found = {}
        if self._grpc is not None and self.config.protocols.grpc is not None:
            found["grpc"] = _address(self.config.protocols.grpc, self._grpc.port)
        if self._http is not None and self.config.protocols.http is not None:
            found["http"] = _address(self.config.protocols.http, self._http.port)
        return found

    def start(self) -> None:
        """Listen. Raises StartError if an address cannot be bound or TLS files cannot be used."""
        setting = f"receivers.{self.context.component_id}.protocols"
        protocols = self.config.protocols
        if protocols.grpc is not None:
            credentials = self._credentials(protocols.grpc, f"{setting}.grpc.tls")
            self._grpc = GrpcServer(protocols.grpc, Intake(self, "grpc"), credentials)
            self._grpc.start(f"{setting}.grpc.endpoint")
        if protocols.http is not None:
            credentials = self._credentials(protocols.http, f"{setting}.http.tls")
            self._http = HttpServer(
                make_app(protocols.http, Intake(self, "http")),
                protocols.http.endpoint,
                tls=credentials.for_asyncio() if credentials else None,
            )
            self._http.start(f"{setting}.http.endpoint")

    def shutdown(self) -> None:
        """Stop listening and answer what is under way."""
        if self._grpc is not None:
            self._grpc.stop()
            self._grpc = None
        if self._http is not None:
            self._http.stop()
            self._http = None

    def _credentials(
        self, settings: GrpcSettings | HttpSettings, setting: str
    ) -> RenewingCredentials | None:
        if settings.tls is None:
            return None
        return RenewingCredentials(settings.tls, setting, self.context.clock, self.context.logger)


def _address(settings: GrpcSettings | HttpSettings, port: int) -> str:
    scheme = "https://" if settings.tls else ""
    return f"{scheme}{settings.endpoint.rpartition(':')[0]}:{port}"
