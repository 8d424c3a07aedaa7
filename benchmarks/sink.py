"""The backend behind the daemon: acknowledges every request and counts its spans."""

import threading

import click
import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.floor import SERVICE, serve


class Sink:
    """Counts spans; `Count` answers how many as decimal digits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._spans = 0

    def export(self, request: bytes, _context: grpc.ServicerContext) -> bytes:
        """Take a request in."""
        message = ExportTraceServiceRequest.FromString(request)
        spans = sum(len(s.spans) for r in message.resource_spans for s in r.scope_spans)
        with self._lock:
            self._spans += spans
        return b""

    def count(self, _request: bytes, _context: grpc.ServicerContext) -> bytes:
        """How many spans came in so far."""
        return str(self._spans).encode()


def spans_at(endpoint: str) -> int:
    """How many spans the sink at `endpoint` has received."""
    with grpc.insecure_channel(endpoint) as channel:
        return int(channel.unary_unary(f"/{SERVICE}/Count")(b"", timeout=10))


@click.command()
@click.option("--port", type=int, required=True)
def main(port: int) -> None:
    """Serve a sink on a port of the loopback."""
    sink = Sink()
    serve(port, {"Export": sink.export, "Count": sink.count})


if __name__ == "__main__":
    main()
