"""A test file: what is sent through a configuration, and what is to come out of it."""

import json
import os
import re
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

from pydantic import AwareDatetime, Field, field_validator, model_validator

from collector.config import source
from collector.config.check import check
from collector.config.fields import ConfigModel, Duration
from collector.config.load import CollectorConfig, load_config
from collector.config.problems import Place, Problem, lines
from collector.errors import ConfigError
from collector.testing.samples import read_series

Kind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
Status = Literal["unset", "ok", "error"]
AttributeValue = str | bool | int | float | list[Any] | dict[str, Any]


class SentEvent(ConfigModel):
    """An event of a span."""

    name: str
    attributes: dict[str, AttributeValue] = {}


class SentSpan(ConfigModel):
    """A span to send. What is left out gets a sensible value."""

    name: str
    id: str = ""
    """A word for the span, by which others name it as `parent`, and `expect` finds it."""
    parent: str = ""
    """The `id` of the span above it; a root if there is none."""
    trace: str = "trace"
    """A word for its trace; all spans of a test are of one trace by default."""
    kind: Kind = "internal"
    status: Status = "unset"
    message: str = ""
    """The status message."""
    start: Duration = 0.0
    """When it starts, after the beginning of the test."""
    duration: Duration = 1.0
    tracestate: str = ""
    attributes: dict[str, AttributeValue] = {}
    events: list[SentEvent] = []


class Matches(ConfigModel):
    """An attribute that is to match a regular expression, as a whole."""

    matches: str

    @field_validator("matches")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        try:
            re.compile(pattern)
        except re.error as error:
            raise ValueError(f"is no regular expression: {error}") from None
        return pattern


class ExpectedSpan(ConfigModel):
    """A span that is to come out. What is left out may be anything."""

    name: str | None = None
    id: str | None = None
    """The `id` that it was sent with."""
    status: Status | None = None
    message: str | None = None
    """The status message."""
    attributes: dict[str, Matches | str | bool | int | float | list[Any] | None] = {}
    """Values that attributes are to have; null: the attribute is not there."""


class Expect(ConfigModel):
    """What is to come out. What is left out is not looked at."""

    exporters: list[str] = []
    """The exporters that all this is to come out of; by default, every one of the pipelines."""
    count: int | None = Field(default=None, ge=0)
    """How many spans."""
    spans: list[ExpectedSpan] = []
    """Spans that are among them."""
    dropped: dict[str, int] | None = None
    """How many spans are dropped, by reason; `{}`: none."""
    never: list[str] = []
    """Texts that stand in no span that comes out, nor in the metrics."""
    metrics: dict[str, float] = {}
    """What metrics count, by a name as in `/metrics`; series that differ in labels that are not
    named are added up."""

    @field_validator("metrics")
    @classmethod
    def _readable(cls, metrics: dict[str, float]) -> dict[str, float]:
        for written in metrics:
            read_series(written)
        return metrics


class Case(ConfigModel):
    """One test."""

    name: str
    receiver: str = ""
    """Where the spans come in; the first receiver by default."""
    at: AwareDatetime | None = None
    """When the test begins, for prices that change; now by default."""
    resource: dict[str, AttributeValue] = {"service.name": "agent"}
    """Attributes of the resource that the spans come from."""
    spans: list[SentSpan] = []
    """Spans to send, in one request."""
    file: Path | None = None
    """Recorded OTLP to send, beside this file: .json and .jsonl, or .pb, .binpb and .proto."""
    expect: Expect

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.spans and self.file is None:
            raise ValueError("sends nothing: write `spans`, or name a `file`")
        ids = {span.id for span in self.spans if span.id}
        for span in self.spans:
            if span.parent and span.parent not in ids:
                raise ValueError(f"no span has the id {span.parent!r}, which is named as a parent")
        for expected in self.expect.spans:
            if expected.id is not None and expected.id not in ids:
                raise ValueError(f"no span is sent with the id {expected.id!r}, which is expected")
        return self


class Suite(ConfigModel):
    """A test file."""

    config: Path = Path("pipeline.yaml")
    """The configuration to test, beside this file."""
    set: dict[str, Any] = {}
    """Settings that stand above it, as `--set` does: `processors.head_sampling.percentage: 100`."""
    env: dict[str, str] = {}
    """Environment variables for it; they stand above those of the process."""
    tests: list[Case] = Field(min_length=1)


class LoadedSuite(NamedTuple):
    """A test file, the places of its tests, and the configuration that they are about."""

    suite: Suite
    places: list[Place]
    config: CollectorConfig


def read_suite(path: Path) -> LoadedSuite:
    """Read a test file and its configuration. Raises ConfigError with every mistake in them."""
    top, problems = source.read(path)
    suite, found = check(Suite, top, ())
    problems += found
    tests = top.get("tests")
    if problems or suite is None or tests is None:
        raise ConfigError(lines(problems))
    places = [node.place for node in tests.value]
    config = load_config(
        path.parent / suite.config,
        [f"{key}={json.dumps(value)}" for key, value in suite.set.items()],
        environ={**os.environ, **suite.env},
    )
    problems = list(_unknown(suite, places, config))
    if problems:
        raise ConfigError(lines(problems))
    return LoadedSuite(suite, places, config)


def _unknown(suite: Suite, places: list[Place], config: CollectorConfig) -> list[Problem]:
    """Receivers and exporters that tests name, and no pipeline uses."""
    problems = []
    for number, case in enumerate(suite.tests):
        named = [("receiver", case.receiver, config.receivers)] if case.receiver else []
        named += [("exporters", name, config.exporters) for name in case.expect.exporters]
        for key, name, known in named:
            if name not in known:
                message = f"no pipeline uses {name!r}; known are {', '.join(known)}"
                problems.append(Problem(places[number], ("tests", number, key), message))
    return problems
