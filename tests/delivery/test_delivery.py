"""Every exporter's spans are sent, waiting, or failed with a reason; never more, never fewer."""

import contextlib
import sqlite3
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import (
    Batch,
    Exporter,
    ExporterConfig,
    PermanentError,
    RefusedError,
    RetryableError,
    SplitError,
    StartError,
)
from collector.delivery.chain import make_delivery
from collector.delivery.orphans import Orphans
from collector.delivery.retry import InterruptedRetryError, Retry
from collector.delivery.settings import RetryOnFailure
from collector.storage import Storage
from collector.turns import TURNS
from tests.helpers import batch, eventually, make_context, request, span

FAST = {"initial_interval": "1ms", "max_interval": "2ms", "max_elapsed_time": 0}


class Scripted(Exporter[ExporterConfig]):
    """Answers each push as its script says, then takes everything."""

    Config = ExporterConfig

    def __init__(self, config, context):
        super().__init__(config, context)
        self.script = []
        self.taken = []
        self.waiting = 0
        self.gate = threading.Event()
        self.gate.set()
        self.refuses = lambda batch: None

    def push(self, batch):
        self.waiting += 1
        self.gate.wait(10)
        if self.script:
            step = self.script.pop(0)
            if isinstance(step, BaseException):
                raise step
            return step
        if error := self.refuses(batch):
            raise error
        self.taken.append([record.span.name for record in batch.spans])
        return 0

    @property
    def names(self):
        return [name for names in self.taken for name in names]


@pytest.fixture
def chain():
    made = []

    def build(storage=None, drain=5.0, **settings):
        settings = {"retry_on_failure": FAST} | settings
        context = make_context("backend", storage=storage)
        exporter = Scripted(ExporterConfig.model_validate(settings), context)
        delivery = make_delivery(exporter, context, drain)
        made.append(delivery)
        return exporter, delivery, context

    yield build
    for delivery in made:
        delivery._exporter.gate.set()
        delivery.shutdown()


def hand_over(context, delivery, item: Batch) -> None:
    with context.storage.transaction() as transaction:
        item.transaction = transaction
        delivery.consume(item)


def value(context, name, **labels):
    sample = context.counts.metrics.registry.get_sample_value(
        name, {"exporter": "backend"} | labels
    )
    return sample or 0


def test_a_batch_goes_from_the_pipeline_to_the_backend(chain):
    exporter, delivery, context = chain()
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    eventually(lambda: value(context, "winnow_exporter_sent_spans_total") == 2)
    assert exporter.names == ["a", "b"]
    eventually(lambda: context.storage.read("SELECT * FROM queue") == [])


def test_a_batch_whose_transaction_fails_is_never_sent(chain):
    exporter, delivery, context = chain()
    delivery.start()
    with contextlib.suppress(KeyError), context.storage.transaction() as transaction:
        item = batch(span("lost"))
        item.transaction = transaction
        delivery.consume(item)
        raise KeyError
    hand_over(context, delivery, batch(span("kept")))
    eventually(lambda: exporter.names == ["kept"])
    eventually(lambda: value(context, "winnow_exporter_queue_spans") == 0)


def test_what_may_succeed_later_is_tried_again(chain):
    exporter, delivery, context = chain()
    exporter.script = [RetryableError("busy", "later"), RetryableError("busy", "later")]
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    eventually(lambda: exporter.names == ["a"])
    assert value(context, "winnow_exporter_retries_total", reason="busy") == 2


def test_the_backends_own_delay_is_respected(chain):
    exporter, delivery, context = chain()
    exporter.script = [RetryableError("busy", "later", delay=0.2)]
    delivery.start()
    began = time.monotonic()
    hand_over(context, delivery, batch(span("a")))
    eventually(lambda: exporter.names == ["a"])
    assert time.monotonic() - began >= 0.2


