"""A gateway with TLS: agents with the OpenTelemetry SDK send to it through changes and mistakes."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.doubles.tls import Authority
from tests.e2e.agent import SPANS_PER_TRACE

AGENT = Path(__file__).with_name("agent.py")
TRACES = 5


@pytest.fixture
def sink():
    with GrpcSink() as made:
        yield made


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path)


@pytest.fixture
def gateway(pipeline, tmp_path, sink, authority):
    """A daemon with mutual TLS that looks for new certificates all the time."""
    server = authority.issue()
    tls = {
        "cert_file": str(server.cert_file),
        "key_file": str(server.key_file),
        "client_ca_file": str(authority.cert_file),
        "reload_interval": "10ms",
    }
    listens = {"endpoint": "127.0.0.1:0", "tls": tls}
    config = pipeline({}, {"otlp": {"endpoint": sink.endpoint, "tls": {"insecure": True}}})
    config["receivers"] = {"otlp": {"protocols": {"grpc": listens, "http": listens}}}
    with Daemon(tmp_path, config) as daemon:
        yield daemon


def run_agent(protocol, endpoint, authority, certificate=None):
    """Run an agent that trusts the authority and shows the certificate."""
    # A machine's own bundle would win against the SDK's setting.
    environ = {name: value for name, value in os.environ.items() if "CA_BUNDLE" not in name}
    environ["OTEL_EXPORTER_OTLP_CERTIFICATE"] = str(authority.cert_file)
    environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "2"
    if certificate:
        environ["OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE"] = str(certificate.cert_file)
        environ["OTEL_EXPORTER_OTLP_CLIENT_KEY"] = str(certificate.key_file)
    command = [sys.executable, str(AGENT), protocol, endpoint, str(TRACES)]
    subprocess.run(command, cwd=AGENT.parents[2], env=environ, timeout=60, check=False)


def shown(endpoint):
    """The certificate that a new connection is shown."""
    host, port = endpoint.removeprefix("https://").split(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain) as connection,
    ):
        return connection.getpeercert(binary_form=True)


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_an_sdk_with_a_certificate_is_let_in_and_one_without_is_not(
    gateway, authority, sink, protocol
):
    endpoint = gateway.endpoints[protocol]
    assert endpoint.startswith("https://")
    run_agent(protocol, endpoint, authority)
    run_agent(protocol, endpoint, authority, authority.issue("agent"))
    eventually(lambda: len(sink.spans) == TRACES * SPANS_PER_TRACE)
    accepted = "winnow_receiver_accepted_spans_total"
    assert gateway.metric(accepted, transport=protocol) == TRACES * SPANS_PER_TRACE
    assert b"Traceback" not in gateway.errors.read_bytes()


@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_a_certificate_is_renewed_without_a_restart(gateway, authority, sink, protocol):
    endpoint = gateway.endpoints[protocol]
    new = authority.issue().der()
    eventually(lambda: shown(endpoint) == new)
    eventually(lambda: b"certificates renewed" in gateway.errors.read_bytes())
    run_agent(protocol, endpoint, authority, authority.issue("agent"))
    eventually(lambda: len(sink.spans) == TRACES * SPANS_PER_TRACE)


def test_a_reload_with_a_certificate_that_cannot_be_used_is_refused(
    gateway, authority, sink, tmp_path
):
    (tmp_path / "localhost.key").write_text("junk")
    gateway.process.send_signal(signal.SIGHUP)
    eventually(lambda: b"reload refused" in gateway.errors.read_bytes())
    for protocol, endpoint in gateway.endpoints.items():
        run_agent(protocol, endpoint, authority, authority.issue("agent"))
    eventually(lambda: len(sink.spans) == 2 * TRACES * SPANS_PER_TRACE)
