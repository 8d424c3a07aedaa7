"""Looks for planted values in bytes, behind every format and compression there may be."""

import gzip
import json
import re
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import re2
import zstandard

from tests.redaction.unwrapped import unwrapped

_LEVELS = 5
_GZIP, _ZSTD = b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"
_MAX_MEMORY = 1 << 30


class Scanner:
    """Finds any of many values."""

    def __init__(self, values: Iterable[str]) -> None:
        """`values` are in small letters."""
        options = re2.Options()
        options.max_mem = _MAX_MEMORY
        self._values = re2.compile("|".join(map(re2.escape, sorted(values))), options)
        self.scanned = 0
        """Characters that were searched, those behind formats included."""

    def found(self, content: bytes) -> set[str]:
        """The values that are in the bytes, or can be read out of them."""
        found: set[str] = set()
        for piece in (content, *inflated(content)):
            for text in unwrapped(piece.decode("utf-8", "surrogateescape"), _LEVELS):
                # Bytes that are no text stand between values, never inside of one.
                plain = text.encode("utf-8", "replace").decode().lower()
                self.scanned += len(plain)
                found.update(match[0] for match in self._values.finditer(plain))
        return found


def inflated(content: bytes) -> Iterator[bytes]:
    """What is compressed in the bytes, wherever it begins."""
    for match in re.finditer(re.escape(_GZIP), content):
        with_rest = zlib.decompressobj(wbits=31)
        try:
            yield with_rest.decompress(content[match.start() :])
        except zlib.error:
            continue
    for match in re.finditer(re.escape(_ZSTD), content):
        try:
            yield zstandard.ZstdDecompressor().decompressobj().decompress(content[match.start() :])
        except zstandard.ZstdError:
            continue


def rows(path: Path) -> Iterator[bytes]:
    """Every cell of every table of a SQLite file, with what its log (WAL) holds."""
    with sqlite3.connect(path) as connection:
        tables = [
            name
            for (name,) in connection.execute("select name from sqlite_master where type='table'")
        ]
        for table in tables:
            for row in connection.execute(f'select * from "{table}"'):
                yield from (cell if isinstance(cell, bytes) else str(cell).encode() for cell in row)
    connection.close()


def plain(body: bytes, encoding: str | None) -> bytes:
    """An HTTP body before compression."""
    if encoding == "gzip":
        return gzip.decompress(body)
    return (
        zstandard.ZstdDecompressor().decompressobj().decompress(body)
        if encoding == "zstd"
        else body
    )


def strings(node: object) -> Iterator[str]:
    """Every string in what JSON holds."""
    if isinstance(node, dict):
        node = [*node, *node.values()]
    if isinstance(node, list):
        for item in node:
            yield from strings(item)
    elif node is not None:
        yield node if isinstance(node, str) else json.dumps(node)
