"""Bodies unpacked as they arrive, never past the limit."""

import zlib
from collections.abc import AsyncIterable, AsyncIterator, Iterator
from typing import Protocol

import zstandard
from anyio import CapacityLimiter, to_thread

_ZSTD_PIECE = 1024
"""Bytes unpacked at a time: the library does not bound its output, and these grow to 32 MiB at the
most (a block of 128 KiB may be packed into four bytes)."""

_AT_ONCE = 256 * 1024
"""Packed bytes that are worth a way to a thread and back."""


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


async def unpack(chunks: AsyncIterable[bytes], encoding: str, limit: int) -> bytes:
    """The body that the chunks are, of at most `limit` bytes. Raises BadBodyError or TooLargeError.

    A few packed bytes can take a quarter of a second: threads unpack them, so that the event loop
    answers others meanwhile.
    """
    decode = decoder(encoding, limit)
    if type(decode) is _Plain:
        return b"".join([decode.feed(chunk) async for chunk in chunks])
    own = CapacityLimiter(1)  # not behind threads that wait for their turn
    parts = [
        await to_thread.run_sync(decode.feed, packed, limiter=own)
        async for packed in _gathered(chunks)
    ]
    return b"".join(filter(None, [*parts, decode.finish()]))  # one part is not copied


async def _gathered(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    waiting, size = list[bytes](), 0
    async for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= _AT_ONCE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


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
        self._stream = zlib.decompressobj(window_bits)

    def feed(self, chunk: bytes) -> bytes:
        try:
            return super().feed(self._stream.decompress(chunk, self._left + 1))
        except zlib.error as error:
            raise BadBodyError("the body is not in its Content-Encoding") from error

    def finish(self) -> bytes:
        _check_end(self._stream.eof, self._stream.unused_data)
        return b""


class _Zstd(_Plain):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._stream = zstandard.ZstdDecompressor().decompressobj()

    def feed(self, chunk: bytes) -> bytes:
        try:
            return b"".join(self._pieces(chunk))
        except zstandard.ZstdError as error:
            raise BadBodyError("the body is not in its Content-Encoding") from error

    def finish(self) -> bytes:
        _check_end(self._stream.eof, self._stream.unused_data)
        return b""

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        for start in range(0, len(chunk), _ZSTD_PIECE):
            yield super().feed(self._stream.decompress(chunk[start : start + _ZSTD_PIECE]))


def _check_end(reached: bool, rest: bytes) -> None:
    """What a second stream holds must not be lost unnoticed, any more than what was cut off."""
    if not reached:
        raise BadBodyError("the body ended before its compressed stream did")
    if rest:
        raise BadBodyError("the body goes on after its compressed stream")
