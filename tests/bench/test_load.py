"""The load generator against servers that answer in different ways."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

from benchmarks.floor import SERVICE, Handle, parse_only
from benchmarks.load import Load
from benchmarks.sink import Sink, spans_at
from benchmarks.spans import templates


@contextmanager
def server(**methods: Handle) -> Iterator[str]:
    made = grpc.server(ThreadPoolExecutor(4))
    handlers = {name: grpc.unary_unary_rpc_method_handler(f) for name, f in methods.items()}
    made.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
    port = made.add_insecure_port("127.0.0.1:0")
    made.start()
    yield f"127.0.0.1:{port}"
    made.stop(None).wait()


def load(target: str, rate: float = 0.0):
    return Load(target, templates(16, prompts=False), rate).run(0.3, concurrency=2, spans=16)


def test_what_the_generator_counts_as_acknowledged_is_what_the_sink_received():
    sink = Sink()
    with server(Export=sink.export, Count=sink.count) as target:
        tally = load(target)
        assert tally.spans == spans_at(target) > 0
    assert not tally.errors
    assert 0 < tally.p50 <= tally.p99


def test_a_refused_request_is_sent_again_and_counted():
    answers = iter([True])

    def refuse_once(request: bytes, context: grpc.ServicerContext) -> bytes:
        if next(answers, False):
            context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
        return parse_only(request, context)

    with server(Export=refuse_once) as target:
        tally = load(target)
    assert tally.refused == 1
    assert tally.spans > 0
    assert not tally.errors


def test_an_error_is_named_and_its_spans_are_not_counted():
    def fail(_request: bytes, context: grpc.ServicerContext) -> bytes:
        context.abort(grpc.StatusCode.INTERNAL, "broken")

    with server(Export=fail) as target:
        tally = load(target)
    assert tally.spans == 0
    assert list(tally.errors) == ["INTERNAL"]


def test_a_rate_is_kept_to():
    with server(Export=parse_only) as target:
        tally = load(target, rate=20.0)
    # Two threads, 20 requests a second each, for 0.3 seconds: about 12 requests.
    assert 8 * 16 <= tally.spans <= 16 * 16
