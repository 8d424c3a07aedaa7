"""Workers redact as the collector's own process would, and none of their deaths lets text pass."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from collector.errors import StartError
from processors.redaction import Redaction, workers
from tests.helpers import Sink, attributes, batch, consume, eventually, make, metric, span
from tests.redaction.conftest import started

MAIL = "jane@example.com"


@pytest.fixture
def run():
    """From settings to a started processor, which is shut down at the end."""
    with contextlib.ExitStack() as stack:

        def build(**settings):
            made = started(**({"workers": 1} | settings))
            made.next = Sink()
            stack.callback(made.shutdown)
            return made

        yield build


def worker_pids() -> set[int]:
    """The workers of this process."""
    found = set()
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if (
                parent == os.getpid()
                and workers.__name__.encode() in entry.joinpath("cmdline").read_bytes()
            ):
                found.add(int(entry.name))
    return found


def redacted(processor, *texts: str) -> list[str]:
    consume(processor, batch(*(span(attributes={"text": text}) for text in texts)))
    return [found["text"] for found in attributes(processor.next.batches[-1].spans)]


def test_a_worker_redacts_as_the_own_process_does(run, redaction):
    texts = [f"write to {MAIL}", "call +1 415 555 0132", "nothing to see", '{"ssn": "212-34-5678"}']
    assert redacted(run(), *texts) == [redaction.redact(text, "text")[0] for text in texts]


def test_workers_know_a_teams_own_rules(run, tmp_path):
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rules]]\nid = "acme-key"\nregex = "acme_[0-9a-f]{16}"\nkeywords = ["acme_"]\n'
    )
    processor = run(secret_rules=[str(rules)])
    assert redacted(processor, "it is acme_0123456789abcdef") == ["it is <ACME_KEY>"]


def test_what_workers_find_is_counted(run):
    processor = run()
    redacted(processor, MAIL, MAIL)
    assert (
        metric(processor, "pii_entities_total", entity_type="EMAIL_ADDRESS", action="replace") == 2
    )


def test_what_a_worker_masks_is_counted(run):
    processor = run(max_value_bytes=1024)
    assert redacted(processor, "x" * 2000) == ["<REDACTED:oversize>"]
    assert metric(processor, "winnow_redaction_masked_values_total", reason="oversize") == 1


def test_more_requests_than_workers_wait_for_their_turn_and_keep_their_own_answers(run):
    processor = run(workers=2)

    def answer(number: int) -> str:
        sent = batch(span(f"{number} {MAIL}"))
        processor._workers.redact(sent)
        return sent.spans[0].span.name

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(answer, range(40)))
    assert names == [f"{number} <EMAIL_ADDRESS>" for number in range(40)]


def test_a_worker_that_died_is_replaced(run):
    processor = run()
    before = worker_pids()
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert redacted(processor, MAIL) == ["<EMAIL_ADDRESS>"]
    assert worker_pids().isdisjoint(before)


def test_a_worker_that_does_not_answer_is_replaced(run, monkeypatch):
    monkeypatch.setattr(workers, "_GRACE", 1.0)
    processor = run(batch_timeout="100ms")
    for pid in worker_pids():
        os.kill(pid, signal.SIGSTOP)
    assert redacted(processor, MAIL) == ["<EMAIL_ADDRESS>"]


def test_an_answer_that_nobody_waited_for_is_not_given_to_the_next_batch(run, monkeypatch):
    processor = run()
    answer = workers.Worker._answer
    failures = [MemoryError()]

    def fail_once(self, seconds):
        if failures:
            raise failures.pop()
        return answer(self, seconds)

    with monkeypatch.context() as patch:
        patch.setattr(workers.Worker, "_answer", fail_once)
        assert redacted(processor, f"first {MAIL}") == ["first <EMAIL_ADDRESS>"]
    assert redacted(processor, f"second {MAIL}") == ["second <EMAIL_ADDRESS>"]


def test_a_batch_that_ends_every_worker_is_masked_and_the_next_one_is_not(run):
    processor, stop = run(), threading.Event()

    def kill_all() -> None:
        while not stop.is_set():
            for pid in worker_pids():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_all)
    killer.start()
    try:
        eventually(lambda: not worker_pids())
        sent = batch(span("deadly", attributes={"text": MAIL}), resource={"owner": MAIL})
        outcome = processor._workers.redact(sent)
    finally:
        stop.set()
        killer.join()
    assert outcome.masked == {"worker": 1}
    assert MAIL.encode() not in sent.payload
    assert sent.spans[0].span.name == "<REDACTED:worker>"
    assert redacted(processor, MAIL) == ["<EMAIL_ADDRESS>"]


def test_signals_to_the_whole_group_leave_workers_to_the_collector(run):
    processor = run()
    for pid in worker_pids():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
    before = worker_pids()
    assert redacted(processor, MAIL) == ["<EMAIL_ADDRESS>"]
    assert worker_pids() == before


def test_shutdown_ends_the_workers_and_is_safe_twice(run):
    processor = run(workers=2)
    assert len(worker_pids()) == 2
    processor.shutdown()
    processor.shutdown()
    assert worker_pids() == set()


def test_workers_end_with_a_process_that_was_killed():
    code = (
        "import os, signal\n"
        "from tests.redaction.conftest import started\n"
        "from tests.redaction.test_workers import worker_pids\n"
        "held = started(workers=1)\n"
        "print(*worker_pids(), flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[2]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, check=False)
    pid = int(said.stdout.split()[-1])
    eventually(lambda: not Path(f"/proc/{pid}/cmdline").exists() or _is_zombie(pid))


def test_a_worker_that_cannot_load_stops_the_start(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StartError, match="worker"):
        make(Redaction, {"workers": 1}).start()


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
