"""HTTP POST with OTLP's rules for answers: what may be tried again, what may be split."""

import contextlib
import gzip
import ssl
import time
from collections.abc import Callable, Container, Iterable, Mapping
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import httpx2
import zstandard
from pydantic import model_validator

from collector import (
    Context,
    DeliveryError,
    ExporterConfig,
    PermanentError,
    RetryableError,
    SplitError,
    __version__,
)
from exporters._answers import (
    CERTIFICATE_REMEDIES,
    RAISE_LIMIT,
    error_words,
    quote,
    remedy,
    retry_after,
    unpack,
)
from exporters._settings import ClientTls, Headers, is_loopback, load_tls

MAX_ANSWER = 4 << 20
"""Bytes of an answer that are read; OTLP allows responses of at most 4 MiB."""
RETRYABLE = frozenset({429, 502, 503, 504})
"""OTLP specification, "Retryable Response Codes"."""
GZIP_LEVEL = 1
"""Spans repeat themselves so much that the fastest level saves most of what the slowest does."""

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda body: gzip.compress(body, GZIP_LEVEL, mtime=0),
    "zstd": zstandard.compress,
}
REMEDIES = {
    401: "check the credentials in headers",
    403: "check the credentials in headers",
    404: "nothing takes traces there: check the endpoint",
    405: "nothing takes traces there: check the endpoint",
    413: RAISE_LIMIT,
    415: "it takes another encoding: try encoding: json, or compression: none",
}
# What the libraries say where there was no answer at all.
CONNECTION_REMEDIES = {
    **CERTIFICATE_REMEDIES,
    "WRONG_VERSION_NUMBER": "the peer speaks plain text: write http://",
    "illegal": "the peer does not speak HTTP/1.1: check the port; OTLP over HTTP is mostly on 4318",
}


class HttpConfig(ExporterConfig):
    """What every exporter that speaks HTTP can be told."""

    tls: ClientTls = ClientTls()
    """How to encrypt the connection; the scheme of the address says whether."""
    headers: Headers = {}
    """Headers sent with every request."""

    @model_validator(mode="after")
    def _tls_fits_http(self) -> Self:
        if self.tls.insecure and any(url.startswith("https://") for url in self.urls()):
            raise ValueError("https:// asks for TLS and tls.insecure for none: remove one")
        return self

    def urls(self) -> list[str]:
        """Every address that these settings name."""
        return []


def check_url(value: str) -> str:
    """A URL without its trailing slash. Raises ValueError for one that cannot be posted to."""
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("write a URL with its scheme, such as https://collector:4318")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL shows in logs: take the credentials out, and send them in headers")
    if parts.query or parts.fragment:
        raise ValueError("the URL of a backend has no query and no fragment: remove them")
    try:
        _ = parts.port, parts.hostname.encode("idna")
    except ValueError:  # UnicodeError is one
        raise ValueError(f"{value!r} is no address: correct its host or its port") from None
    return value.rstrip("/")


class Answer(NamedTuple):
    """What the backend answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case; empty where it was not said."""
        return self.headers.get("content-type", "").lower()


