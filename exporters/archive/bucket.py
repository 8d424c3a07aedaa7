"""An archive in an object store, through obstore."""

import io
import os
import re
from collections.abc import Callable, Iterator
from typing import Any

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    UnauthenticatedError,
)
from obstore.store import ObjectStore, from_url

from collector import DeliveryError, PermanentError, RetryableError, Secret, StartError
from collector.config.secrets import hide_user_info
from exporters.archive.settings import UNFIT, ArchiveConfig, fits_a_header

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_SYSTEM = re.compile(r'(?:error|message): "([^"\n]{1,100})"')
_CAUSES = {
    "kind: Timeout": "no answer within timeout",
    "InvalidCertificate": "its certificate is not one that this machine trusts",
    "InvalidContentType": "it speaks plain text: write http:// in endpoint",
}
"""What obstore's errors show of a request that got no answer, below their first line."""
_QUERY = re.compile(r"(?<=\S)\?\S*")
_METADATA_SERVICE = "169.254.169.254"
"""Where obstore asks for the machine's role once it has found no other credentials."""
_ENVIRONMENT = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_OTHER_REGION = "an incorrectly configured region"
_READING = "ListBucket and GetObject"
_PASSING = ("408", "409", "429")
"""The client errors that a second try can get past."""


class Bucket:
    """Puts files into a bucket, where they become visible when they are whole; and reads them."""

    def __init__(self, config: ArchiveConfig) -> None:
        self._config = config
        self._store: ObjectStore | None = None

    def open(self) -> None:
        """Make the client, and no request yet. Raises StartError for settings it cannot take."""
        config = self._config
        _check_environment(config)
        try:
            self._store = from_url(
                config.url,
                config=_s3_settings(config) or None,
                # An endpoint with http:// is the user's own choice; AWS itself is https.
                client_options={"timeout": f"{config.timeout}s", "allow_http": True},
                retry_config={"max_retries": 0},  # the delivery chain retries
            )
        except (BaseError, ValueError) as error:
            raise StartError(f"url: {config.url}: {_says(error)}") from error

    def write(self, path: str, data: memoryview) -> None:
        """Put one object, in place of one of the same name; in parts where it is large.

        Raises RetryableError, or PermanentError where the bucket, the credentials or the settings
        are wrong.
        """
        try:
            obstore.put(self._opened(), path, data)
        except (BaseError, OSError) as error:
            raise _delivery_error(self._config.url, error) from error

    def files(self) -> Iterator[tuple[str, int]]:
        """The path and the size in bytes of each Parquet file. Raises OSError."""
        try:
            for found in obstore.list(self._opened()):
                for item in found:
                    if item["path"].endswith(".parquet"):
                        yield item["path"], item["size"]
        except (BaseError, OSError) as error:
            raise OSError(str(_delivery_error(self._config.url, error, _READING))) from error

    def read(self, path: str) -> io.BytesIO:
        """The file, whole. Raises OSError."""
        try:
            return io.BytesIO(obstore.get(self._opened(), path).bytes())
        except (BaseError, OSError) as error:
            raise OSError(str(_delivery_error(self._config.url, error, _READING))) from error

    def parts(self, path: str, size: int) -> io.RawIOBase:
        """The file of so many bytes, of which only what is read is fetched; that raises OSError."""
        return _Parts(path, size, self._range)

    def _range(self, path: str, start: int, length: int) -> memoryview:
        try:
            return memoryview(obstore.get_range(self._opened(), path, start=start, length=length))
        except (BaseError, OSError) as error:
            raise OSError(str(_delivery_error(self._config.url, error, _READING))) from error

    def _opened(self) -> ObjectStore:
        if self._store is None:
            raise RuntimeError("the bucket is not open")
        return self._store


def _check_environment(config: ArchiveConfig) -> None:
    """Raises StartError for credentials there that obstore would panic about at every request."""
    if config.url.startswith("s3://") and config.access_key_id is None:
        for name in _ENVIRONMENT:
            if not fits_a_header(os.environ.get(name, "")):
                raise StartError(f"url: {config.url}: {name} in the environment {UNFIT}")


class _Parts(io.RawIOBase):
    """An object as a file that can be read only."""

    def __init__(self, path: str, size: int, fetch: Callable[[str, int, int], memoryview]) -> None:
        """`fetch` takes a path, a start and a length."""
        self._path, self._size, self._fetch = path, size, fetch
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def readinto(self, buffer: Any) -> int:
        length = max(0, min(len(buffer), self._size - self._at))
        if length:
            buffer[:length] = self._fetch(self._path, self._at, length)
        self._at += length
        return length


def _s3_settings(config: ArchiveConfig) -> Any:
    settings = {
        "region": config.region,
        "endpoint": config.endpoint,
        "access_key_id": config.access_key_id,
        "secret_access_key": _reveal(config.secret_access_key),
        "session_token": _reveal(config.session_token),
    }
    return {name: value for name, value in settings.items() if value is not None}


def _reveal(secret: Secret | None) -> str | None:
    return None if secret is None else secret.get_secret_value()


def _delivery_error(  # noqa: PLR0911 - one answer for each kind of error
    url: str, error: Exception, needs: str = "PutObject"
) -> DeliveryError:
    text = str(error)
    status = found[1] if (found := _STATUS.search(text)) else ""
    code = found[1] if (found := _CODE.search(text)) else ""
    answer = f"{url}: {' '.join(filter(None, (status, code))) or _says(error)}"
    if _METADATA_SERVICE in text:
        kind = PermanentError if status.startswith("4") else RetryableError
        remedy = "set access_key_id, or AWS_ACCESS_KEY_ID"
        return kind("no_credentials", f"{answer}: no credentials found: {remedy}")
    if code == "RequestTimeTooSkewed":
        return RetryableError("clock_skewed", f"{answer}: set the clock of this machine")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError) or code == "ExpiredToken":
        return PermanentError(
            "permission_denied", f"{answer}: check the credentials, and that they allow {needs}"
        )
    if code == "NoSuchBucket" or isinstance(error, NotFoundError | FileNotFoundError):
        return PermanentError("no_such_bucket", f"{answer}: create the bucket, or correct url")
    if _OTHER_REGION in text or code == "AuthorizationHeaderMalformed":
        return PermanentError("wrong_region", f"{answer}: set region to the bucket's own")
    if status.startswith("4") and status not in _PASSING:
        return PermanentError(f"http_{status}", answer)
    return RetryableError(f"http_{status}" if status else "unreachable", answer)


def _says(error: Exception) -> str:
    """Its first line and its cause, without what an endpoint from the environment may hide."""
    first, _, rest = str(error).partition("\n")
    line = _QUERY.sub("", hide_user_info(first))[:300]
    cause = next((words for sign, words in _CAUSES.items() if sign in rest), "")
    system = _SYSTEM.search(rest)
    return ": ".join(filter(None, (line, cause or (system[1] if system else ""))))
