"""The `langfuse` exporter: OTLP over HTTP to Langfuse, in the words that Langfuse reads best."""

import base64
import re
from typing import Self

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from pydantic import Field, field_validator, model_validator

from collector import Batch, Context, DeliveryError, Exporter, Secret, SplitError
from exporters._answers import RAISE_LIMIT
from exporters._http import Answer, HttpClient, HttpConfig, check_url
from exporters.langfuse.observations import describe, set_defaults
from exporters.langfuse.traces import TraceMemory

PATH = "/api/public/otel/v1/traces"
MAX_PAYLOAD = 16_000_000
"""Langfuse warns about requests of more than 16 MB; larger batches are split."""
LARGE_SPAN = 9_500_000
"""Langfuse only logs a span of more bytes than this, and may drop it later."""
RETRYABLE = frozenset({429, *range(500, 600)})
KEYS = "check public_key and secret_key, that they belong to the project at this host"
REMEDIES = {
    401: KEYS,
    403: f"{KEYS}, and that the project's ingestion is not suspended",
    404: "no Langfuse there: check host, the address of its web page without a path",
    405: "no Langfuse there: check host, the address of its web page without a path",
    413: RAISE_LIMIT,
}


class LangfuseConfig(HttpConfig):
    """Sends spans to Langfuse, cloud or self-hosted."""

    host: str = "https://cloud.langfuse.com"
    """Langfuse's address, as in the browser."""
    public_key: Secret
    """The project's public key, `pk-lf-…`."""
    secret_key: Secret
    """The project's secret key, `sk-lf-…`."""
    environment: str | None = Field(default=None, pattern=r"^[a-z0-9_-]{1,40}$")
    """Langfuse's environment for spans whose resource names none."""
    release: str | None = Field(default=None, max_length=200)
    """Langfuse's release for spans whose resource names none."""
    remember_traces: int = Field(default=10_000, ge=0)
    """For how many traces user, session, tags and name are remembered, for spans that come in a
    later batch."""

    @field_validator("host")
    @classmethod
    def _is_url(cls, value: str) -> str:
        return check_url(value).removesuffix("/v1/traces").removesuffix("/api/public/otel")

    @model_validator(mode="after")
    def _keys_are_keys(self) -> Self:
        if not self.enabled:
            return self
        for name, key in (("public_key", self.public_key), ("secret_key", self.secret_key)):
            if not key.get_secret_value().strip():
                raise ValueError(
                    f"{name} is empty: take it from the project's settings in Langfuse, "
                    "or set enabled: false"
                )
            if re.search(r"\s", key.get_secret_value()):
                raise ValueError(f"{name} holds a space or a line break: remove it")
        if self.public_key.get_secret_value().startswith("sk-"):
            raise ValueError("public_key holds a secret key (sk-…): are the two swapped?")
        return self

    def urls(self) -> list[str]:
        """Every address that these settings name."""
        return [self.host]


class Langfuse(Exporter[LangfuseConfig]):
    """Sends spans to Langfuse.

    Each is sent as Langfuse wants it: with user, session, tags and name of its trace, its type,
    its tokens in buckets that do not overlap, and its cost. The batch itself stays as it was.
    """

    Config = LangfuseConfig

    def __init__(self, config: LangfuseConfig, context: Context) -> None:
        super().__init__(config, context)
        public, secret = config.public_key.get_secret_value(), config.secret_key.get_secret_value()
        token = base64.b64encode(f"{public}:{secret}".encode()).decode()
        headers = {
            "authorization": f"Basic {token}",
            "x-langfuse-ingestion-version": "4",
        }
        self._client = HttpClient(
            config.host + PATH,
            config,
            context,
            headers=headers,
            secrets=(token, public, secret),
        )
        self._traces = TraceMemory(config.remember_traces)

    def start(self) -> None:
        """Make ready to connect. Raises StartError for TLS files that cannot be used."""
        self._client.open()

    def shutdown(self) -> None:
        """Close every connection."""
        self._client.close()

    def push(self, batch: Batch) -> int:
        """Post the batch; returns how many spans Langfuse would never take.

        Raises RetryableError, SplitError or PermanentError.
        """
        # Pushed again after a failure, the batch must still be what it was.
        batch = Batch(payload=batch.payload)
        unusable = batch.retain(lambda record: has_valid_ids(record.span))
        if unusable:
            self.context.logger.warning("spans with invalid ids are not sent", spans=unusable)
        if batch.span_count:
            self._prepare(batch)
            self._send(batch)
        return unusable

    def _prepare(self, batch: Batch) -> None:
        self._traces.spread(batch)
        for record in batch.spans:
            describe(record)
        set_defaults(batch, self.config.environment, self.config.release)
        batch.changed()

    def _send(self, batch: Batch) -> None:
        payload = batch.payload
        if len(payload) > MAX_PAYLOAD and batch.span_count > 1:
            raise SplitError("too_large", f"a batch of {len(payload)} bytes is over 16 MB")
        if len(payload) > LARGE_SPAN:
            self._warn_of_large_spans(batch)
        answer = self._client.post(payload, "application/x-protobuf", "gzip")
        # A success says nothing more: its body is some JSON, whatever was asked for.
        if not 200 <= answer.status < 300:
            raise self._delivery_error(batch, answer)

    def _delivery_error(self, batch: Batch, answer: Answer) -> DeliveryError:
        error = self._client.delivery_error(answer, REMEDIES, RETRYABLE)
        # Langfuse refuses a whole batch for one bad span: halves of it find that span.
        if answer.status == 400 and batch.span_count > 1:
            return SplitError(error.reason, str(error))
        return error

    def _warn_of_large_spans(self, batch: Batch) -> None:
        large = sum(record.span.ByteSize() > LARGE_SPAN for record in batch.spans)
        if large:
            self.context.logger.warning("Langfuse may drop spans over 9.5 MB", spans=large)


def has_valid_ids(span: Span) -> bool:
    """Whether both ids have their length and are not all zeros."""
    trace_id, span_id = span.trace_id, span.span_id
    return len(trace_id) == 16 and len(span_id) == 8 and any(trace_id) and any(span_id)
