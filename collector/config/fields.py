"""The kinds of field that component configurations are made of."""

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)")
_DURATION = re.compile(rf"(?:{_PART.pattern})+")


class ConfigModel(BaseModel):
    """Base of every configuration model: unknown keys are mistakes, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


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
        raise ValueError(f"{value!r} is not a duration: write a number with a unit, such as 30s")
    return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))


def parse_endpoint(value: Any) -> Any:
    """`host:port` as it was written. Raises ValueError where the port is missing or no port."""
    host, colon, port = str(value).rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535 or "/" in host:
        raise ValueError(f"{value!r} is not an endpoint: write host:port, such as 127.0.0.1:4317")
    return value


_DURATION_SCHEMA = {"type": "string", "pattern": f"^({_PART.pattern})+$", "examples": ["30s"]}

Duration = Annotated[
    float, BeforeValidator(parse_duration), Field(ge=0), WithJsonSchema(_DURATION_SCHEMA)
]
"""Seconds as a float, written `30s`, `1m30s` or `200ms`."""

Endpoint = Annotated[str, BeforeValidator(parse_endpoint)]
"""`host:port`."""

Secret = SecretStr
"""Text that no log, error or printed configuration shows; `.get_secret_value()` reads it."""
