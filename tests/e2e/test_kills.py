"""Killed again and again under load, the tail sampler decides every trace once and loses nothing.

`WINNOW_KILLS=50` asks for more kills than the suite has time for.
"""

import os
import random
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.daemon import Daemon, eventually
from tests.doubles.otlp_grpc import GrpcSink
from tests.e2e.test_accounting import Books, to
from tests.e2e.test_durability import METHOD
from tests.helpers import request, span

KILLS = int(os.environ.get("WINNOW_KILLS", "4"))
SENDERS = 3
TRACES = 60
"""That a sender adds to in turn."""
SAMPLING = {
    "decision_wait": "300ms",
    "num_traces": 150,
    "maximum_trace_size_bytes": 4000,
    "policies": [
        {"name": "errors", "type": "status_code", "status_code": {"status_codes": ["ERROR"]}},
        # What was decided by this one would be decided otherwise the next time.
        {"name": "rate", "type": "rate_limiting", "rate_limiting": {"spans_per_second": 300}},
    ],
}


class Agent:
    """Sends spans of many traces, for longer than a decision takes; never the same span twice."""

    def __init__(self, number: int) -> None:
        self._chance = random.Random(number)
        self._next = number << 32
        self._traces = [self._new_trace() for _ in range(TRACES)]
        self.acknowledged: dict[bytes, set[bytes]] = defaultdict(set)
        self.begun_with_error: set[bytes] = set()
        self._unsure: set[bytes] = set()
        """Traces that may have begun with a request that was stored and not acknowledged."""
        self.cut_off = 0

    def send_until(self, endpoint: str, stop: threading.Event) -> None:
        """Keep on sending."""
        with grpc.insecure_channel(endpoint) as channel:
            export = channel.unary_unary(METHOD)
            while not stop.is_set():
                spans = [self._span() for _ in range(10)]
                try:
                    export(request(*spans).SerializeToString(), timeout=10)
                except grpc.RpcError:
                    self.cut_off += 1
                    self._unsure.update(one.trace_id for one in spans)
                    continue
                self._note(spans)

    def _note(self, spans: list[Span]) -> None:
        for one in spans:
            known = one.trace_id in self.acknowledged or one.trace_id in self._unsure
            if one.status.code and not known:
                self.begun_with_error.add(one.trace_id)
        for one in spans:
            self.acknowledged[one.trace_id].add(one.span_id)

    def _new_trace(self) -> int:
        self._next += 1
        return self._next

    def _span(self) -> Span:
        place = self._chance.randrange(TRACES)
        if self._chance.random() < 0.05:
            self._traces[place] = self._new_trace()
        chance = self._chance.random()
        parent = b"parent01" if chance < 0.9 else b""
        return span(trace=self._traces[place], error=chance < 0.03, parent=parent)


@pytest.mark.slow
def test_no_kill_loses_a_span_of_a_kept_trace_or_decides_a_trace_twice(pipeline, tmp_path):
    agents = [Agent(number) for number in range(1, SENDERS + 1)]
    chance = random.Random(7)
    with GrpcSink() as sink:
        config = pipeline({"tail_sampling": SAMPLING}, {"otlp": to(sink)})
        with Daemon(tmp_path, config) as daemon:
            for _ in range(KILLS):
                kill_under_load(agents, daemon, chance.uniform(0.1, 2.5))
                daemon.start()
            eventually(lambda: at_rest(daemon))
            assert Books(daemon).pipeline("traces", "otlp", holds="tail_sampling")
            assert Books(daemon).exporter("otlp")
        check(agents, sink)


def kill_under_load(agents: list[Agent], daemon: Daemon, seconds: float) -> None:
    """Let the agents send for so long, and kill the daemon while they do."""
    stop, pause = threading.Event(), threading.Event()
    pool = ThreadPoolExecutor(SENDERS)
    for agent in agents:
        pool.submit(agent.send_until, daemon.endpoints["grpc"], stop)
    pause.wait(seconds)
    daemon.kill()
    stop.set()
    pool.shutdown()


def at_rest(daemon: Daemon) -> bool:
    return not any(
        daemon.metric(name)
        for name in ("winnow_tail_sampling_open_traces", "winnow_exporter_queue_spans")
    )


def check(agents: list[Agent], sink: GrpcSink) -> None:
    came: dict[bytes, Counter[bytes]] = defaultdict(Counter)
    for one in sink.spans:
        came[one.trace_id][one.span_id] += 1
    acknowledged = {trace: ids for agent in agents for trace, ids in agent.acknowledged.items()}
    lost = {trace: ids - came[trace].keys() for trace, ids in acknowledged.items() if trace in came}
    assert not any(lost.values()), "a kept trace lacks spans"
    begun_with_error = {trace for agent in agents for trace in agent.begun_with_error}
    assert begun_with_error <= came.keys(), "a trace that failed at first is not there"
    assert len(came) < len(acknowledged), "something was dropped"
    print(  # noqa: T201
        f"{len(acknowledged)} traces, {sum(map(len, acknowledged.values()))} spans acknowledged, "
        f"{len(came)} traces kept, {sum(s.total() - len(s) for s in came.values())} spans sent "
        f"twice, {sum(agent.cut_off for agent in agents)} requests refused or cut off"
    )
