"""TLS on both transports: who is let in, and how certificates change under way."""

import contextlib
import json
import socket
import ssl
import threading

import grpc
import httpx2
import pytest
from structlog.testing import capture_logs

from collector.pipeline import Entry
from collector.receivers.otlp import OtlpReceiver
from exporters.otlp import Otlp
from exporters.otlphttp import OtlpHttp
from tests.doubles.tls import Authority
from tests.helpers import ManualClock, Sink, batch, make, make_context, request, span

METHOD = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
PROTOBUF = {"content-type": "application/x-protobuf"}
both = pytest.mark.parametrize("transport", ["grpc", "http"])


class Site:
    """A receiver with TLS, the authority of its certificate, and clients for it."""

    def __init__(self, directory):
        self.directory = directory
        self.authority = Authority(directory)
        self.certificate = self.authority.issue()
        self.clock, self.sink = ManualClock(), Sink()
        self.receiver = None

    def start(self, **tls):
        """Both transports, with the certificate's files and these settings."""
        files = self.certificate._asdict() | tls
        self.start_with({"grpc": files, "http": files})

    def start_with(self, tls):
        protocols = {name: {"endpoint": "127.0.0.1:0", "tls": tls[name]} for name in tls}
        context = make_context("otlp", clock=self.clock)
        config = OtlpReceiver.Config.model_validate({"protocols": protocols})
        self.receiver = OtlpReceiver(config, context)
        self.receiver.next = Entry(context.storage, self.sink)
        self.receiver.start()

    def address(self, transport):
        return self.receiver.endpoints[transport].removeprefix("https://")

    def names(self):
        return [record.span.name for record in self.sink.spans]

    def channel(self, authority=None, certificate=None):
        trusted = (authority or self.authority).cert_file.read_bytes()
        own = (certificate.key_file, certificate.cert_file) if certificate else ()
        credentials = grpc.ssl_channel_credentials(trusted, *(path.read_bytes() for path in own))
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        return grpc.secure_channel(self.address("grpc"), credentials, options)

    def client(self, authority=None, certificate=None):
        context = ssl.create_default_context(cafile=(authority or self.authority).cert_file)
        if certificate:
            context.load_cert_chain(*certificate)
        base = f"https://{self.address('http')}"
        return httpx2.Client(base_url=base, verify=context, trust_env=False)

    def send(self, transport, name, **who):
        """One span over a connection of its own; raises where the client is not let in."""
        if transport == "grpc":
            with self.channel(**who) as channel:
                export(channel, name)
        else:
            with self.client(**who) as client:
                post(client, name)

    def shown(self, transport):
        """The certificate that a new connection is shown."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(["h2"] if transport == "grpc" else ["http/1.1"])
        with handshake(self.address(transport), context) as connection:
            return connection.getpeercert(binary_form=True)


@pytest.fixture
def site(tmp_path):
    made = Site(tmp_path)
    yield made
    if made.receiver is not None:
        made.receiver.shutdown()


@contextlib.contextmanager
def handshake(address, context):
    host, port = address.split(":")
    with (
        socket.create_connection((host, int(port)), 10) as plain,
        context.wrap_socket(plain, server_hostname=host) as connection,
    ):
        yield connection


def export(channel, name):
    call = channel.unary_unary(METHOD)
    call(request(span(name)).SerializeToString(), timeout=10)


def post(client, name):
    body = request(span(name)).SerializeToString()
    client.post("/v1/traces", content=body, headers=PROTOBUF).raise_for_status()


def refused(site, transport, **who):
    with pytest.raises((grpc.RpcError, httpx2.TransportError, ssl.SSLError)):
        site.send(transport, "refused", **who)


@both
def test_spans_come_in_encrypted_and_the_address_says_so(site, transport):
    site.start()
    site.send(transport, "a")
    assert site.names() == ["a"]
    assert site.receiver.endpoints[transport].startswith("https://127.0.0.1:")


@both
def test_a_certificate_and_a_key_may_stand_in_the_settings_themselves(site, transport):
    pem = {
        "cert_pem": site.certificate.cert_file.read_text(),
        "key_pem": site.certificate.key_file.read_text(),
    }
    site.start_with({transport: pem})
    site.send(transport, "a")
    assert site.names() == ["a"]


@both
def test_a_client_with_a_certificate_of_the_authority_is_let_in_and_no_other(site, transport):
    clients = Authority(site.directory, "clients")
    site.start(client_ca_file=clients.cert_file)
    refused(site, transport)
    refused(site, transport, certificate=site.authority.issue("stranger"))
    site.send(transport, "known", certificate=clients.issue("agent"))
    assert site.names() == ["known"]


@both
def test_an_authority_below_another_one_is_enough_for_clients(site, transport):
    root = Authority(site.directory, "root")
    team = Authority(site.directory, "team", above=root)
    site.start(client_ca_file=team.cert_file)
    site.send(transport, "known", certificate=team.issue("agent"))
    refused(site, transport, certificate=root.issue("other"))
    assert site.names() == ["known"]


@pytest.mark.parametrize("exporter", [Otlp, OtlpHttp])
def test_one_winnow_sends_to_another_with_certificates_on_both_sides(site, exporter):
    site.start(client_ca_file=site.authority.cert_file)
    own = site.authority.issue("sidecar")
    tls = {
        "ca_file": str(site.authority.cert_file),
        "cert_file": str(own.cert_file),
        "key_file": str(own.key_file),
    }
    endpoint = site.receiver.endpoints["grpc" if exporter is Otlp else "http"]
    sender = make(exporter, {"endpoint": endpoint, "tls": tls})
    sender.start()
    sender.push(batch(span("a")))
    sender.shutdown()
    assert site.names() == ["a"]


@both
def test_plain_text_is_refused_and_harms_nothing(site, transport):
    site.start()
    with grpc.insecure_channel(site.address("grpc")) as channel, pytest.raises(grpc.RpcError):
        export(channel, "plain")
    with (
        httpx2.Client(base_url=f"http://{site.address('http')}", trust_env=False) as client,
        pytest.raises(httpx2.TransportError),
    ):
        post(client, "plain")
    site.send(transport, "encrypted")
    assert site.names() == ["encrypted"]


@both
def test_a_client_that_never_finishes_its_handshake_holds_up_nobody(site, transport):
    site.start()
    host, port = site.address(transport).split(":")
    with contextlib.ExitStack() as open_sockets:
        for _ in range(20):
            stalled = open_sockets.enter_context(socket.create_connection((host, int(port)), 10))
            stalled.sendall(b"\x16\x03\x01")
        site.send(transport, "a")
        site.receiver.shutdown()
    assert site.names() == ["a"]


def test_http_takes_no_version_below_the_least(site):
    site.start_with({"http": site.certificate._asdict() | {"min_version": "1.3"}})
    context = ssl.create_default_context(cafile=site.authority.cert_file)
    with handshake(site.address("http"), context) as connection:
        assert connection.version() == "TLSv1.3"
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError), handshake(site.address("http"), context):
        pass


@both
def test_versions_from_1_2_on_are_taken_where_nothing_is_said(site, transport):
    site.start()
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.create_default_context(cafile=site.authority.cert_file)
        context.set_alpn_protocols(["h2", "http/1.1"])
        context.minimum_version = context.maximum_version = version
        with handshake(site.address(transport), context) as connection:
            assert connection.version() == version.name.replace("_", ".")


@both
def test_a_new_certificate_is_shown_to_new_connections_once_the_interval_is_over(site, transport):
    site.start(reload_interval="60s")
    old = site.certificate.der()
    new = site.authority.issue().der()
    site.clock.advance(59)
    assert site.shown(transport) == old
    site.clock.advance(1)
    assert site.shown(transport) == new != old
    site.send(transport, "a")
    assert site.names() == ["a"]


@both
def test_without_an_interval_the_first_certificate_stays(site, transport):
    site.start()
    old = site.certificate.der()
    site.authority.issue()
    site.clock.advance(1_000_000)
    assert site.shown(transport) == old


def test_connections_go_on_while_certificates_change(site):
    site.start(reload_interval="1s")
    states = []
    trusting = ssl.create_default_context(cafile=site.authority.cert_file)
    body = request(span()).SerializeToString()
    head = f"POST /v1/traces HTTP/1.1\r\nhost: a\r\ncontent-length: {len(body)}\r\n"
    message = f"{head}content-type: application/x-protobuf\r\n\r\n".encode() + body
    with site.channel() as channel, handshake(site.address("http"), trusting) as http:
        export(channel, "first")
        channel.subscribe(states.append)
        for _ in range(10):
            new = site.authority.issue().der()
            site.clock.advance(1)
            assert site.shown("grpc") == site.shown("http") == new
            export(channel, "next")
            http.sendall(message)
            assert http.recv(1000).startswith(b"HTTP/1.1 200")
    assert len(site.names()) == 21
    assert set(states) == {grpc.ChannelConnectivity.READY}


@both
def test_senders_that_connect_while_certificates_change_lose_nothing(site, transport):
    site.start(reload_interval="1s")
    done = threading.Event()
    sent, failures = [], []

    def keep_sending():
        while not done.is_set():
            try:
                site.send(transport, f"span {len(sent)}")
                sent.append(1)
            except Exception as error:
                failures.append(error)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    for _ in range(20):
        new = site.authority.issue().der()
        site.clock.advance(1)
        assert site.shown(transport) == new
    done.set()
    sender.join()
    assert failures == []
    assert len(site.names()) == len(sent) > 0


@both
def test_a_certificate_that_cannot_be_used_is_logged_and_the_old_one_goes_on(site, transport):
    site.start(reload_interval="1s")
    old, files = site.certificate.der(), site.certificate
    good = files.key_file.read_text()
    stranger = site.authority.issue("stranger").key_file.read_text()
    for bad in ("", "junk", good[:100], stranger):
        files.key_file.write_text(bad)
        site.clock.advance(1)
        with capture_logs() as logs:
            assert site.shown(transport) == old
            site.send(transport, "a")
        (told,) = [event for event in logs if event["log_level"] == "error"]
        assert str(files.key_file) in told["problem"]
        assert told["setting"] == f"receivers.otlp.protocols.{transport}.tls"
        assert good.splitlines()[1][:20] not in json.dumps(logs)
    new = site.authority.issue().der()
    site.clock.advance(1)
    assert site.shown(transport) == new


@both
def test_a_file_that_is_gone_for_a_while_is_no_end(site, transport):
    site.start(reload_interval="1s")
    old = site.certificate.der()
    site.certificate.cert_file.unlink()
    site.clock.advance(1)
    assert site.shown(transport) == old
    new = site.authority.issue().der()
    site.clock.advance(1)
    assert site.shown(transport) == new


@both
def test_the_authority_of_clients_changes_with_the_certificates(site, transport):
    old, new = Authority(site.directory, "old"), Authority(site.directory, "new")
    trusted = site.directory / "clients.pem"
    trusted.write_bytes(old.cert_file.read_bytes())
    site.start(client_ca_file=trusted, reload_interval="1s")
    refused(site, transport, certificate=new.issue("agent"))
    trusted.write_bytes(new.cert_file.read_bytes())
    site.clock.advance(1)
    site.send(transport, "a", certificate=new.issue("agent"))
    refused(site, transport, certificate=old.issue("agent"))
    assert site.names() == ["a"]
