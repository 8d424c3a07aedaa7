"""The `otlphttp` exporter: OTLP over HTTP, to any backend or collector."""

from typing import Literal, Self

from pydantic import field_validator, model_validator

from collector import Batch, Context, Exporter
from collector.otlp_json import to_json
from exporters._answers import partial_success
from exporters._http import REMEDIES, Answer, HttpClient, HttpConfig, check_url

PATH = "/v1/traces"
CONTENT_TYPES = {"proto": "application/x-protobuf", "json": "application/json"}


class OtlpHttpConfig(HttpConfig):
    """Sends spans over OTLP/HTTP; the settings are the Collector's `otlphttp` exporter's."""

    endpoint: str | None = None
    """The backend's base URL; spans go to `/v1/traces` below it."""
    traces_endpoint: str | None = None
    """The whole URL that spans go to, where it does not end in `/v1/traces`."""
    encoding: Literal["proto", "json"] = "proto"
    """How spans are written; `json` for backends that take nothing else, at some cost."""
    compression: Literal["gzip", "zstd", "none"] = "gzip"
    """How to compress what is sent."""

    @field_validator("endpoint", "traces_endpoint")
    @classmethod
    def _is_url(cls, value: str | None) -> str | None:
        return value and check_url(value)

    @model_validator(mode="after")
    def _goes_somewhere(self) -> Self:
        if not self.endpoint and not self.traces_endpoint:
            raise ValueError("endpoint is missing: write the backend's URL, as http://host:4318")
        if self.endpoint and self.endpoint.endswith(PATH):
            raise ValueError(
                f"endpoint goes without {PATH}, which is added; or use traces_endpoint"
            )
        return self

    def urls(self) -> list[str]:
        """Every address that these settings name."""
        return [url for url in (self.traces_endpoint, self.endpoint) if url]

    @property
    def url(self) -> str:
        """Where spans go."""
        return self.traces_endpoint or f"{self.endpoint}{PATH}"


class OtlpHttp(Exporter[OtlpHttpConfig]):
    """Sends spans over OTLP/HTTP."""

    Config = OtlpHttpConfig

    def __init__(self, config: OtlpHttpConfig, context: Context) -> None:
        super().__init__(config, context)
        self._client = HttpClient(config.url, config, context)

    def start(self) -> None:
        """Make ready to connect. Raises StartError for TLS files that cannot be used."""
        self._client.open()

    def shutdown(self) -> None:
        """Close every connection."""
        self._client.close()

    def push(self, batch: Batch) -> int:
        """Post the batch; returns how many spans the backend refused for good.

        Raises RetryableError, SplitError or PermanentError, as OTLP says for the status.
        """
        config = self.config
        body = batch.payload if config.encoding == "proto" else to_json(batch)
        answer = self._client.post(body, CONTENT_TYPES[config.encoding], config.compression)
        if not 200 <= answer.status < 300:
            raise self._client.delivery_error(answer, REMEDIES)
        return self._rejected(batch, answer)

    def _rejected(self, batch: Batch, answer: Answer) -> int:
        rejected, message = partial_success(answer.body, answer.content_type)
        if rejected or message:
            self.context.logger.warning(
                "partial success", rejected_spans=rejected, message=self._client.quote(message)
            )
        return min(rejected, batch.span_count) if rejected else 0
