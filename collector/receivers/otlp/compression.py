"""Bodies unpacked as they arrive, never past the limit."""

import zlib
from typing import Protocol

import zstandard


class BadBodyError(Exception):
    """The body is not what its Content-Encoding says; `status` is the HTTP status for it."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class TooLargeError(Exception):
    """The body is larger than allowed, once unpacked."""


class Decoder(Protocol):
    """Unpacks a body piece by piece."""

    def feed(self, chunk: bytes) -> bytes:
        """What the chunk unpacks to. Raises BadBodyError or TooLargeError."""
        ...

    def finish(self) -> bytes:
        """What was still held back. Raises BadBodyError if the body ended too early."""
        ...


def decoder(encoding: str, limit: int) -> Decoder:
    """A decoder for a Content-Encoding that yields at most `limit` bytes.

    Raises BadBodyError (415) for an encoding that is not supported.
    """
    match encoding.strip().lower():
        case "identity" | "":
            return _Plain(limit)
        case "gzip" | "x-gzip":
            return _Zlib(limit, 16 + zlib.MAX_WBITS)
        case "deflate" | "zlib":
            return _Zlib(limit, zlib.MAX_WBITS)
        case "zstd":
            return _Zstd(limit)
        case _:
            raise BadBodyError("content encoding must be gzip, zstd, deflate or identity", 415)


class _Plain:
    def __init__(self, limit: int) -> None:
        self._left = limit
        self._limit = limit

    def feed(self, chunk: bytes) -> bytes:
        self._left -= len(chunk)
        if self._left < 0:
            raise TooLargeError(f"the body is larger than {self._limit} bytes, unpacked")
        return chunk

    def finish(self) -> bytes:
        return b""


class _Zlib(_Plain):
    def __init__(self, limit: int, window_bits: int) -> None:
        super().__init__(limit)
        self._inflate = zlib.decompressobj(window_bits)

    def feed(self, chunk: bytes) -> bytes:
        try:
            return super().feed(self._inflate.decompress(chunk, self._left + 1))
        except zlib.error as error:
            raise BadBodyError("the body is not in its Content-Encoding") from error

    def finish(self) -> bytes:
        if not self._inflate.eof:
            raise BadBodyError("the body ended before its compressed stream did")
        return b""


class _Zstd(_Plain):
    """The library bounds its output only when it reads by itself, so the pieces are kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._packed = bytearray()

    def feed(self, chunk: bytes) -> bytes:
        if len(self._packed) + len(chunk) > self._limit:
            raise TooLargeError(f"the body is larger than {self._limit} bytes")
        self._packed += chunk
        return b""

    def finish(self) -> bytes:
        try:
            with zstandard.ZstdDecompressor().stream_reader(bytes(self._packed)) as reader:
                return super().feed(reader.read(self._limit + 1))
        except zstandard.ZstdError as error:
            raise BadBodyError("the body is not in its Content-Encoding") from error