def test_however_long_a_backend_asks_to_wait_a_stop_interrupts_the_wait():
    retried, stop = threading.Event(), threading.Event()
    retry = Retry(RetryOnFailure(max_elapsed_time=0), stop)

    def busy():
        raise RetryableError("busy", "later", delay=float("inf"))

    with ThreadPoolExecutor(1) as pool:
        outcome = pool.submit(retry.run, busy, lambda *_: retried.set())
        assert retried.wait(10)
        stop.set()
        assert isinstance(outcome.exception(10), InterruptedRetryError)


@pytest.mark.parametrize("settings", [{"enabled": False}, {"max_elapsed_time": "1ms"}])
def test_a_push_that_a_stop_interrupts_is_not_given_up(settings):
    stop = threading.Event()

    def closed():
        stop.set()
        raise RetryableError("shutdown", "the exporter is shutting down", delay=60)

    with pytest.raises(InterruptedRetryError):
        Retry(RetryOnFailure.model_validate(settings), stop).run(closed, lambda *_: None)


def test_a_push_is_given_up_when_its_time_is_over(chain):
    exporter, delivery, context = chain(retry_on_failure=FAST | {"max_elapsed_time": "20ms"})
    exporter.refuses = lambda batch: RetryableError("busy", "never")
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    eventually(
        lambda: value(context, "winnow_exporter_failed_spans_total", reason="retry_timeout") == 1
    )


def test_a_wait_beyond_the_time_that_there_is_is_not_begun():
    def busy():
        raise RetryableError("busy", "come back tomorrow", delay=86400)

    with pytest.raises(PermanentError, match=r"tomorrow: .* 86400s .* max_elapsed_time is 300s"):
        Retry(RetryOnFailure(), threading.Event()).run(busy, lambda *_: None)


def test_a_permanent_failure_is_counted_with_its_reason(chain):
    exporter, delivery, context = chain()
    exporter.script = [PermanentError("http_400", "no")]
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    eventually(lambda: value(context, "winnow_exporter_failed_spans_total", reason="http_400") == 2)
    assert value(context, "winnow_exporter_sent_spans_total") == 0


def test_an_exporter_that_breaks_harms_only_its_batch(chain):
    exporter, delivery, context = chain()
    exporter.script = [ZeroDivisionError("boom")]
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    hand_over(context, delivery, batch(span("b")))
    eventually(lambda: value(context, "winnow_exporter_failed_spans_total", reason="internal") == 1)
    eventually(lambda: len(exporter.names) == 1)


def test_spans_that_the_backend_refused_count_as_failed(chain):
    exporter, delivery, context = chain()
    exporter.script = [1]
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    eventually(lambda: value(context, "winnow_exporter_sent_spans_total") == 1)
    assert value(context, "winnow_exporter_failed_spans_total", reason="rejected") == 1


def test_one_bad_span_is_isolated_and_the_rest_arrive(chain):
    exporter, delivery, context = chain()

    def refuses(batch):
        if any(record.span.name == "bad" for record in batch.spans):
            return SplitError("http_400", "something in it is bad")
        return None

    exporter.refuses = refuses
    delivery.start()
    names = [f"good-{number}" for number in range(9)] + ["bad"]
    hand_over(context, delivery, batch(*(span(name) for name in names)))
    eventually(lambda: value(context, "winnow_exporter_failed_spans_total", reason="http_400") == 1)
    eventually(lambda: value(context, "winnow_exporter_sent_spans_total") == 9)
    assert sorted(exporter.names) == sorted(names[:-1])


def test_small_batches_are_joined_up_to_the_limit(chain):
    exporter, delivery, context = chain(
        sending_queue={
            "num_consumers": 1,
            "batch": {"flush_timeout": "1h", "min_size": 4, "max_size": 6},
        }
    )
    delivery.start()
    for number in range(4):
        hand_over(context, delivery, batch(span(f"{number}")))
    eventually(lambda: exporter.taken == [["0", "1", "2", "3"]])


