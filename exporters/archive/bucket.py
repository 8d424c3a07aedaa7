"""An archive in an object store, through obstore."""

import io
import re
from collections.abc import Iterator
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
from exporters.archive.settings import ArchiveConfig

_STATUS = re.compile(r"status code: (\d{3})")
_CODE = re.compile(r"<Code>(\w{1,64})</Code>")
_METADATA_SERVICE = "169.254.169.254"
"""Where obstore asks for the machine's role once it has found no other credentials."""
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
        try:
            self._store = from_url(
                config.url,
                config=_s3_settings(config) or None,
                # An endpoint with http:// is the user's own choice; AWS itself is https.
                client_options={"timeout": f"{config.timeout}s", "allow_http": True},
                retry_config={"max_retries": 0},  # the delivery chain retries
            )
        except (BaseError, ValueError) as error:
            raise StartError(f"url: {config.url}: {_first_line(error)}") from error

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
        except BaseError as error:
            raise OSError(str(_delivery_error(self._config.url, error, _READING))) from error

    def read(self, path: str) -> io.BytesIO:
        """The file, whole. Raises OSError."""
        try:
            return io.BytesIO(obstore.get(self._opened(), path).bytes())
        except BaseError as error:
            raise OSError(str(_delivery_error(self._config.url, error, _READING))) from error

    def _opened(self) -> ObjectStore:
        if self._store is None:
            raise RuntimeError("the bucket is not open")
        return self._store


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


def _delivery_error(url: str, error: Exception, needs: str = "PutObject") -> DeliveryError:
    text = str(error)
    status = found[1] if (found := _STATUS.search(text)) else ""
    code = found[1] if (found := _CODE.search(text)) else ""
    answer = f"{url}: {' '.join(filter(None, (status, code))) or _first_line(error)}"
    if _METADATA_SERVICE in text:
        kind = PermanentError if status.startswith("4") else RetryableError
        return kind("no_credentials", f"{answer}: no credentials found: set access_key_id")
    if isinstance(error, PermissionDeniedError | UnauthenticatedError):
        return PermanentError(
            "permission_denied", f"{answer}: check the credentials, and that they allow {needs}"
        )
    if code == "NoSuchBucket" or isinstance(error, NotFoundError | FileNotFoundError):
        return PermanentError("no_such_bucket", f"{answer}: create the bucket, or correct url")
    if "region" in text.partition("\n")[0] or code == "AuthorizationHeaderMalformed":
        return PermanentError("wrong_region", f"{answer}: set region to the bucket's own")
    if status.startswith("4") and status not in _PASSING:
        return PermanentError(f"http_{status}", answer)
    return RetryableError(f"http_{status}" if status else "unreachable", answer)


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0][:300]
