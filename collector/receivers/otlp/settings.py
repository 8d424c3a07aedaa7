"""The settings of the `otlp` receiver, laid out as in the Collector."""

from typing import Any, Self

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer, model_validator

from collector.config.fields import ComponentConfig, ConfigModel, Duration, Endpoint
from collector.tls import GrpcServerTls, ServerTls

MEBIBYTE = 1024 * 1024


class GrpcSettings(ConfigModel):
    """OTLP over gRPC."""

    endpoint: Endpoint = "127.0.0.1:4317"
    """`host:port` to listen on; 0.0.0.0 lets other machines in."""
    tls: GrpcServerTls | None = None
    """How to encrypt; plain text, where nothing is said."""
    max_recv_msg_size_mib: int = Field(default=64, ge=1, le=1024)
    """Largest request, in MiB, after decompression (the OTLP specification recommends 64)."""
    num_workers: int = Field(default=4, ge=1, le=256)
    """How many requests are worked on at once; further ones wait unread."""


class HttpSettings(ConfigModel):
    """OTLP over HTTP."""

    endpoint: Endpoint = "127.0.0.1:4318"
    """`host:port` to listen on; 0.0.0.0 lets other machines in."""
    tls: ServerTls | None = None
    """How to encrypt; plain text, where nothing is said."""
    max_request_body_size_mib: int = Field(default=64, ge=1, le=1024)
    """Largest body, in MiB, after decompression."""
    num_workers: int = Field(default=8, ge=1, le=256)
    """How many requests are worked on at once; further ones wait unread."""
    read_timeout: Duration = 30.0
    """How long a sender may take over a body: as long as it is read, it takes up a worker."""
    traces_url_paths: list[str] = ["/v1/traces", "/api/public/otel/v1/traces"]
    """Paths that take spans: OTLP's own, and the one that Langfuse's SDKs send to."""


class Protocols(ConfigModel):
    """The transports to offer: as in the Collector, the ones that are named."""

    grpc: GrpcSettings | None = None
    """OTLP over gRPC, on port 4317."""
    http: HttpSettings | None = None
    """OTLP over HTTP, on port 4318."""

    @model_validator(mode="before")
    @classmethod
    def _named_means_wanted(cls, value: object) -> object:
        if isinstance(value, dict):
            return {key: {} if item is None else item for key, item in value.items()}
        return value

    @model_serializer(mode="wrap")
    def _named_only(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: item for key, item in dump(self).items() if item is not None}

    @model_validator(mode="after")
    def _some_protocol(self) -> Self:
        if self.grpc is None and self.http is None:
            raise ValueError("name at least one protocol: grpc or http")
        return self


class OtlpReceiverConfig(ComponentConfig):
    """Settings of the `otlp` receiver."""

    protocols: Protocols = Protocols(grpc=GrpcSettings(), http=HttpSettings())
    """The transports to offer; both, on loopback, when nothing is said."""
