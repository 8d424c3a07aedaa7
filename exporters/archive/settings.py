"""Where the archive lies, and how spans gather before a file is written."""

import re
from pathlib import Path
from typing import Literal, Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, field_validator, model_validator

from collector import Duration, ExporterConfig, QueueBatch, Secret, SendingQueue

OBJECT_STORES = ("s3", "gs", "az")
_PRINTABLE = re.compile(r"[\x21-\x7e]*")
UNFIT = "holds a space, a line break or a character not in ASCII: remove it"
"""What is wrong with a credential that does not fit a header."""
_S3_ONLY = ("region", "endpoint", "access_key_id", "secret_access_key", "session_token")


class ArchiveBatch(QueueBatch):
    """How many spans make a file."""

    flush_timeout: Duration = 10.0
    """The oldest span waits at most this long for company."""
    min_size: int = Field(default=10_000, ge=0)
    """Write a file as soon as this many spans wait. More spans are fewer files and more memory:
    a span takes about five times its size while its file is made."""


class ArchiveQueue(SendingQueue):
    """What waits between the pipeline and the archive."""

    num_consumers: int = Field(default=1, ge=1, le=64)
    """How many files may be in the making at once."""
    queue_size: int = Field(default=500_000, ge=1)
    """How much may wait, in units of `sizer`. A full queue refuses, and the agent tries again."""
    sizer: Literal["requests", "items", "bytes"] = "items"
    """What `queue_size` counts: batches, spans, or bytes."""
    batch: QueueBatch | None = ArchiveBatch()
    """Join small batches, so that files are few and large."""

    @field_validator("batch", mode="before")
    @classmethod
    def _with_own_defaults(cls, value: object) -> object:
        return ArchiveBatch.model_validate(value) if isinstance(value, dict) else value


class ArchiveConfig(ExporterConfig):
    """Parquet files with zstd, in Hive partitions by date and hour of the spans' start (UTC)."""

    url: str = "file:./data/archive"
    """Where the files go: `file:./data/archive`, `file:///var/lib/archive`, a plain path,
    `s3://bucket/prefix`, `gs://bucket/prefix` or `az://container/prefix`."""
    region: str | None = None
    """The S3 bucket's region; `AWS_REGION` if not given."""
    endpoint: str | None = None
    """Base URL of a service that speaks S3, such as `http://127.0.0.1:9000`; AWS if not given."""
    access_key_id: str | None = None
    """The S3 access key; without it, the AWS environment says who we are: `AWS_ACCESS_KEY_ID` and
    its like, a web identity, or the container's or machine's role."""
    secret_access_key: Secret | None = None
    """The S3 secret key that belongs to `access_key_id`."""
    session_token: Secret | None = None
    """The session token of temporary S3 credentials."""
    sending_queue: ArchiveQueue = ArchiveQueue()
    """What waits between the pipeline and the archive."""
    timeout: Duration = 60.0
    """How long one request to an object store may take."""

    @property
    def directory(self) -> Path | None:
        """The local directory that `url` names; None for an object store."""
        scheme, _, rest = self.url.partition(":")
        if scheme in OBJECT_STORES:
            return None
        if scheme != "file":
            return Path(self.url).expanduser()
        return Path(unquote(urlsplit(self.url).path if rest.startswith("//") else rest))

    @field_validator("url")
    @classmethod
    def _known_place(cls, value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if scheme in OBJECT_STORES:
            _check_shows(value)
        if separator and scheme not in (*OBJECT_STORES, "file"):
            raise ValueError(
                f"{scheme}:// is no place for an archive: use file:, s3://, gs://, az:// or a path"
            )
        if scheme in OBJECT_STORES and not rest.split("/")[0]:
            raise ValueError(f"{value!r} names no bucket: write {scheme}://bucket/prefix")
        if separator and scheme == "file" and not rest.startswith(("/", "localhost/")):
            raise ValueError(f"{value!r} names a host: write file:./relative or file:///absolute")
        if value in ("", "file:"):
            raise ValueError("the archive needs a place: write file:./data/archive")
        return value

    @field_validator("endpoint")
    @classmethod
    def _endpoint_is_a_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        _check_shows(value)
        if not value.startswith(("http://", "https://")):
            raise ValueError(f"{value!r} is no URL: write https://host or http://host:port")
        return value

    @field_validator("access_key_id", "secret_access_key", "session_token")
    @classmethod
    def _fits_a_header(cls, value: str | Secret | None) -> str | Secret | None:
        text = value.get_secret_value() if isinstance(value, Secret) else value
        if text is not None and not fits_a_header(text):
            raise ValueError(UNFIT)
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        given = [name for name in _S3_ONLY if getattr(self, name) is not None]
        if given and not self.url.startswith("s3://"):
            raise ValueError(f"{given[0]} is for s3:// only, and url is {self.url!r}")
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key go together: set both or neither")
        return self


def fits_a_header(credential: str) -> bool:
    """Whether a request can carry it."""
    return _PRINTABLE.fullmatch(credential) is not None


def _check_shows(url: str) -> None:
    """Raises ValueError for a URL with credentials or other settings in it: errors show it."""
    if "@" in url.rpartition("://")[2].partition("/")[0]:
        raise ValueError(
            "a URL shows in logs: take the credentials out, and set access_key_id and "
            "secret_access_key"
        )
    if "?" in url or "#" in url:
        raise ValueError("the URL of an object store has no query and no fragment: remove them")
