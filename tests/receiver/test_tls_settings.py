"""Mistakes in TLS settings are told before the start, at their place, and no key is shown."""

import json
from pathlib import Path

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jsonschema import Draft202012Validator

from collector.config.load import load_config
from collector.config.printed import printed
from collector.config.schema import json_schema
from collector.errors import ConfigError
from collector.registry import Registry
from tests.doubles.tls import Authority

TLS = "receivers.otlp.protocols.{}.tls"
REST = """\
exporters: {debug: }
service: {pipelines: {traces: {receivers: [otlp], processors: [redaction], exporters: [debug]}}}
processors: {redaction: {enabled: false}}
"""
both = pytest.mark.parametrize("transport", ["grpc", "http"])


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Names of files beside the configuration: good ones, and one for each mistake."""
    monkeypatch.chdir(tmp_path)
    authority = Authority(Path(), "authority")
    issued = authority.issue("server")
    authority.issue("other")
    key = serialization.load_pem_private_key(issued.key_file.read_bytes(), None)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    secret = serialization.BestAvailableEncryption(b"sesame")
    Path("encrypted.key").write_bytes(key.private_bytes(pem, pkcs8, secret))
    plain = serialization.NoEncryption()
    foreign = rsa.generate_private_key(65537, 2048)
    Path("rsa.key").write_bytes(foreign.private_bytes(pem, pkcs8, plain))
    Path("junk.pem").write_text("not a certificate")
    Path("huge.pem").write_bytes(b"#" * 2_000_000)
    Path("both.pem").write_bytes(issued.key_file.read_bytes() + issued.cert_file.read_bytes())


def load(transport: str, settings: str, **environ: str):
    text = "receivers:\n  otlp:\n    protocols:\n"
    text += f"      {transport}:\n        tls:\n"
    text += "".join(f"          {line}\n" for line in settings.splitlines())
    Path("pipeline.yaml").write_text(text + REST)
    return load_config(Path("pipeline.yaml"), environ=environ)


def problems(transport: str, settings: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(transport, settings, **environ)
    return caught.value.problems


def tls_of(config, transport: str):
    return getattr(config.receivers["otlp"].config.protocols, transport).tls


GOOD = "cert_file: server.pem\nkey_file: server.key\n"


@both
@pytest.mark.parametrize(
    ("settings", "place", "told"),
    [
        ("cert_file: server.pem", "5:9: {}", "set key_file"),
        ("key_file: server.key", "5:9: {}", "set cert_file"),
        ("client_ca_file: authority.pem", "5:9: {}", "set cert_file"),
        (GOOD + "key_pem: ${env:OWN}", "5:9: {}", "say the same: remove one"),
        ("cert_file: gone.pem\nkey_file: server.key", "6:22: {}.cert_file", "gone.pem cannot be"),
        ("cert_file: .\nkey_file: server.key", "6:22: {}.cert_file", "Is a directory"),
        ("cert_file: junk.pem\nkey_file: server.key", "6:22: {}.cert_file", "no certificate"),
        ("cert_file: huge.pem\nkey_file: server.key", "6:22: {}.cert_file", "larger than 1 MiB"),
        ("cert_file: server.pem\nkey_file: gone.key", "7:21: {}.key_file", "gone.key cannot be"),
        ("cert_file: server.pem\nkey_file: junk.pem", "7:21: {}.key_file", "no private key"),
        ("cert_file: server.pem\nkey_file: server.pem", "7:21: {}.key_file", "no private key"),
        ("cert_file: server.pem\nkey_file: other.key", "7:21: {}.key_file", "is not the key of"),
        ("cert_file: server.pem\nkey_file: rsa.key", "7:21: {}.key_file", "is not the key of"),
        ("cert_file: server.pem\nkey_file: encrypted.key", "7:21: {}.key_file", "decrypt it"),
        ("cert_file: server.pem\nkey_pem: ${env:KEY}", "7:20: {}.key_pem", "is not the key of"),
        ("cert_pem: ''\nkey_file: server.key", "6:11: {}.cert_pem", "no certificate"),
        (GOOD + "client_ca_file: junk.pem", "8:27: {}.client_ca_file", "no certificate"),
        (GOOD + "client_ca_file: server.key", "8:27: {}.client_ca_file", "no certificate"),
        (GOOD + 'min_version: "1.1"', "8:24: {}.min_version", "must be one of 1.2, 1.3"),
        (GOOD + "reload_interval: 60", "8:28: {}.reload_interval", "is not a duration"),
        (GOOD + "ca_file: authority.pem", "8:11: {}.ca_file", "write client_ca_file"),
        (GOOD + "client_ca_file_reload: ", "8:11: {}.client_ca_file_reload", "reload_interval"),
        (GOOD + "max_version: '1.3'", "8:11: {}.max_version", "remove it"),
        (GOOD + "cipher_suites: []", "8:11: {}.cipher_suites", "remove it"),
        (GOOD + "curve_preferences: []", "8:11: {}.curve_preferences", "remove it"),
    ],
)
@pytest.mark.usefixtures("files")
def test_a_mistake_is_told_at_its_place(transport, settings, place, told):
    key = Path("other.key").read_text()
    (problem,) = problems(transport, settings, KEY=key, OWN=Path("server.key").read_text())
    assert problem.startswith(f"pipeline.yaml:{place.format(TLS.format(transport))}: ")
    assert told in problem
    assert key.splitlines()[1] not in problem


@pytest.mark.usefixtures("files")
def test_grpc_cannot_leave_out_tls_1_2_and_says_what_to_do():
    (problem,) = problems("grpc", GOOD + "min_version: 1.3")
    assert problem.startswith(f"pipeline.yaml:8:24: {TLS.format('grpc')}.min_version: ")
    assert 'write "1.2", or take spans over http only' in problem


@pytest.mark.usefixtures("files")
@pytest.mark.parametrize("version", ['"1.2"', "1.2", "'1.3'", "1.3", "${env:V:-1.3}"])
def test_a_version_needs_no_quotes(version):
    tls = tls_of(load("http", GOOD + f"min_version: {version}"), "http")
    assert tls.min_version in {"1.2", "1.3"}


@both
@pytest.mark.usefixtures("files")
def test_a_certificate_and_its_key_may_stand_in_one_file(transport):
    load(transport, "cert_file: both.pem\nkey_file: both.pem")


@both
@pytest.mark.usefixtures("files")
def test_what_is_shown_of_the_settings_holds_no_key_and_loads_again(transport):
    environ = {"CERT": Path("server.pem").read_text(), "KEY": Path("server.key").read_text()}
    config = load(transport, "cert_pem: ${env:CERT}\nkey_pem: ${env:KEY}", **environ)
    for shown in (json.dumps(printed(config)), repr(config)):
        assert environ["KEY"].splitlines()[1] not in shown
    tls = printed(config)["receivers"]["otlp"]["protocols"][transport]["tls"]
    assert tls["key_pem"] == tls["cert_pem"] == "<redacted>"
    config = load(transport, GOOD)
    Path("pipeline.yaml").write_text(yaml.safe_dump(printed(config)))
    again = load_config(Path("pipeline.yaml"))
    assert tls_of(again, transport) == tls_of(config, transport) is not None


def test_the_schema_knows_the_settings():
    schema = Draft202012Validator(json_schema(Registry())[0])

    def valid(tls: dict[str, object]) -> bool:
        receiver = {"otlp": {"protocols": {"grpc": {"tls": tls}}}}
        return schema.is_valid({"receivers": receiver, **yaml.safe_load(REST)})

    assert valid({"cert_file": "a", "key_file": "b", "min_version": 1.2, "reload_interval": "1h"})
    assert not valid({"cert_fil": "a"})
    assert not valid({"min_version": "1.1"})
