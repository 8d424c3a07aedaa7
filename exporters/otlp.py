"""The `otlp` exporter: OTLP over gRPC, to any backend or collector."""

from exporters._grpc import GrpcConfig, GrpcExporter


class OtlpConfig(GrpcConfig):
    """Sends spans over OTLP/gRPC; the settings are the Collector's `otlp` exporter's."""


class Otlp(GrpcExporter[OtlpConfig]):
    """Sends spans over OTLP/gRPC."""

    Config = OtlpConfig
