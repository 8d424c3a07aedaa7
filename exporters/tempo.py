"""The `tempo` exporter: Grafana Tempo over OTLP/gRPC, with Tempo's own answers understood."""

import threading
from typing import Annotated, Literal

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import AfterValidator, Field

from collector import Batch, Context, DeliveryError, PermanentError, Secret, SplitError
from collector.attributes import decode
from collector.wire import serialized
from exporters._grpc import Code, GrpcConfig, GrpcExporter
from exporters._settings import Headers, check_headers

TENANT_HEADER = "x-scope-orgid"
CHECK_EVERY = 60.0
"""Seconds between two looks for attributes that Tempo will cut, in mode `warn`."""


def _is_header_value(tenant: str | None) -> str | None:
    check_headers({TENANT_HEADER: Secret(tenant or "")})
    return tenant


class TempoConfig(GrpcConfig):
    """Sends spans to Grafana Tempo over OTLP/gRPC."""

    tenant: Annotated[str | None, AfterValidator(_is_header_value)] = None
    """Whose spans these are, where Tempo runs with `multitenancy_enabled`; sent as
    `X-Scope-OrgID`."""
    max_attribute_bytes: int = Field(default=2048, ge=1)
    """Tempo's `distributor.max_attribute_bytes`: it cuts longer text silently."""
    truncation: Literal["warn", "count", "off"] = "warn"
    """What to do about text that Tempo will cut. `warn` looks at one batch a minute and logs the
    first find; `count` looks at every span, at about a microsecond each, and raises
    `winnow_tempo_truncated_attributes_total`; `off` does not look."""


class Tempo(GrpcExporter[TempoConfig]):
    """Sends spans to Grafana Tempo."""

    Config = TempoConfig

    def __init__(self, config: TempoConfig, context: Context) -> None:
        super().__init__(config, context)
        self._lock = threading.Lock()
        self._next_check = float("-inf")
        self._warned = False
        self._truncated = context.counts.metrics.counter(
            "winnow_tempo_truncated_attributes",
            "Attributes sent that are longer than Tempo keeps.",
            ("exporter",),
        ).labels(context.component_id)

    def headers(self) -> Headers:
        """The configured metadata, and the tenant."""
        headers = {name.lower(): value for name, value in self.config.headers.items()}
        if self.config.tenant:
            headers[TENANT_HEADER] = Secret(self.config.tenant)
        return headers

    def push(self, batch: Batch) -> int:
        """Send the payload; returns how many spans Tempo refused for good.

        Raises RetryableError, SplitError or PermanentError.
        """
        rejected = super().push(batch)
        if self._should_look(batch):
            self._look_for_cuts(batch)
        return rejected

    def delivery_error(self, code: Code, words: str, delay: float | None) -> DeliveryError:
        """What a failed call means to Tempo, where it differs from OTLP.

        A batch over the burst size and a missing tenant both look as if waiting could help.
        """
        if "batch size" in words and "burst" in words:
            return SplitError("too_large", self._explain(code, words))
        if "no org id" in words:
            return PermanentError(
                "no_tenant", f"{self._explain(code, words)}: it has many tenants: set tenant"
            )
        return super().delivery_error(code, words, delay)

    def _should_look(self, batch: Batch) -> bool:
        if self.config.truncation == "off" or len(batch.payload) <= self.config.max_attribute_bytes:
            return False
        if self.config.truncation == "count":
            return True
        with self._lock:
            now = self.context.clock.monotonic()
            if self._warned or now < self._next_check:
                return False
            self._next_check = now + CHECK_EVERY
            return True

    def _look_for_cuts(self, batch: Batch) -> None:
        limit = self.config.max_attribute_bytes
        cut = [key for record in batch.spans for key in long_attributes(record.span, limit)]
        if not cut:
            return
        if self.config.truncation == "count":
            self._truncated.inc(len(cut))
        if not self._warned:
            self._warned = True
            self.context.logger.warning(
                "Tempo cuts long attributes: raise distributor.max_attribute_bytes there, "
                "and max_attribute_bytes here",
                attribute=cut[0],
                max_attribute_bytes=limit,
            )


def long_attributes(span: Span, limit: int) -> list[str]:
    """The keys of the span's and its events' text attributes of more than `limit` bytes."""
    if span.ByteSize() <= limit:
        return []
    holders = map(serialized, (span, *span.events))
    return [
        key
        for attributes in holders
        for key, value in (decode(item) for item in attributes if len(item) > limit)
        if isinstance(value, str) and len(value.encode()) > limit
    ]
