"""The kinds of field that component configurations are made of."""

import re
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    WithJsonSchema,
    model_validator,
)

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")
_NO_HOST = re.compile(r"[/$\s]")


class ConfigModel(BaseModel):
    """Base of every configuration model: unknown keys are mistakes, values do not change.

    A key with nothing after it (`genai:`) means all defaults, as in the Collector.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, use_attribute_docstrings=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_defaults(cls, value: Any) -> Any:
        return {} if value is None else value


class ComponentConfig(ConfigModel):
    """Base of every component's `Config`; what it says below holds for all components."""

    enabled: bool = True
    """`false` takes the component out of every pipeline that names it."""


def parse_duration(value: Any) -> Any:
    """Seconds from the Collector's notation: `30s`, `1m30s`, `200ms`, `0`.

    Raises ValueError for anything else; a bare number other than 0 has no unit, so it is refused.
    """
    if value == 0 and not isinstance(value, bool):
        return 0.0
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise ValueError(
            f"{value!r} is not a duration: write a number with a unit (ms, s, m, h), such as 30s"
        )
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))


def parse_endpoint(value: Any) -> Any:
    """`host:port` as it was written. Raises ValueError where it has no port or cannot be a host."""
    host, _, port = str(value).rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535 or _NO_HOST.search(host):
        raise ValueError(f"{value!r} is not an endpoint: write host:port, such as 127.0.0.1:4317")
    return value


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads as these seconds: `90s` is `1m30s`."""
    whole, text = int(seconds), ""
    if seconds != whole or seconds == 0:
        milliseconds = seconds * 1000
        return f"{milliseconds:g}ms" if 0 < seconds < 1 else f"{seconds:g}s"
    for unit, size in (("h", 3600), ("m", 60), ("s", 1)):
        count, whole = divmod(whole, size)
        text += f"{count}{unit}" if count else ""
    return text


_DURATION_SCHEMA = {
    "anyOf": [{"type": "string", "pattern": f"^({_PART.pattern})+$"}, {"const": 0}],
    "examples": ["30s"],
}

Duration = Annotated[
    float,
    BeforeValidator(parse_duration),
    Field(ge=0),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema(_DURATION_SCHEMA),
]
"""Seconds as a float, written `30s`, `1m30s` or `200ms`."""

Endpoint = Annotated[str, BeforeValidator(parse_endpoint)]
"""`host:port`."""

Secret = SecretStr
"""Text that no log, error or printed configuration shows; `.get_secret_value()` reads it."""
