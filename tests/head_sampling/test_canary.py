"""The canary: who is always in the sample."""

import itertools
import os

import pytest
from pydantic import ValidationError

from collector import StartError
from processors.head_sampling import HeadSampling, canary
from tests.head_sampling.support import counted, ot
from tests.helpers import ManualClock, batch, consume, make, metric, span


def sampler(clock=None, **settings):
    made = make(
        HeadSampling,
        {"percentage": 0, "mode": "drop", "canary": settings},
        clock=clock or ManualClock(),
    )
    made.start()
    return made


def kept(head, *users):
    """Which of the users' traces go through."""
    before = len(head.next.spans)
    spans = [span(trace=next(_traces), attributes={"user.id": user}) for user in users]
    consume(head, batch(*spans))
    return [record.attributes.get("user.id") for record in head.next.spans[before:]]


_traces = itertools.count(1)
_times = itertools.count(1_000_000_000)


@pytest.fixture
def file(tmp_path):
    made = tmp_path / "canary.txt"
    made.write_text("# ours\nalice\n\n  bob  \n#carol\n")
    return made


def write(file, text):
    """Replace the text, with a time of change of its own."""
    file.write_text(text)
    os.utime(file, (next(_times),) * 2)


def test_the_cohort_is_always_in_the_sample_at_full_weight():
    head = sampler(values=["alice"])
    assert kept(head, "alice", "bob") == ["alice"]
    assert ot(head.next.spans[0])["th"] == "0"
    assert counted(head, "sampled", "canary") == 1


def test_the_cohort_may_stand_in_a_file(file):
    head = sampler(values=["dave"], file=str(file))
    users = ["alice", "bob", "carol", "# ours", "#carol", "", "dave"]
    assert kept(head, *users) == ["alice", "bob", "dave"]


def test_the_cohort_may_be_one_of_any_attribute_of_span_or_resource():
    head = sampler(key="tenant", values=["7"])
    spans = span(trace=1), span(trace=2, attributes={"tenant": 7}), span(trace=3)
    consume(head, batch(*spans), batch(span(trace=4), resource={"tenant": "7"}))
    assert [record.span.trace_id[-1] for record in head.next.spans] == [2, 4]


def test_the_whole_trace_is_kept_and_its_later_spans(file):
    head = sampler(file=str(file))
    consume(head, batch(span(), span(attributes={"user.id": "bob"})), batch(span()))
    assert len(head.next.spans) == 3


def test_the_cohort_is_kept_even_where_a_span_asks_not_to_be():
    head = sampler(values=["alice"])
    consume(head, batch(span(attributes={"user.id": "alice", "sampling.priority": 0})))
    assert len(head.next.spans) == 1


def test_a_changed_file_is_read_within_a_second(file):
    clock = ManualClock()
    head = sampler(clock, file=str(file))
    write(file, "carol\n")
    clock.advance(0.9)
    assert kept(head, "alice", "carol") == ["alice"]
    clock.advance(0.1)
    assert kept(head, "alice", "carol") == ["carol"]


def test_a_file_that_cannot_be_read_leaves_the_cohort_as_it_was(file, capsys):
    clock = ManualClock()
    head = sampler(clock, file=str(file))
    file.unlink()
    for _ in range(3):
        clock.advance(1)
        assert kept(head, "alice") == ["alice"]
    assert capsys.readouterr().out.count("canary file cannot be read") == 1
    assert metric(head, "winnow_head_sampling_canary_failures_total") == 3
    write(file, "carol\n")
    clock.advance(1)
    assert kept(head, "alice", "carol") == ["carol"]


def test_a_file_that_is_no_text_leaves_the_cohort_as_it_was(file):
    clock = ManualClock()
    head = sampler(clock, file=str(file))
    file.write_bytes(b"\xff\xfe\x00")
    clock.advance(1)
    assert kept(head, "alice") == ["alice"]


def test_a_file_that_is_too_large_is_a_mistake(file, monkeypatch):
    monkeypatch.setattr(canary, "MAX_BYTES", 10)
    with pytest.raises(ValueError, match="shorten it"):
        canary.read_values(file)


def test_a_missing_file_is_a_mistake_that_names_it(tmp_path):
    settings = {"canary": {"file": str(tmp_path / "gone.txt")}}
    with pytest.raises(ValidationError, match=r"gone\.txt cannot be read"):
        HeadSampling.Config.model_validate(settings)


def test_a_file_that_has_gone_by_the_start_is_named(file):
    head = make(HeadSampling, {"canary": {"file": str(file)}})
    file.unlink()
    with pytest.raises(StartError, match=r"canary\.txt cannot be read"):
        head.start()


def test_a_canary_of_nobody_is_a_mistake():
    with pytest.raises(ValidationError, match="give values or a file"):
        HeadSampling.Config.model_validate({"canary": {"key": "user.id"}})
