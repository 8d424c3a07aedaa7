"""OTLP over gRPC: a raw-bytes call to the trace service, and the reading of its status."""

import ssl
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

import grpc
from pydantic import field_validator, model_validator

from collector import (
    Batch,
    ConfigModel,
    Context,
    DeliveryError,
    Duration,
    Exporter,
    ExporterConfig,
    PermanentError,
    RetryableError,
    SplitError,
    __version__,
)
from collector.config.fields import parse_endpoint
from exporters._answers import (
    CERTIFICATE_REMEDIES,
    RAISE_LIMIT,
    partial_success,
    quote,
    remedy,
    retry_info,
    too_large,
)
from exporters._settings import ClientTls, Headers, is_loopback, load_tls

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
Code = grpc.StatusCode

# OTLP specification, "OTLP/gRPC Response"; RESOURCE_EXHAUSTED is one of them with RetryInfo only.
RETRYABLE = frozenset(
    {
        Code.CANCELLED,
        Code.DEADLINE_EXCEEDED,
        Code.ABORTED,
        Code.OUT_OF_RANGE,
        Code.UNAVAILABLE,
        Code.DATA_LOSS,
    }
)
SIZE_CODES = frozenset({Code.RESOURCE_EXHAUSTED, Code.OUT_OF_RANGE, Code.UNKNOWN})
"""What comes of a message over a size limit: the second is tonic's, the last a proxy's 413."""
REMEDIES = {
    Code.UNAUTHENTICATED: "check the credentials in headers",
    Code.PERMISSION_DENIED: "check the credentials in headers",
    Code.UNIMPLEMENTED: "nothing takes OTLP traces over gRPC there: check the port of endpoint",
}
# What the libraries say, inside the status message, when a connection fails.
CONNECTION_REMEDIES = {
    "WRONG_VERSION_NUMBER": "the peer speaks plain text: set tls.insecure to true",
    **CERTIFICATE_REMEDIES,
    "Failed parsing HTTP/2": "the peer speaks no gRPC: check the port of endpoint, or use otlphttp",
}


class Keepalive(ConfigModel):
    """Pings that keep an idle connection open, and find a dead one."""

    time: Duration = 30.0
    """How long the connection may be silent before a ping is sent."""
    timeout: Duration = 10.0
    """How long to wait for the ping's answer before the connection is given up."""
    permit_without_stream: bool = False
    """Ping while no push is under way, too."""


class GrpcConfig(ExporterConfig):
    """What every exporter that speaks OTLP over gRPC can be told."""

    endpoint: str
    """`host:port`, or with a scheme: `http://` is plain text, `https://` is TLS."""
    tls: ClientTls = ClientTls()
    """How to encrypt the connection."""
    headers: Headers = {}
    """Metadata sent with every call."""
    compression: Literal["gzip", "none"] = "gzip"
    """How to compress what is sent."""
    keepalive: Keepalive | None = None
    """Pings on the connection; none by default."""
    balancer_name: Literal["round_robin", "pick_first"] = "round_robin"
    """How to choose among the addresses of the endpoint's host."""

    @field_validator("endpoint")
    @classmethod
    def _address(cls, value: str) -> str:
        scheme, slashes, address = value.rpartition("://")
        if slashes and scheme not in {"http", "https"}:
            raise ValueError(f"{scheme}:// is not for gRPC: write host:port")
        if "@" in address:
            raise ValueError(
                "an endpoint shows in logs: take the credentials out, and send them in headers"
            )
        parse_endpoint(address.rstrip("/"))
        return value

    @model_validator(mode="after")
    def _tls_fits_grpc(self) -> Self:
        if self.tls.insecure_skip_verify:
            raise ValueError(
                "tls.insecure_skip_verify: gRPC always verifies; give the server's certificate "
                "as tls.ca_file, and its name as tls.server_name_override"
            )
        if self.endpoint.startswith("https://") and self.tls.insecure:
            raise ValueError("https:// asks for TLS and tls.insecure for none: remove one")
        return self

    @property
    def address(self) -> str:
        """The endpoint's `host:port`."""
        return self.endpoint.rpartition("://")[2].rstrip("/")

    @property
    def plain_text(self) -> bool:
        """Whether to connect without TLS."""
        return self.tls.insecure or self.endpoint.startswith("http://")


C = TypeVar("C", bound=GrpcConfig)


