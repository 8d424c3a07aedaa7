"""The tracestate, as W3C and OpenTelemetry write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector import tracestate as ts


@pytest.mark.parametrize(
    ("percentage", "th"),
    [
        (100, "0"),
        (50, "8"),
        (25, "c"),
        (10, "e666"),
        (1, "fd70a"),
        (0.1, "ffbe77"),
        (100 / 3, "aaab"),
    ],
)
def test_a_percentage_becomes_the_threshold_that_the_collector_writes(percentage, th):
    assert ts.format_threshold(ts.threshold_for(percentage / 100)) == th


def test_a_probability_of_nothing_is_a_threshold_that_nothing_reaches():
    assert ts.threshold_for(0) == ts.NEVER
    assert ts.threshold_for(2**-58) == ts.NEVER


@given(st.floats(min_value=2**-50, max_value=1))
def test_the_threshold_keeps_nearly_the_probability_asked_for(probability):
    kept = (ts.NEVER - ts.threshold_for(probability)) / ts.NEVER
    assert kept == pytest.approx(probability, rel=1e-3)


@given(st.integers(min_value=0, max_value=ts.NEVER - 1))
def test_thresholds_and_randomness_survive_being_written_and_read(value):
    assert ts.parse_threshold(ts.format_threshold(value)) == value
    assert ts.parse_randomness(ts.format_randomness(value)) == value


@pytest.mark.parametrize("text", [None, "", "E666", "0x1", "123456789012345", "-1", "1_0"])
def test_a_malformed_threshold_is_none(text):
    assert ts.parse_threshold(text) is None


@pytest.mark.parametrize("text", [None, "", "abc", "ABCDEF12345678", "123456789012345"])
def test_malformed_randomness_is_none(text):
    assert ts.parse_randomness(text) is None


def test_a_changed_member_moves_to_the_front_and_the_others_stay():
    assert ts.with_member("a=1, ot=th:8,b=2", "ot", "th:c") == "ot=th:c,a=1,b=2"


def test_an_empty_value_removes_the_member():
    assert ts.with_member("ot=th:8,winnow=k:1", "winnow", "") == "ot=th:8"


def test_there_are_never_more_than_32_members():
    full = ",".join(f"k{i}=v" for i in range(32))
    written = ts.with_member(full, "ot", "th:0").split(",")
    assert len(written) == 32
    assert written[0] == "ot=th:0"
    assert written[-1] == "k30=v"


def test_a_member_is_found_by_its_whole_name():
    assert ts.member("not=1,ot=th:8", "ot") == "th:8"
    assert ts.member("not=1", "ot") == ""


def test_more_than_256_characters_are_not_read():
    assert ts.subkeys("th:8;x:" + "a" * 250) == {}


def test_rv_and_th_are_written_first_and_what_does_not_fit_is_left_out():
    pairs = {"a": "x" * 240, "th": "8", "b": "1", "rv": "f" * 14}
    assert ts.join_subkeys(pairs) == f"rv:{'f' * 14};th:8;b:1"


@pytest.mark.parametrize(
    ("probability", "precision", "th"),
    [(0.1, 14, "e6666666666666"), ((2**52 + 1) / 2**56, 14, "efffffffffffff"), (2**-57, 14, None)],
)
def test_every_bit_of_a_threshold_is_exact(probability, precision, th):
    threshold = ts.threshold_for(probability, precision)
    assert threshold == (ts.NEVER if th is None else ts.parse_threshold(th))


def test_subkeys_that_are_no_pairs_are_left_out():
    assert ts.subkeys("th:8;junk;rv:1") == {"th": "8", "rv": "1"}