class HttpClient:
    """Posts to one URL over connections that it keeps."""

    def __init__(
        self,
        url: str,
        config: HttpConfig,
        context: Context,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> None:
        """`headers` go with every request, over configured ones of the same name.

        What the configured headers hold, and `secrets`, is taken out of every error.
        """
        self.url = url
        self._config = config
        self._clock = context.clock
        configured = {
            name.lower(): value.get_secret_value() for name, value in config.headers.items()
        }
        self._secrets = (*configured.values(), *secrets)
        self._headers = {
            "user-agent": f"winnow-collector/{__version__}",
            "accept-encoding": "identity",
            **configured,
            **(headers or {}),
        }
        self._client: httpx2.Client | None = None

    def open(self) -> None:
        """Make ready to connect. Raises StartError for TLS files that cannot be used."""
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        self._client = httpx2.Client(
            headers=self._headers,
            verify=ssl_context(self._config.tls) if secure else False,
            timeout=self._config.timeout or None,
            follow_redirects=False,
            # What goes to this machine must not pass a proxy on another.
            trust_env=not is_loopback(parts.hostname or ""),
        )

    def close(self) -> None:
        """Close every connection; requests under way end as retryable."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def post(self, body: bytes, content_type: str, compression: str) -> Answer:
        """Post the body; returns the answer, whatever its status.

        Raises RetryableError where none came, PermanentError where none can.
        """
        if (client := self._client) is None:
            raise RetryableError("shutdown", "the exporter is not running")
        headers = {"content-type": content_type}
        if compression in COMPRESS:
            headers["content-encoding"] = compression
            body = COMPRESS[compression](body)
        try:
            return self._exchange(client, body, headers)
        except httpx2.TransportError as error:
            raise self._failure(error) from None
        except RuntimeError:  # the client was closed meanwhile
            raise RetryableError("shutdown", "the exporter is shutting down") from None

    def _exchange(self, client: httpx2.Client, body: bytes, headers: dict[str, str]) -> Answer:
        give_up = time.monotonic() + (self._config.timeout or float("inf"))
        with client.stream(
            "POST",
            self.url,
            content=body,
            headers=headers,
            extensions=self._extensions(),
        ) as response:
            encoding = response.headers.get("content-encoding", "")
            body = unpack(_read(response, give_up), encoding, MAX_ANSWER)
            return Answer(response.status_code, response.headers, body)

    def _extensions(self) -> dict[str, str]:
        name = self._config.tls.server_name_override
        return {"sni_hostname": name} if name else {}

    def _failure(self, error: httpx2.TransportError) -> DeliveryError:
        """What it means that no answer came."""
        if isinstance(error, httpx2.TimeoutException):
            words = f"{self.url} did not answer within {self._config.timeout:g}s"
            return RetryableError("timeout", words)
        if isinstance(error, httpx2.LocalProtocolError | httpx2.UnsupportedProtocol):
            # Its text may quote a header: only its type is told.
            return PermanentError("request", f"{self.url}: cannot be sent: {type(error).__name__}")
        words = str(error) or type(error).__name__
        parts = (self.url, self.quote(words), remedy(words, CONNECTION_REMEDIES))
        return RetryableError("connection", ": ".join(filter(None, parts)))

    def delivery_error(
        self,
        answer: Answer,
        remedies: Mapping[int, str],
        retryable: Container[int] = RETRYABLE,
    ) -> DeliveryError:
        """What an answer other than success means.

        `remedies` say what to do, by status; `retryable` are the statuses worth another try.
        """
        status = answer.status
        reason = f"http_{status}"
        text = self._explain(answer, remedies)
        if status in retryable:
            delay = retry_after(answer.headers.get("retry-after"), self._clock.now())
            return RetryableError(reason, text, delay)
        if status == 413:
            return SplitError("too_large", text)
        return PermanentError(reason, text)

    def _explain(self, answer: Answer, remedies: Mapping[int, str]) -> str:
        advice = remedies.get(answer.status, "")
        if 300 <= answer.status < 400:
            advice = "redirects are not followed: set the address that it points to"
        words = self.quote(error_words(answer.body, answer.content_type))
        parts = (f"{self.url} answered {answer.status}", words, advice)
        return ": ".join(part for part in parts if part)

    def quote(self, words: str) -> str:
        """The backend's words, fit for a log."""
        return quote(words, self._secrets)


def _read(response: httpx2.Response, give_up: float) -> bytes:
    """The body, or what came of it: the status alone has said what became of the spans."""
    body = bytearray()
    with contextlib.suppress(httpx2.TransportError):
        for chunk in response.iter_raw():
            body += chunk
            if len(body) > MAX_ANSWER or time.monotonic() > give_up:
                break
    return bytes(body[:MAX_ANSWER])


def ssl_context(tls: ClientTls) -> ssl.SSLContext:
    """The TLS context that `tls` describes; the system's authorities where it names none.

    Raises StartError for files that cannot be used.
    """
    if tls.insecure_skip_verify:
        context = httpx2.create_ssl_context(verify=False)
    elif tls.ca_file is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    else:
        context = httpx2.create_ssl_context()
    load_tls(tls, context)
    return context
