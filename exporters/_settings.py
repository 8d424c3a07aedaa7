"""Settings that several exporters share, named as in the Collector's configtls and confighttp."""

import ipaddress
import re
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, model_validator

from collector import ConfigModel, Secret, StartError

_HEADER_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_PRINTABLE = re.compile(r"[\x20-\x7e]*")


class ClientTls(ConfigModel):
    """How to encrypt the connection; on by default."""

    insecure: bool = False
    """`true` connects in plain text."""
    insecure_skip_verify: bool = False
    """`true` accepts any server certificate; not for gRPC."""
    ca_file: Path | None = None
    """PEM file with the authorities to trust instead of the usual ones."""
    cert_file: Path | None = None
    """PEM file with the client's certificate, for mutual TLS; needs `key_file`."""
    key_file: Path | None = None
    """PEM file with the client's private key; needs `cert_file`."""
    server_name_override: str | None = None
    """The name to expect in the server's certificate, where it is not the endpoint's host."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("cert_file and key_file go together: set both or neither")
        if self.insecure and (self.ca_file or self.cert_file or self.insecure_skip_verify):
            raise ValueError(
                "insecure: true turns TLS off, so its other settings do nothing: remove one"
            )
        return self


def check_headers(headers: dict[str, Secret]) -> dict[str, Secret]:
    """Headers as they were. Raises ValueError for those that no request can carry.

    The values are secrets: they are never part of the error.
    """
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is not a header name: use letters, digits, '-', '_', '.'")
        if not _PRINTABLE.fullmatch(value.get_secret_value()):
            raise ValueError(
                f"the value of header {name!r} holds a line break or a character that is not "
                "ASCII: remove it"
            )
    return headers


Headers = Annotated[dict[str, Secret], AfterValidator(check_headers)]
"""Headers for every request; their values are secrets."""


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def load_tls(tls: ClientTls, context: ssl.SSLContext) -> None:
    """Load the files that `tls` names into `context`.

    Raises StartError, naming the setting, for a file that cannot be read or is no PEM.
    """
    if tls.ca_file is not None:
        _load("ca_file", tls.ca_file, lambda: context.load_verify_locations(tls.ca_file))
    if tls.cert_file is not None:
        cert, key = tls.cert_file, tls.key_file
        # An empty password makes an encrypted key fail here, rather than ask on the terminal.
        _load("cert_file", cert, lambda: context.load_cert_chain(cert, key, password=""))


def _load(setting: str, path: Path, load: Callable[[], None]) -> None:
    try:
        load()
    except OSError as error:  # ssl.SSLError is one
        raise StartError(
            f"tls.{setting}: cannot use {path}: {error.strerror or error}; "
            "is it readable, PEM, and (a key) the certificate's own and not encrypted?"
        ) from error
