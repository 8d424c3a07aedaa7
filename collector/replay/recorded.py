"""Recorded OTLP: files of OTLP JSON lines, or of protobuf, as the Collector's file exporter writes.

Sources: OpenTelemetry specification, "OpenTelemetry Protocol File Exporter" (JSON lines); contrib
`exporter/fileexporter` README (`format: proto`: each message after its length, four bytes, the
highest first).
"""

from collections.abc import Iterator
from pathlib import Path

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.batch import Batch
from collector.otlp_json import parse_json

_JSON = (".json", ".jsonl")
_PROTOBUF = (".binpb", ".pb", ".proto")
SUFFIXES = (*_JSON, *_PROTOBUF)
_WHOLE = b"\x0a"
"""What a message that is not behind its length begins with: the tag of `resource_spans`."""


def files(path: Path) -> list[Path]:
    """The recorded files at or below `path`, by name."""
    found = [path] if path.is_file() else path.rglob("*")
    return sorted(p for p in found if p.suffix in SUFFIXES and p.name[0] != "." and p.is_file())


def batches(path: Path) -> Iterator[Batch]:
    """The requests of a file, one at a time; a protobuf file without lengths is one.

    Raises ValueError, with the place in the file, for what is no request, and OSError.
    """
    read = _json_lines if path.suffix in _JSON else _messages
    for place, message in read(path):
        if isinstance(message, Exception):
            raise ValueError(
                f"{path}: {place}: not an OTLP trace request: record it again, or take it out"
            ) from message
        yield Batch(message)


_Found = tuple[str, ExportTraceServiceRequest | Exception]


def _json_lines(path: Path) -> Iterator[_Found]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield f"line {number}", _parsed(line)


def _parsed(line: bytes) -> ExportTraceServiceRequest | Exception:
    try:
        return parse_json(line)
    except ValueError as error:
        return error


def _messages(path: Path) -> Iterator[_Found]:
    with path.open("rb") as file:
        whole = file.read(1) in (_WHOLE, b"")
        file.seek(0)
        if whole:
            yield "byte 0", _decoded(file.read())
            return
        while prefix := file.read(4):
            place, size = f"byte {file.tell() - len(prefix)}", int.from_bytes(prefix, "big")
            payload = file.read(size) if len(prefix) == 4 else b""
            if len(prefix) < 4 or len(payload) < size:
                yield place, EOFError("the file ends within a message")
                return
            yield place, _decoded(payload)


def _decoded(payload: bytes) -> ExportTraceServiceRequest | Exception:
    try:
        return ExportTraceServiceRequest.FromString(payload)
    except DecodeError as error:
        return error