def test_a_joined_batch_stays_below_its_bytes(chain):
    exporter, delivery, context = chain(
        sending_queue={
            "num_consumers": 1,
            "batch": {"flush_timeout": "10ms", "min_size": 100, "max_bytes": 150},
        }
    )
    exporter.gate.clear()
    delivery.start()
    for number in range(4):
        hand_over(context, delivery, batch(span(f"{number}")))
    exporter.gate.set()
    eventually(lambda: len(exporter.names) == 4)
    assert len(exporter.taken) >= 3


def test_what_waits_for_company_goes_out_when_its_time_comes(chain):
    exporter, delivery, context = chain(
        sending_queue={"batch": {"flush_timeout": "30ms", "min_size": 1000}}
    )
    delivery.start()
    hand_over(context, delivery, batch(span("alone")))
    eventually(lambda: exporter.names == ["alone"])


@pytest.mark.parametrize(("sizer", "size"), [("requests", 1), ("items", 3), ("bytes", 200)])
def test_a_full_queue_refuses_and_takes_again_when_there_is_room(chain, sizer, size):
    exporter, delivery, context = chain(sending_queue={"sizer": sizer, "queue_size": size})
    exporter.gate.clear()
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b"), span("c")))
    with pytest.raises(RefusedError, match="queue of backend is full"):
        hand_over(context, delivery, batch(span("refused")))
    exporter.gate.set()
    eventually(lambda: value(context, "winnow_exporter_queue_spans") == 0)
    hand_over(context, delivery, batch(span("later")))
    eventually(lambda: "later" in exporter.names)
    assert "refused" not in exporter.names


def test_a_full_queue_may_wait_for_room(chain):
    exporter, delivery, context = chain(
        sending_queue={"queue_size": 1, "block_on_overflow": True}, timeout="10s"
    )
    exporter.gate.clear()
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    waiting = threading.Thread(
        target=hand_over, args=(context, delivery, batch(span("b"))), daemon=True
    )
    waiting.start()
    exporter.gate.set()
    eventually(lambda: exporter.names == ["a", "b"])
    waiting.join(5)


def test_many_that_wait_for_room_all_get_it(chain):
    exporter, delivery, context = chain(
        sending_queue={"queue_size": 1, "num_consumers": 1, "block_on_overflow": True},
        timeout="10s",
    )
    delivery.start()

    def send(_number: int) -> None:
        for _ in range(50):
            hand_over(context, delivery, batch(span("a")))

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(send, range(6)))
    eventually(lambda: len(exporter.names) == 300)


def test_who_waits_for_room_does_not_take_up_a_turn_to_compute(chain):
    exporter, delivery, context = chain(
        sending_queue={"queue_size": 1, "block_on_overflow": True}, timeout="60s"
    )
    exporter.gate.clear()
    delivery.start()
    hand_over(context, delivery, batch(span("first")))
    waiting = threading.Semaphore(0)

    def wait_for_room(name: str) -> None:
        with TURNS.take():
            waiting.release()
            hand_over(context, delivery, batch(span(name)))

    with ThreadPoolExecutor(3) as pool:
        for name in "abc":
            pool.submit(wait_for_room, name)
        assert all(waiting.acquire(timeout=10) for _ in "abc")
        exporter.gate.set()
    eventually(lambda: len(exporter.names) == 4)


def test_a_queue_that_is_shut_down_takes_nothing_more(chain):
    _, delivery, context = chain(sending_queue={"queue_size": 1, "block_on_overflow": True})
    delivery.start()
    delivery.shutdown()
    with pytest.raises(RefusedError, match="stopping"):
        hand_over(context, delivery, batch(span("late")))
    assert context.storage.read("SELECT * FROM queue") == []


