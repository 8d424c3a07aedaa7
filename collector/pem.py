"""Certificates and keys in PEM, read for OpenSSL. Errors name the remedy and show no key."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collector.config.fields import Secret
from collector.files import read_file

Source = Path | Secret
"""A file, or the text itself."""

_MAX_BYTES = 1 << 20
_MISMATCHES = {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"}


def read(source: Source) -> bytes:
    """What stands there. Raises ValueError for a file that cannot be read."""
    if isinstance(source, Path):
        return read_file(source, _MAX_BYTES)
    return source.get_secret_value().encode()


def trust(context: ssl.SSLContext, source: Source) -> bytes:
    """Make the certificates authorities of `context`; returns them as they stand there.

    Raises ValueError where there are none.
    """
    content = read(source)
    try:
        with _as_file(content) as path:
            context.load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError(
            f"{_name(source)} holds no certificate: it must be PEM (-----BEGIN CERTIFICATE-----)"
        ) from None
    return content


def show(context: ssl.SSLContext, chain: bytes, key: Source) -> bytes:
    """Make `context` show the certificate that `chain` begins with; returns the key.

    Raises ValueError where there is no key, or none of this certificate, or one with a password.
    """

    def encrypted() -> str:
        raise ValueError(
            f"{_name(key)} is encrypted, and nobody is there to ask for its password: decrypt it "
            "(openssl pkey -in … -out …) and let nobody else read it"
        )

    content = read(key)
    try:
        with _as_file(chain) as chain_path, _as_file(content) as key_path:
            context.load_cert_chain(chain_path, key_path, encrypted)
    except ssl.SSLError as error:
        raise ValueError(f"{_name(key)} {_wrong(error.reason)}") from None
    return content


def _wrong(reason: str | None) -> str:
    """What OpenSSL means; it gives no reason where it finds no key at all."""
    if reason in _MISMATCHES:
        return "is not the key of the certificate: name the two that were made together"
    if not reason:
        return "holds no private key: it must be PEM (-----BEGIN PRIVATE KEY-----)"
    return f"and its certificate are refused by OpenSSL ({reason}): make new ones"


def _name(source: Source) -> str:
    return str(source) if isinstance(source, Path) else "the text"


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path to the content for OpenSSL, which loads from files only; it has no name on disk."""
    descriptor = _nameless()
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield f"/dev/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _nameless() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("pem")  # which never leaves memory
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
