"""A moment on the command line: a date, or an age."""

import re
from datetime import UTC, datetime, timedelta

import click

from collector.config.fields import parse_duration

_FORMATS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_DAYS = re.compile(r"(\d{1,6})d")


def moment(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime | None:
    """For an option's `callback`: UTC, from `2026-03-01`, `2026-03-01T12:30` or an age, `7d`.

    Raises click.BadParameter.
    """
    if value is None:
        return None
    found = _date(value) or _past(value)
    if found is None:
        remedy = "write 7d, 24h, 2026-03-01 or 2026-03-01T12:30"
        raise click.BadParameter(f"{value!r} is no time: {remedy}")
    return found


def _date(text: str) -> datetime | None:
    for form in _FORMATS:
        try:
            return datetime.strptime(text.removesuffix("Z"), form).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def _past(text: str) -> datetime | None:
    days = _DAYS.fullmatch(text)
    try:
        age = int(days[1]) * 86_400.0 if days else float(parse_duration(text))
        return datetime.now(UTC) - timedelta(seconds=age)
    except (ValueError, OverflowError):
        return None
