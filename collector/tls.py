"""TLS of what listens: the certificate to show, the clients to let in, and how both are renewed."""

import ssl
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import grpc
from pydantic import (
    BeforeValidator,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from structlog.typing import FilteringBoundLogger

from collector import pem
from collector.clock import Clock
from collector.config.fields import ConfigModel, Duration, Secret
from collector.errors import StartError

_VERSIONS = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}

TlsVersion = Annotated[
    Literal["1.2", "1.3"],
    BeforeValidator(lambda value: str(value) if isinstance(value, float) else value),
    WithJsonSchema({"enum": ["1.2", "1.3", 1.2, 1.3]}),
]
"""`"1.2"` or `"1.3"`, with quotes or without."""


class ServerTls(ConfigModel):
    """How to encrypt what clients send, and whom to let in."""

    cert_file: Path | None = None
    """PEM file with the server's certificate, followed by those between it and its authority."""
    cert_pem: Secret | None = None
    """The certificates themselves, instead of `cert_file`."""
    key_file: Path | None = None
    """PEM file with the certificate's private key, not encrypted."""
    key_pem: Secret | None = None
    """The private key itself, instead of `key_file`."""
    client_ca_file: Path | None = None
    """PEM file with authorities: only clients that show a certificate of theirs are let in (mutual
    TLS)."""
    min_version: TlsVersion = "1.2"
    """The oldest version of TLS to take, 1.2 or 1.3; gRPC always takes both."""
    reload_interval: Duration = 0.0
    """How old what was read of the files may be when a client connects: then they are read again,
    `client_ca_file` as well. 0 reads them at the start and on SIGHUP only."""

    @field_validator("cert_file", "cert_pem", "client_ca_file")
    @classmethod
    def _holds_certificates(cls, source: pem.Source | None) -> pem.Source | None:
        if source is not None:
            pem.trust(_context(), source)
        return source

    @field_validator("key_file", "key_pem")
    @classmethod
    def _fits(cls, key: pem.Source | None, info: ValidationInfo) -> pem.Source | None:
        cert = info.data.get("cert_file") or info.data.get("cert_pem")
        if key is not None and cert is not None:
            pem.show(_context(), pem.read(cert), key)
        elif key is not None:
            pem.read(key)
        return key

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for file, text in (("cert_file", "cert_pem"), ("key_file", "key_pem")):
            given = [name for name in (file, text) if getattr(self, name) is not None]
            if not given:
                raise ValueError(f"TLS needs a certificate and its key: set {file}")
            if len(given) > 1:
                raise ValueError(f"{file} and {text} say the same: remove one")
        return self

    @property
    def cert(self) -> pem.Source:
        """The certificate, wherever it stands."""
        return self.cert_file or self.cert_pem or Secret("")

    @property
    def key(self) -> pem.Source:
        """The private key, wherever it stands."""
        return self.key_file or self.key_pem or Secret("")


class GrpcServerTls(ServerTls):
    """How to encrypt what gRPC clients send, and whom to let in."""

    @field_validator("min_version")
    @classmethod
    def _within_reach(cls, version: str) -> str:
        if version != "1.2":
            raise ValueError(
                "gRPC's server takes TLS 1.2 as well as 1.3 and cannot be told otherwise: "
                'write "1.2", or take spans over http only'
            )
        return version


@dataclass(frozen=True)
class Credentials:
    """What the settings stood for when they were read; `context` is made of the rest."""

    chain: bytes
    key: bytes = field(repr=False)
    authorities: bytes | None
    context: ssl.SSLContext = field(compare=False)

    @classmethod
    def read(cls, tls: ServerTls) -> Self:
        """What the settings stand for now. Raises ValueError."""
        context = _context()
        context.minimum_version = _VERSIONS[tls.min_version]
        chain = pem.trust(_context(), tls.cert)
        key, authorities = pem.show(context, chain, tls.key), None
        if tls.client_ca_file is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            # As in the Collector and in gRPC, an authority below another one is enough.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
            authorities = pem.trust(context, tls.client_ca_file)
        return cls(chain, key, authorities, context)

    @property
    def for_grpc(self) -> grpc.ServerCertificateConfiguration:
        """The same as gRPC takes it."""
        pair = (self.key, self.chain)
        return grpc.ssl_server_certificate_configuration([pair], self.authorities)


class RenewingCredentials:
    """The credentials of one server, looked up by every connection that is made to it."""

    def __init__(
        self, tls: ServerTls, setting: str, clock: Clock, logger: FilteringBoundLogger
    ) -> None:
        """Reads the files. Raises StartError naming `setting` if they cannot be used."""
        self._tls, self._clock, self._log = tls, clock, logger.bind(setting=setting)
        self._lock = threading.Lock()
        self._read_at = clock.monotonic()
        try:
            self._current = Credentials.read(tls)
        except ValueError as error:
            raise StartError(f"{setting}: {error}") from None

    def for_grpc(self) -> grpc.ServerCredentials:
        """Credentials for a port of gRPC's."""

        def look() -> grpc.ServerCertificateConfiguration | None:
            found = self._renew()
            return found.for_grpc if found else None

        mutual = self._tls.client_ca_file is not None
        return grpc.dynamic_ssl_server_credentials(
            self._current.for_grpc,
            look,  # type: ignore[arg-type]  # None is for "as before"
            mutual,
        )

    def for_asyncio(self) -> ssl.SSLContext:
        """A context for a server of asyncio's."""
        context = _RenewingContext(ssl.PROTOCOL_TLS_SERVER)
        context.credentials = self
        return context

    @property
    def context(self) -> ssl.SSLContext:
        """The context for a connection that is being made."""
        self._renew()
        return self._current.context

    def _renew(self) -> Credentials | None:
        """The new credentials, where it was time to look and there are some.

        What cannot be used is logged, and the old ones go on.
        """
        with self._lock:
            now = self._clock.monotonic()
            if not 0 < self._tls.reload_interval <= now - self._read_at:
                return None
            self._read_at = now
            try:
                found = Credentials.read(self._tls)
            except ValueError as error:
                self._log.error("new certificates refused, the old ones go on", problem=str(error))
                return None
            if found == self._current:
                return None
            self._current = found
            self._log.info("certificates renewed")
            return found


class _RenewingContext(ssl.SSLContext):
    """Makes every connection by the newest context.

    A context that lives is never changed: a certificate whose key does not fit would leave it
    with neither the old pair nor the new one.
    """

    credentials: RenewingCredentials

    def wrap_bio(self, *args: Any, **options: Any) -> ssl.SSLObject:
        return self.credentials.context.wrap_bio(*args, **options)


def _context() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
