"""The floor: what grpcio and upb alone cost, with nothing done to the spans."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import click
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

SERVICE = "opentelemetry.proto.collector.trace.v1.TraceService"
Handle = Callable[[bytes, grpc.ServicerContext], bytes]


def parse_only(request: bytes, _context: grpc.ServicerContext) -> bytes:
    """Parse the request and acknowledge it."""
    ExportTraceServiceRequest.FromString(request)
    return b""


def serve(port: int, methods: dict[str, Handle]) -> None:
    """Answer these methods of the trace service, requests and answers as bytes, for ever."""
    server = grpc.server(
        ThreadPoolExecutor(max_workers=8), options=[("grpc.max_receive_message_length", -1)]
    )
    handlers = {name: grpc.unary_unary_rpc_method_handler(f) for name, f in methods.items()}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    server.add_insecure_port(f"127.0.0.1:{port}")
    server.start()
    threading.Event().wait()


@click.command()
@click.option("--port", type=int, required=True)
def main(port: int) -> None:
    """Serve the floor on a port of the loopback."""
    serve(port, {"Export": parse_only})


if __name__ == "__main__":
    main()
