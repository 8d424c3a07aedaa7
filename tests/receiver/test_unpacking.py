"""Unpacking large bodies holds nobody up."""

import asyncio
import gzip
import statistics
import time
from collections.abc import AsyncIterator

import httpx2
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.receivers.otlp.compression import BadBodyError, TooLargeError, unpack

LARGE = 60 * 2**20
PACKERS = {
    "gzip": gzip.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "identity": bytes,
}


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


def unpacked(body: bytes, encoding: str, limit: int, size: int = 65536) -> bytes:
    return asyncio.run(unpack(pieces(body, size), encoding, limit))


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_the_event_loop_turns_while_a_body_is_unpacked(encoding: str):
    body = PACKERS[encoding](bytes(LARGE))

    async def count_turns() -> int:
        unpacking, turns = asyncio.create_task(unpack(pieces(body, 65536), encoding, LARGE)), 0
        while not unpacking.done():
            await asyncio.sleep(0)
            turns += 1
        assert len(unpacking.result()) == LARGE
        return turns

    assert asyncio.run(count_turns()) > 100


@given(st.binary(max_size=4000), st.sampled_from(sorted(PACKERS)), st.integers(1, 1000))
def test_a_body_is_the_same_in_whatever_pieces_it_comes(body: bytes, encoding: str, size: int):
    packed = PACKERS[encoding](body)
    assert unpacked(packed, encoding, len(body), size) == body
    if body:
        with pytest.raises(TooLargeError):
            unpacked(packed, encoding, len(body) - 1, size)
    if encoding != "identity":
        with pytest.raises(BadBodyError):
            unpacked(packed[:-1], encoding, len(body), size)


def test_a_body_that_is_too_large_is_not_read_to_its_end():
    """A sender may go on for ever."""
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        packer = zstandard.ZstdCompressor().compressobj()
        while True:
            read += 1
            yield packer.compress(bytes(2**20)) + packer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK)

    with pytest.raises(TooLargeError):
        asyncio.run(unpack(endless(), "zstd", 2**20))
    assert read < 10_000


def test_an_answer_on_an_open_connection_is_not_held_back(receiver):
    """With Nagle's algorithm one with a body waits 40 ms for the client's acknowledgement."""
    times = []
    with httpx2.Client(base_url=f"http://{receiver.endpoints['http']}", trust_env=False) as client:
        for _ in range(30):
            start = time.perf_counter()
            client.post("/v1/traces", json={})
            times.append(time.perf_counter() - start)
    assert statistics.median(times) < 0.02
