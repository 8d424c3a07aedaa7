"""What the OpenTelemetry Collector's files hold that has another place here, or none."""

from collections.abc import Mapping

from collector.registry import Kind

_TYPES: Mapping[tuple[Kind, str], str] = {
    ("exporters", "file"): "use archive, which writes Parquet",
    ("exporters", "logging"): "it is called debug",
    ("processors", "batch"): "remove it: exporters batch by themselves (sending_queue.batch)",
    ("processors", "groupbytrace"): "remove it: tail_sampling holds traces by itself",
    ("processors", "resource"): "there is none: set the attributes where the spans are made",
    ("processors", "resourcedetection"): "there is none: the SDKs detect resources",
    (
        "processors",
        "transform",
    ): "there is none: use attributes, or a component of your own",
    ("receivers", "jaeger"): "send OTLP",
    ("receivers", "zipkin"): "send OTLP",
}
_KEYS: Mapping[tuple[str, ...], str] = {
    ("extensions",): "remove it: /livez and /readyz are at service.telemetry.endpoint, and "
    "service.storage keeps what must not be lost",
    ("service", "extensions"): "remove it, with the section extensions",
    ("service", "telemetry", "metrics"): "write service.telemetry.endpoint; /metrics is there",
    ("service", "telemetry", "traces"): "remove it: Winnow makes no spans of its own",
    ("sending_queue", "storage"): "remove it: service.storage.directory keeps the queues",
    ("filter", "traces"): "write spans: the form with OTTL conditions is not supported",
    ("tls", "ca_file"): "write client_ca_file: clients must then show a certificate",
    ("tls", "cipher_suites"): "remove it: the TLS library chooses",
    ("tls", "client_ca_file_reload"): "write reload_interval: it covers client_ca_file",
    ("tls", "curve_preferences"): "remove it: the TLS library chooses",
    ("tls", "max_version"): "remove it: TLS 1.3 is taken wherever both sides know it",
}


def moved_type(kind: Kind, name: str) -> str:
    """`: ` and what to do about a component type of the Collector's; empty for others."""
    remedy = _TYPES.get((kind, name))
    return f": {remedy}" if remedy else ""


def moved_key(path: tuple[str | int, ...]) -> str:
    """`: ` and what to do about a key of the Collector's, by the end of its path; or empty."""
    types = tuple(str(step).partition("/")[0] for step in path)
    for length in range(len(path), 0, -1):
        remedy = _KEYS.get(types[-length:])
        if remedy:
            return f": {remedy}"
    return ""
