"""Span records as a payload of their own, put together from serialized spans.

Building the message first would copy every span before it is serialized. In the Protocol Buffers
wire format a message is its fields one after the other, and a field that holds text or a message
is a tag, the length of its content, and the content. Tags and lengths are varints: seven bits a
byte, the lowest first, the top bit set on all bytes but the last.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import TypeAlias

from collector.batch import ResourceRecord, ScopeRecord, SpanRecord

# A tag is the number of the field, shifted by three, plus 2 for "has a length". The names are
# those of opentelemetry/proto/trace/v1/trace.proto.
_RESOURCE_SPANS = _RESOURCE = _SCOPE = b"\x0a"  # 1
_SCOPE_SPANS = _SPANS = b"\x12"  # 2
_SCHEMA_URL = b"\x1a"  # 3

_scope_of = attrgetter("scope")
_first = itemgetter(0)

_Frame: TypeAlias = tuple[bytes, bytes]
"""What stands before and after the scopes of a resource, or the spans of a scope."""


class Packer:
    """Packs records of one batch, serializing each resource and scope only once.

    They must not change meanwhile, so a packer does not outlive the call that needs it.
    """

    def __init__(self) -> None:
        self._frames: dict[ResourceRecord | ScopeRecord, _Frame] = {}

    def pack(self, records: Iterable[SpanRecord]) -> bytes:
        """An ExportTraceServiceRequest with these spans, their resources and scopes.

        Neighbours with the same resource, or the same scope, share it.
        """
        payload = []
        for resource, scopes in groupby(self._scopes(records), _first):
            before, after = self._frame(resource)
            content = b"".join((before, *[scope_spans for _, scope_spans in scopes], after))
            payload.append(_field(_RESOURCE_SPANS, content))
        return b"".join(payload)

    def _scopes(self, records: Iterable[SpanRecord]) -> Iterator[tuple[ResourceRecord, bytes]]:
        for scope, neighbours in groupby(records, _scope_of):
            run = list(neighbours)
            before, after = self._frame(scope)
            spans = [_field(_SPANS, record.span.SerializeToString()) for record in run]
            yield run[0].resource, _field(_SCOPE_SPANS, b"".join((before, *spans, after)))

    def _frame(self, of: ResourceRecord | ScopeRecord) -> _Frame:
        frame = self._frames.get(of)
        if frame is None:
            head = of.resource if isinstance(of, ResourceRecord) else of.scope
            url = of.schema_url.encode()
            frame = self._frames[of] = (
                _field(_RESOURCE, head.SerializeToString()),
                _field(_SCHEMA_URL, url) if url else b"",
            )
        return frame


def pack(records: Iterable[SpanRecord]) -> bytes:
    """Serialize span records, with their resources and scopes, as a payload of their own."""
    return Packer().pack(records)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)


_LENGTHS = [_varint(number) for number in range(1 << 14)]
"""Those of one and two bytes, which nearly every span has."""


def _field(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    return tag + (_LENGTHS[size] if size < len(_LENGTHS) else _varint(size)) + content
