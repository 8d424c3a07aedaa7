"""The kinds of field that settings are made of."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from collector import ComponentConfig, ConfigModel, Duration, Secret
from collector.config.fields import Endpoint, format_duration, parse_duration


@given(st.integers(0, 10**9))
def test_whole_seconds_survive_being_written_and_read(seconds: int):
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.integers(1, 10**6))
def test_milliseconds_survive_being_written_and_read(milliseconds: int):
    seconds = milliseconds / 1000
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, rel=1e-5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (0.2, "200ms"), (1.5, "1.5s"), (90, "1m30s"), (3600, "1h"), (86400, "24h")],
)
def test_a_duration_is_written_as_people_write_it(seconds: float, text: str):
    assert format_duration(seconds) == text


@pytest.mark.parametrize("value", ["1", 5, "5 s", "-1s", "s", True, None, "1d"])
def test_what_has_no_unit_is_no_duration(value: object):
    with pytest.raises(ValidationError, match="is not a duration"):
        TypeAdapter(Duration).validate_python(value)


@pytest.mark.parametrize("value", ["0.0.0.0:4317", "localhost:0", "[::1]:4317"])
def test_an_endpoint_is_kept_as_it_was_written(value: str):
    assert TypeAdapter(Endpoint).validate_python(value) == value


@pytest.mark.parametrize(
    "value",
    ["host", "host:", "host:70000", "http://host:1", "$HOST:4317", "my host:1", ":4317", 4317],
)
def test_what_has_no_port_or_cannot_be_a_host_is_no_endpoint(value: object):
    with pytest.raises(ValidationError, match="write host:port"):
        TypeAdapter(Endpoint).validate_python(value)


def test_a_secret_is_shown_nowhere():
    class Config(ComponentConfig):
        key: Secret = Secret("")

    config = Config.model_validate({"key": "sk-live"})
    assert config.key.get_secret_value() == "sk-live"
    assert "sk-live" not in f"{config} {config!r} {config.key} {config.model_dump_json()}"


def test_a_section_with_nothing_in_it_means_its_defaults():
    class Inner(ConfigModel):
        depth: int = 3

    class Outer(ConfigModel):
        inner: Inner = Inner()
        optional: Inner | None = Inner()

    outer = Outer.model_validate({"inner": None, "optional": None})
    assert outer.inner.depth == 3
    assert outer.optional is None
