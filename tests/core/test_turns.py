"""Few threads compute at a time; those that only wait hold nobody up."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from collector.turns import Turns

PATIENCE = 10.0
AT_ONCE = 0.05


def test_no_more_threads_than_seats_compute_at_once():
    turns, lock, most, now = Turns(2), threading.Lock(), [0], [0]
    all_here = threading.Barrier(6)

    def work(_: int) -> None:
        all_here.wait(PATIENCE)
        with turns.take():
            with lock:
                now[0] += 1
                most[0] = max(most[0], now[0])
            with lock:
                now[0] -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))
    assert 1 <= most[0] <= 2


def test_a_thread_that_has_a_turn_need_not_wait_for_another():
    turns = Turns(1)
    with turns.take(), turns.take():
        pass
    assert gets_a_turn(turns)


def test_a_turn_is_free_again_after_a_failure():
    turns = Turns(1)
    with pytest.raises(KeyError), turns.take():
        raise KeyError
    assert gets_a_turn(turns)


def test_a_thread_that_waits_lends_its_turn_and_has_it_back_after():
    turns = Turns(1)
    with turns.take():
        assert not gets_a_turn(turns, within=AT_ONCE)
        with turns.lend():
            assert gets_a_turn(turns)
        assert not gets_a_turn(turns, within=AT_ONCE)
    assert gets_a_turn(turns)


def test_lending_what_one_does_not_have_frees_nothing():
    turns = Turns(1)
    with turns.lend(), turns.take():
        assert not gets_a_turn(turns, within=AT_ONCE)


def gets_a_turn(turns: Turns, within: float = PATIENCE) -> bool:
    """Whether another thread gets a turn."""
    got = threading.Event()

    def take() -> None:
        with turns.take():
            got.set()

    threading.Thread(target=take, daemon=True).start()
    return got.wait(within)
