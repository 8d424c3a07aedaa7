"""Authorities and certificates for loopback, made for one test."""

import datetime
import ipaddress
from pathlib import Path
from typing import NamedTuple

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


class Certificate(NamedTuple):
    cert_file: Path
    key_file: Path

    def grpc_server(self) -> grpc.ServerCredentials:
        return grpc.ssl_server_credentials(
            [(self.key_file.read_bytes(), self.cert_file.read_bytes())]
        )

    def der(self) -> bytes:
        """The certificate as a handshake shows it."""
        certificate = x509.load_pem_x509_certificate(self.cert_file.read_bytes())
        return certificate.public_bytes(serialization.Encoding.DER)


class Authority:
    """Signs certificates into a directory; its own is `cert_file`."""

    def __init__(
        self, directory: Path, name: str = "authority", above: "Authority | None" = None
    ) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self._directory = directory
        self.cert_file = directory / f"{name}.pem"
        made = _certificate(name, self.key, above or self, authority=True)
        self.cert_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str = "localhost") -> Certificate:
        """A new certificate for `name` and 127.0.0.1, in the files of the last one of that name."""
        key = ec.generate_private_key(ec.SECP256R1())
        return _write(self._directory, name, _certificate(name, key, self, authority=False), key)


def self_signed(directory: Path, name: str = "localhost") -> Certificate:
    """A certificate for `name` and 127.0.0.1 that is its own authority."""
    own = Authority(directory, name)
    made = x509.load_pem_x509_certificate(own.cert_file.read_bytes())
    return _write(directory, name, made, own.key)


def _certificate(
    name: str, key: ec.EllipticCurvePrivateKey, issuer: Authority, *, authority: bool
) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .sign(issuer.key, hashes.SHA256())
    )


def _write(
    directory: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> Certificate:
    made = Certificate(directory / f"{name}.pem", directory / f"{name}.key")
    made.cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    made.key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return made


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