def test_a_panic_in_an_exporter_harms_only_its_batch(chain):
    class Panic(BaseException):
        """What a library written in Rust raises."""

    exporter, delivery, context = chain(sending_queue={"num_consumers": 1})
    exporter.script = [Panic("boom")]
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    hand_over(context, delivery, batch(span("b")))
    eventually(lambda: exporter.names == ["b"])
    assert value(context, "winnow_exporter_failed_spans_total", reason="internal") == 1


def test_a_batch_that_was_interrupted_between_its_halves_is_counted_once(chain):
    storage = Storage()
    exporter, delivery, context = chain(storage, drain=0.05)
    exporter.script = [
        SplitError("too_large", "halve it"),
        0,
        RetryableError("down", "not now", delay=60),
    ]
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    eventually(lambda: value(context, "winnow_exporter_retries_total", reason="down") == 1)
    delivery.shutdown()
    assert value(context, "winnow_exporter_sent_spans_total") == 0
    again = make_delivery(exporter, context, 5.0)
    again.start()
    eventually(lambda: value(context, "winnow_exporter_sent_spans_total") == 2)
    again.shutdown()


def test_a_durable_queue_is_taken_up_by_the_next_process(chain, tmp_path):
    first = Storage(tmp_path)
    exporter, delivery, context = chain(storage=first)
    exporter.refuses = lambda batch: RetryableError("down", "not now", delay=60)
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    delivery.shutdown()
    first.close()
    exporter, delivery, context = chain(storage=Storage(tmp_path))
    delivery.start()
    eventually(lambda: exporter.names == ["a", "b"])
    restored = context.counts.metrics.registry.get_sample_value(
        "winnow_restored_spans_total", {"component": "backend", "pipeline": "traces"}
    )
    assert restored == 2


@pytest.fixture
def stuck(chain, tmp_path):
    """A chain that delivered a span while its store took no writes; now it takes them again."""
    storage = Storage(tmp_path)
    exporter, delivery, context = chain(storage)
    exporter.gate.clear()
    delivery.start()
    hand_over(context, delivery, batch(span("delivered")))
    eventually(lambda: exporter.waiting == 1)
    storage.execute("PRAGMA query_only = 1")
    exporter.gate.set()
    eventually(lambda: value(context, "winnow_exporter_sent_spans_total") == 1)
    eventually(lambda: value(context, "winnow_exporter_queue_spans") == 0)
    eventually(lambda: delivery._queue._outdated)
    assert len(storage.read("SELECT id FROM queue")) == 1
    storage.execute("PRAGMA query_only = 0")
    return exporter, delivery, context, storage


def test_what_was_delivered_while_the_store_took_no_writes_is_forgotten_later(stuck):
    exporter, delivery, context, storage = stuck
    hand_over(context, delivery, batch(span("next")))
    eventually(lambda: exporter.names == ["delivered", "next"])
    eventually(lambda: storage.read("SELECT id FROM queue") == [])


def test_shutdown_forgets_what_was_delivered(stuck):
    _, delivery, _, storage = stuck
    delivery.shutdown()
    assert storage.read("SELECT id FROM queue") == []


def test_what_the_store_does_not_give_at_once_is_asked_for_again(chain, monkeypatch):
    exporter, delivery, context = chain()
    read, failures = context.storage.read, [sqlite3.OperationalError("disk I/O error")]

    def glitches(sql, row=()):
        if "payload FROM" in sql and failures:
            raise failures.pop()
        return read(sql, row)

    monkeypatch.setattr(context.storage, "read", glitches)
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    eventually(lambda: exporter.names == ["a"])
    assert not failures


def test_shutdown_delivers_what_waits(chain):
    exporter, delivery, context = chain(
        sending_queue={"batch": {"flush_timeout": "1h", "min_size": 1000}}
    )
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    delivery.shutdown()
    assert exporter.names == ["a"]


