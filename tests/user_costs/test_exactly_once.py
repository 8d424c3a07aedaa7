"""Whatever order refusals, retries, crashes and failures come in, the table is the plain sum."""

import sqlite3
import tempfile
from collections import defaultdict
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import processors.user_costs.processor as module
from collector import RefusedError
from processors.user_costs.outbox import Outbox
from processors.user_costs.sqlite import SqliteDatabase
from tests.helpers import START, batch
from tests.user_costs.support import Collector, call

CALLS = [
    call(f"user {n % 3}", cost=n / 4, tokens=(n, 2 * n), start=START - 1800 * (n % 4))
    for n in range(1, 9)
]
SENDS = st.tuples(
    st.sampled_from(["owned", "refused", "disk full"]),
    st.lists(st.sampled_from(range(len(CALLS))), min_size=1, max_size=4, unique=True),
)
EVENTS = st.sampled_from(["flush", "flush fails", "dies before it forgets", "crash"])


class Flaky(SqliteDatabase):
    """Fails at the last moment, when told to."""

    failing = False

    @contextmanager
    def writing(self):
        with super().writing():
            yield
            if Flaky.failing:
                raise sqlite3.OperationalError("disk I/O error")


class DeathError(Exception):
    """The process ends here."""


@pytest.fixture
def flaky(monkeypatch, by_hand):
    monkeypatch.setattr(module, "SqliteDatabase", Flaky)


def die(*_: object) -> None:
    raise DeathError


def send(one: Collector, fate: str, numbers: list[int]) -> bool:
    """Whether the batch became owned."""
    processor = one.processor
    processor.next.error = RefusedError("queue_full", "full") if fate == "refused" else None
    sent = batch(*(CALLS[number] for number in numbers))
    with suppress(RefusedError, sqlite3.IntegrityError):
        with processor.context.storage.transaction() as transaction:
            sent.transaction = transaction
            processor.consume(sent)
            if fate == "disk full":  # the last of the writes is the one that fails
                transaction.write("INSERT INTO user_costs_remembered VALUES (NULL, NULL, 0)", [()])
        return True
    return False


def happen(one: Collector, event: str) -> None:
    if event == "flush":
        assert one.processor.flush()
    elif event == "flush fails":
        Flaky.failing = True
        one.processor.flush()
        Flaky.failing = False
    elif event == "dies before it forgets":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Outbox, "done", die)
            one.processor.flush()
        one.restart()
    else:
        one.restart()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SENDS | EVENTS, max_size=25))
def test_the_table_is_the_sum_of_the_calls_that_were_owned(flaky, history):
    owned: set[int] = set()
    with tempfile.TemporaryDirectory() as directory:
        one = Collector(Path(directory))
        for step in history:
            if isinstance(step, str):
                happen(one, step)
            elif send(one, *step):
                owned.update(step[1])
        found = {
            (row.hour[11:13], row.user): (row.invocations, row.input, row.output, row.cost)
            for row in one.rows
        }
        one.kill()
    assert found == plain_sum(owned)


def plain_sum(owned: set[int]) -> dict[tuple[str, str], tuple[int, int, int, float]]:
    sums: dict[tuple[str, str], tuple[int, int, int, float]] = defaultdict(lambda: (0, 0, 0, 0.0))
    for n in (number + 1 for number in owned):
        key = str(15 + (400 - 1800 * (n % 4)) // 3600), f"user {n % 3}"
        calls, tokens_in, tokens_out, cost = sums[key]
        sums[key] = calls + 1, tokens_in + n, tokens_out + 2 * n, cost + n / 4
    return dict(sums)