class GrpcExporter(Exporter[C]):
    """Sends a batch's payload as it is to an OTLP trace service over gRPC."""

    def __init__(self, config: C, context: Context) -> None:
        super().__init__(config, context)
        self._channel: grpc.Channel | None = None
        self._export: grpc.UnaryUnaryMultiCallable[bytes, bytes] | None = None
        headers = {name.lower(): value.get_secret_value() for name, value in self.headers().items()}
        self._secrets = tuple(headers.values())
        # gRPC's binary metadata are bytes, by their name ("PROTOCOL-HTTP2.md", "-bin").
        self._metadata = tuple(
            (name, value.encode() if name.endswith("-bin") else value)
            for name, value in headers.items()
        )

    def headers(self) -> Headers:
        """The metadata of every call."""
        return self.config.headers

    def start(self) -> None:
        """Open the channel; it connects by itself once the backend is there.

        Raises StartError for TLS files that cannot be used.
        """
        config = self.config
        options = channel_options(config)
        if config.plain_text:
            self._channel = grpc.insecure_channel(config.address, options)
        else:
            self._channel = grpc.secure_channel(config.address, credentials(config.tls), options)
        self._export = self._channel.unary_unary(EXPORT)

    def shutdown(self) -> None:
        """Close the channel; calls under way end as retryable."""
        channel, self._channel, self._export = self._channel, None, None
        if channel is not None:
            channel.close()

    def push(self, batch: Batch) -> int:
        """Send the payload; returns how many spans the backend refused for good.

        Raises RetryableError, SplitError or PermanentError, as OTLP says for the status.
        """
        answer = self._call(batch.payload)
        rejected, message = partial_success(answer, "")
        if rejected or message:
            self.context.logger.warning(
                "partial success", rejected_spans=rejected, message=self._quote(message)
            )
        return min(rejected, batch.span_count) if rejected else 0

    def _call(self, payload: bytes) -> bytes:
        if (export := self._export) is None:
            raise RetryableError("shutdown", "the exporter is not running")
        compression = (
            grpc.Compression.Gzip
            if self.config.compression == "gzip"
            else grpc.Compression.NoCompression
        )
        try:
            return export(
                payload,
                timeout=self.config.timeout or None,
                metadata=self._metadata,
                compression=compression,
            )
        except grpc.RpcError as error:
            raise self.delivery_error(*read_status(error)) from None
        except ValueError:  # the channel was closed meanwhile
            raise RetryableError("shutdown", "the exporter is shutting down") from None

    def delivery_error(self, code: Code, words: str, delay: float | None) -> DeliveryError:
        """What a failed call means: its status code, its message, the delay of its RetryInfo."""
        reason = "timeout" if code is Code.DEADLINE_EXCEEDED else f"grpc_{code.name.lower()}"
        text = self._explain(code, words)
        if code in SIZE_CODES and delay is None and too_large(words):
            return SplitError("too_large", f"{text}: {RAISE_LIMIT}")
        if code in RETRYABLE or (code is Code.RESOURCE_EXHAUSTED and delay is not None):
            return RetryableError(reason, text, delay)
        return PermanentError(reason, text)

    def _explain(self, code: Code, words: str) -> str:
        advice = REMEDIES.get(code) or remedy(words, CONNECTION_REMEDIES)
        parts = (f"{self.config.address} answered {code.name}", self._quote(words), advice)
        return ": ".join(part for part in parts if part)

    def _quote(self, words: str) -> str:
        return quote(words, self._secrets)


def read_status(error: grpc.RpcError) -> tuple[Code, str, float | None]:
    """A failed call's status code, its message, and the seconds that its RetryInfo asks for."""
    delay = None
    for item in error.trailing_metadata() or ():
        if item.key == "grpc-status-details-bin":
            delay = retry_info(item.value)
    return error.code(), error.details() or "", delay


def credentials(tls: ClientTls) -> grpc.ChannelCredentials:
    """The channel credentials that `tls` describes; gRPC's own roots where it names none.

    Raises StartError for files that cannot be used: gRPC itself would fail at every handshake.
    """
    load_tls(tls, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    ca, key, cert = (
        path.read_bytes() if path else None for path in (tls.ca_file, tls.key_file, tls.cert_file)
    )
    return grpc.ssl_channel_credentials(ca, key, cert)


def channel_options(config: GrpcConfig) -> list[tuple[str, Any]]:
    """The channel's options, by the names of gRPC's C core (grpc/impl/channel_arg_names.h)."""
    host = urlsplit(f"//{config.address}").hostname or ""
    options: list[tuple[str, Any]] = [
        ("grpc.max_send_message_length", -1),
        ("grpc.primary_user_agent", f"winnow-collector/{__version__}"),
        ("grpc.lb_policy_name", config.balancer_name),
        # Retries are the queue's: it knows the deadline, and what a restart must not lose.
        ("grpc.enable_retries", 0),
        # A backend that comes back is found within seconds; the default grows to two minutes.
        ("grpc.max_reconnect_backoff_ms", 5000),
        # Exporters share nothing, so that one's broken connection never slows another.
        ("grpc.use_local_subchannel_pool", 1),
        # What goes to this machine must not pass a proxy on another.
        ("grpc.enable_http_proxy", int(not is_loopback(host))),
    ]
    if config.tls.server_name_override:
        name = config.tls.server_name_override
        options += [("grpc.ssl_target_name_override", name), ("grpc.default_authority", name)]
    return options + _keepalive_options(config.keepalive)


def _keepalive_options(keepalive: Keepalive | None) -> list[tuple[str, Any]]:
    if keepalive is None:
        return []
    return [
        ("grpc.keepalive_time_ms", int(keepalive.time * 1000)),
        ("grpc.keepalive_timeout_ms", int(keepalive.timeout * 1000)),
        ("grpc.keepalive_permit_without_calls", int(keepalive.permit_without_stream)),
    ]
