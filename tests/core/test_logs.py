"""Logs are one line an event, and an exception shows where, never what."""

import json
import logging

import pytest

from collector.telemetry.logs import configure_logs, get_logger

pytestmark = pytest.mark.usefixtures("logs_as_before")


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("encoding", ["json", "console"])
def test_an_exception_is_one_line_without_its_message(encoding, capsys):
    configure_logs("info", encoding)
    try:
        fail("jane.doe@example.com")
    except ValueError:
        get_logger(component="redaction").exception("failed")
        logging.getLogger("a.library").exception("failed too")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert all("ValueError" in line and "test_logs.py" in line for line in lines)
    assert not any("jane" in line for line in lines)


def test_json_carries_what_was_bound(capsys):
    configure_logs("info", "json")
    get_logger(component="archive").warning("slow", seconds=3)
    event = json.loads(capsys.readouterr().err)
    assert event["component"] == "archive"
    assert event["level"] == "warning"
    assert event["seconds"] == 3


def test_events_below_the_level_are_not_written(capsys):
    configure_logs("warning", "console")
    get_logger().info("quiet")
    assert "quiet" not in capsys.readouterr().err
