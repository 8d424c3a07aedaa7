"""Reading a backend's answer: what it says, how long to wait, how many spans it refused."""

import email.utils
import re
import zlib
from collections.abc import Iterable, Mapping
from datetime import UTC
from typing import Any

import orjson
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

_MAX_WORDS = 200
_SHORTEST_SECRET = 4
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\uffff]+")
# The words of grpc's C core, grpc-go, grpc-java, grpc-dotnet and tonic; and those that grpc's core
# has for the 413 of a proxy.
_TOO_LARGE = re.compile(
    r"(message|payload).{0,40}(larger than max|too large|exceeds (the )?maximum)|status: 413\b",
    re.IGNORECASE,
)
RAISE_LIMIT = "raise the limit for a request there, or in the proxy before it"
"""What to do where even a single span is too large."""
_OTHER_NAME = "set tls.server_name_override to a name in the server's certificate"
CERTIFICATE_REMEDIES = {
    "mismatch, certificate": _OTHER_NAME,
    "Hostname Verification Check": _OTHER_NAME,
    "certificate has expired": "have it renewed, or set the clock of this machine",
    "CERTIFICATE_VERIFY_FAILED": "name the server's authority with tls.ca_file",
}
"""What to do about a certificate, by what OpenSSL and gRPC say; the first that fits."""


def quote(words: str, secrets: Iterable[str] = ()) -> str:
    """A backend's words for a log or an error: one short line, with our own secrets taken out.

    Of a secret such as `Bearer abc…` every word is taken out on its own, but for very short ones.
    """
    parts = {part for secret in secrets for part in (secret, *secret.split())}
    for part in sorted(parts, key=len, reverse=True):  # one may be a piece of another
        if len(part) >= _SHORTEST_SECRET:
            words = words.replace(part, "****")
    return _UNPRINTABLE.sub(" ", words).strip()[:_MAX_WORDS]


def remedy(words: str, remedies: Mapping[str, str]) -> str:
    """The first of `remedies` whose sign stands in `words`; empty where none does."""
    return next((text for sign, text in remedies.items() if sign in words), "")


def too_large(words: str) -> bool:
    """Whether a gRPC status says that the message is over the peer's size limit."""
    return _TOO_LARGE.search(words) is not None


def retry_info(status: bytes) -> float | None:
    """The delay in seconds that a serialized google.rpc.Status asks for; None without one."""
    try:
        details = Status.FromString(status).details
        for detail in details:
            info = RetryInfo()
            if detail.Unpack(info):
                return float(max(0.0, info.retry_delay.seconds + info.retry_delay.nanos / 1e9))
    except DecodeError:
        pass
    return None


def retry_after(value: str | None, now: float) -> float | None:
    """The delay in seconds that a Retry-After header asks for: seconds, or an HTTP-date.

    `now` is in seconds since the Unix epoch. None without a header, or for one that is neither
    (RFC 9110, section 10.2.3).
    """
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        if moment.tzinfo is None:  # asctime's form names no zone: an HTTP-date is always in GMT
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, moment.timestamp() - now)
    except (ValueError, OverflowError):
        return None


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """The body of a backend that packs its answers though it was asked not to.

    At most `limit` bytes of it; nothing of one that cannot be unpacked.
    """
    if encoding in {"", "identity"}:
        return body
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(body, limit)
    except zlib.error:
        return b""


def partial_success(body: bytes, content_type: str) -> tuple[int, str]:
    """How many spans the backend refused for good, and its message.

    Lenient, for backends answer with all sorts of bodies: what cannot be read is (0, "").
    """
    try:
        if "json" in content_type:
            return _partial_success_json(orjson.loads(body or b"{}"))
        if "protobuf" in content_type or not content_type:
            partial = ExportTraceServiceResponse.FromString(body).partial_success
            return max(0, partial.rejected_spans), partial.error_message
    except (DecodeError, ValueError, TypeError, AttributeError):
        pass
    return 0, ""


def _partial_success_json(body: Any) -> tuple[int, str]:
    partial = body.get("partialSuccess") or {}
    return max(0, int(partial.get("rejectedSpans") or 0)), str(partial.get("errorMessage") or "")


def error_words(body: bytes, content_type: str) -> str:
    """What an error's body says: a google.rpc.Status, some JSON, or plain text; else nothing."""
    try:
        if "json" in content_type:
            return _json_words(orjson.loads(body))
        if "protobuf" in content_type:
            return str(Status.FromString(body).message)
    except (DecodeError, ValueError):
        return ""
    return body.decode(errors="replace") if content_type.startswith("text/plain") else ""


def _json_words(body: Any) -> str:
    if not isinstance(body, dict):
        return ""
    return next((str(body[key]) for key in ("message", "error") if body.get(key)), "")
