"""The `debug` exporter writes what arrives."""

import pytest

from exporters.debug import Debug
from tests.helpers import ManualClock, batch, make, span


def test_basic_logs_how_many_spans_came_and_no_value(logs, capsys):
    make(Debug).push(batch(span("secret name", attributes={"k": "secret value"}), span()))
    (event,) = logs
    assert (event["spans"], event["resource_spans"]) == (2, 1)
    assert "secret" not in str(event)
    assert capsys.readouterr() == ("", "")


def test_normal_writes_a_line_a_span(capsys):
    one = span("chat", attributes={"model": "gpt-4o", "n": 3})
    make(Debug, {"verbosity": "normal"}).push(batch(one, span("tool")))
    out, err = capsys.readouterr()
    first, second = err.splitlines()
    assert first == f'"chat" {one.trace_id.hex()} {one.span_id.hex()} "model"="gpt-4o" "n"=3'
    assert second.startswith('"tool"')
    assert out == ""


def test_detailed_writes_all_of_it(capsys):
    one = span("chat", attributes={"model": "gpt-4o"}, error=True, kind=3, trace_state="a=b")
    one.status.message = "too long"
    event = one.events.add(name="exception", time_unix_nano=5)
    event.attributes.add(key="exception.type").value.string_value = "ValueError"
    one.links.add(trace_id=b"\x01" * 16, span_id=b"\x02" * 8)
    make(Debug, {"verbosity": "detailed"}).push(batch(one, resource={"service.name": "agent"}))
    err = capsys.readouterr().err
    for part in (
        '"service.name": "agent"',
        "Scope",
        one.trace_id.hex(),
        "SPAN_KIND_CLIENT",
        "STATUS_CODE_ERROR",
        '"too long"',
        '"a=b"',
        '"model": "gpt-4o"',
        'Event "exception" at 5 ns',
        '"exception.type": "ValueError"',
        f"Link to trace {'01' * 16} span {'02' * 8}",
    ):
        assert part in err


@pytest.mark.parametrize("verbosity", ["normal", "detailed"])
def test_no_control_character_reaches_the_terminal(capsys, verbosity):
    make(Debug, {"verbosity": verbosity}).push(
        batch(
            span(
                "\x1b[2J",
                attributes={
                    "a\nb": "\x07\x1b]0;x",
                    "bytes": b"\x1b",
                    "n": None,
                    "c1": "\x9b2J\x7f\u202e",
                },
            )
        )
    )
    err = capsys.readouterr().err
    for control in "\x1b\x07\x9b\x7f\u202e":
        assert control not in err
    assert '"\\u009b2J' in err
    assert '"a\\nb"' in err


@pytest.mark.parametrize("verbosity", ["normal", "detailed"])
def test_numbers_without_a_name_are_written_as_numbers(capsys, verbosity):
    odd = span(kind=99)
    odd.status.code = 77
    make(Debug, {"verbosity": verbosity}).push(batch(odd))
    assert odd.span_id.hex() in capsys.readouterr().err


def test_beyond_the_first_batches_of_a_second_one_in_so_many_is_written(logs):
    clock = ManualClock()
    exporter = make(Debug, {"sampling_initial": 2, "sampling_thereafter": 3}, clock=clock)
    for _ in range(9):
        exporter.push(batch(span()))
    assert len(logs) == 4
    clock.advance(1)
    exporter.push(batch(span()))
    assert len(logs) == 5


def test_0_writes_none_beyond_the_first(logs):
    exporter = make(Debug, {"sampling_initial": 1, "sampling_thereafter": 0})
    for _ in range(5):
        exporter.push(batch(span()))
    assert len(logs) == 1


def test_every_batch_is_written_by_default(logs):
    exporter = make(Debug)
    for _ in range(10):
        assert exporter.push(batch(span())) == 0
    assert len(logs) == 10