def test_spans_lost_at_shutdown_are_counted(chain):
    exporter, delivery, context = chain(drain=0.05)
    exporter.refuses = lambda batch: RetryableError("down", "never", delay=60)
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    delivery.shutdown()
    delivery.write_off()
    dropped = context.counts.metrics.registry.get_sample_value(
        "winnow_dropped_spans_total", {"component": "backend", "reason": "shutdown"}
    )
    assert dropped == 2


def test_spans_in_memory_whose_exporter_is_gone_are_counted_at_the_end(chain):
    exporter, delivery, context = chain(drain=0.05)
    exporter.refuses = lambda batch: RetryableError("down", "never", delay=60)
    delivery.start()
    hand_over(context, delivery, batch(span("a"), span("b")))
    delivery.shutdown()
    orphans = Orphans(context.counts.metrics, context.storage)
    orphans.look(queued=(), reloaded=True)
    assert value(context, "winnow_exporter_queue_spans") == 2
    orphans.write_off()
    assert value(context, "winnow_exporter_queue_spans") == 0
    dropped = context.counts.metrics.registry.get_sample_value(
        "winnow_dropped_spans_total", {"component": "backend", "reason": "shutdown"}
    )
    assert dropped == 2


def test_without_a_queue_the_pipeline_waits_for_the_backend(chain):
    exporter, delivery, context = chain(sending_queue={"enabled": False})
    delivery.start()
    hand_over(context, delivery, batch(span("a")))
    assert exporter.names == ["a"]
    assert value(context, "winnow_exporter_sent_spans_total") == 1


def test_a_pipeline_that_waits_for_the_backend_does_not_take_up_a_turn_to_compute(chain):
    exporter, delivery, context = chain(sending_queue={"enabled": False})
    delivery.start()
    exporter.gate.clear()

    def request(name: str) -> None:
        with TURNS.take():
            hand_over(context, delivery, batch(span(name)))

    with ThreadPoolExecutor(4) as pool:
        requests = [pool.submit(request, name) for name in "abcd"]
        eventually(lambda: exporter.waiting == 4)
        exporter.gate.set()
        for waiting in requests:
            waiting.result(10)
    assert sorted(exporter.names) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("enabled", [True, False])
def test_an_exporter_that_cannot_start_is_named(chain, monkeypatch, enabled):
    exporter, delivery, _ = chain(sending_queue={"enabled": enabled})

    def fail():
        raise StartError("url: no such place")

    monkeypatch.setattr(exporter, "start", fail)
    with pytest.raises(StartError, match=r"^exporters\.backend: url: no such place$"):
        delivery.start()


def test_shutdown_is_safe_twice_and_without_a_start(chain):
    for settings in ({}, {"sending_queue": {"enabled": False}}):
        _, delivery, _ = chain(**settings)
        delivery.shutdown()
        delivery.shutdown()


answers = st.lists(
    st.sampled_from(
        [
            RetryableError("busy", "later"),
            PermanentError("no", "never"),
            SplitError("half", "too large"),
            0,
        ]
    ),
    max_size=12,
)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=6), answers)
def test_every_span_is_sent_or_failed_exactly_once(sizes, script):
    context = make_context("backend")
    settings = {"retry_on_failure": FAST, "sending_queue": {"num_consumers": 1}}
    exporter = Scripted(ExporterConfig.model_validate(settings), context)
    exporter.script = list(script)
    delivery = make_delivery(exporter, context, 5.0)
    delivery.start()
    for size in sizes:
        hand_over(context, delivery, Batch(request(*(span() for _ in range(size)))))
    eventually(lambda: value(context, "winnow_exporter_queue_spans") == 0)
    delivery.shutdown()
    failed = Counter(
        {
            reason: value(context, "winnow_exporter_failed_spans_total", reason=reason)
            for reason in ("no", "half", "internal")
        }
    )
    sent = value(context, "winnow_exporter_sent_spans_total")
    assert sent + sum(failed.values()) == sum(sizes)
    assert failed["internal"] == 0
