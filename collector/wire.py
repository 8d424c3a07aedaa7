"""OTLP trace messages as the pipeline holds them: attributes stay serialized until asked for.

These are the messages of opentelemetry-proto with one change: wherever one of them has the field
`attributes`, it is a list of serialized `KeyValue`s. In the Protocol Buffers wire format a message
and its bytes look the same, so the payloads are the same. Making a Python object of each key and
each value would cost about twice what reading them this way does.
"""

from collections.abc import MutableSequence
from typing import Any, cast

from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
"""Each after those that it imports."""
_KEY_VALUE = f".{common_pb2.KeyValue.DESCRIPTOR.full_name}"


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for module in _FILES:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message in file.message_type:
            _keep_serialized(message)
        pool.Add(file)
    return pool


def _keep_serialized(message: DescriptorProto) -> None:
    for field in message.field:
        if field.name == "attributes" and field.type_name == _KEY_VALUE:
            field.type = FieldDescriptorProto.TYPE_BYTES
            field.ClearField("type_name")
    for nested in message.nested_type:
        _keep_serialized(nested)


Request = cast(
    "type[ExportTraceServiceRequest]",
    GetMessageClass(
        _pool().FindMessageTypeByName(ExportTraceServiceRequest.DESCRIPTOR.full_name),
    ),
)
"""An ExportTraceServiceRequest whose `attributes` are lists of bytes, for `Attributes` to read."""


def serialized(holder: Any) -> MutableSequence[bytes]:
    """The attributes of a span, event, link, resource or scope that is part of a `Request`."""
    return cast("MutableSequence[bytes]", holder.attributes)
