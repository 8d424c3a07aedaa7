"""A test file: what is sent through a configuration, and what is to come out of it."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import AfterValidator, AwareDatetime, Field, field_validator, model_validator

from collector.config import source
from collector.config.check import check
from collector.config.fields import ConfigModel, Duration
from collector.config.load import CollectorConfig, load_config
from collector.config.problems import Path, Place, Problem, did_you_mean, lines
from collector.config.source import Node
from collector.errors import ConfigError
from collector.replay.recorded import SUFFIXES
from collector.testing.samples import read_series
from collector.testing.values import Expected, ExpectedText, Sent, is_id

_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2500, 1, 1, tzinfo=UTC)
_LONGEST = 20 * 366 * 86_400.0
"""Seconds. With the latest moment, what OTLP's 64 bits of nanoseconds hold."""

Kind = Literal["unspecified", "internal", "server", "client", "producer", "consumer"]
Status = Literal["unset", "ok", "error"]
_Span = Annotated[Duration, Field(le=_LONGEST)]


def _readable(metric: str) -> str:
    read_series(metric)
    return metric


class SentEvent(ConfigModel):
    """An event of a span."""

    name: str
    attributes: dict[str, Sent] = {}


class SentSpan(ConfigModel):
    """A span to send. What is left out gets a sensible value."""

    name: str
    id: str = ""
    """A word for the span, by which others name it as `parent`, and `expect` finds it; or the 16
    hex digits of its id."""
    parent: str = ""
    """The `id` of the span above it; a root if there is none."""
    trace: str = "trace"
    """A word for its trace, or the 32 hex digits of its id; all spans of a test are of one trace by
    default."""
    kind: Kind = "internal"
    status: Status = "unset"
    message: str = ""
    """The status message."""
    start: _Span = 0.0
    """When it starts, after the beginning of the test."""
    duration: _Span = 1.0
    tracestate: str = ""
    attributes: dict[str, Sent] = {}
    events: list[SentEvent] = []


class ExpectedEvent(ConfigModel):
    """An event that a span is to have. What is left out may be anything."""

    name: str | None = None
    attributes: dict[str, Expected] = {}
    """Values that attributes are to have; null: the attribute is not there."""


class ExpectedSpan(ConfigModel):
    """A span that is to come out. What is left out may be anything."""

    name: str | None = None
    id: str | None = None
    """The `id` that it was sent with; of a span in a `file`, its 16 hex digits."""
    status: Status | None = None
    message: ExpectedText | None = None
    """The status message."""
    tracestate: ExpectedText | None = None
    attributes: dict[str, Expected] = {}
    """Values that attributes are to have; null: the attribute is not there."""
    resource: dict[str, Expected] = {}
    """The same for the attributes of its resource."""
    events: list[ExpectedEvent] = []
    """Events that are among its own."""


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
    never: list[Annotated[str, Field(min_length=1)]] = []
    """Texts that stand in no span that comes out, nor in the metrics."""
    metrics: dict[Annotated[str, AfterValidator(_readable)], float] = {}
    """What metrics count, by a name as in `/metrics`; series that differ in labels that are not
    named are added up."""


class Case(ConfigModel):
    """One test."""

    name: str
    receiver: str = ""
    """Where the spans come in; the first receiver by default."""
    at: AwareDatetime | None = None
    """When the test begins, for prices that change; now by default."""
    resource: dict[str, Sent] = {"service.name": "agent"}
    """Attributes of the resource that the spans come from."""
    spans: list[SentSpan] = []
    """Spans to send, in one request."""
    file: FilePath | None = None
    """Recorded OTLP to send, beside this file: .json and .jsonl, or .pb, .binpb and .proto."""
    expect: Expect

    @field_validator("file")
    @classmethod
    def _is_a_recording(cls, file: FilePath | None) -> FilePath | None:
        if file is not None and file.suffix not in SUFFIXES:
            raise ValueError(f"{file} is no recording: its name is to end in {', '.join(SUFFIXES)}")
        return file

    @field_validator("at", mode="wrap")
    @classmethod
    def _is_a_moment(cls, value: Any, read: Callable[[Any], datetime | None]) -> datetime | None:
        try:
            at = read(value)
        except ValueError:
            at = _EARLIEST
        if at is not None and not _EARLIEST < at < _LATEST:
            raise ValueError("is no moment: write one such as 2026-11-01T12:00:00Z")
        return at

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.spans and self.file is None:
            raise ValueError("sends nothing: write `spans`, or name a `file`")
        known = {span.id: span for span in self.spans if span.id}
        for span in self.spans:
            _check_ids(span, known)
        for expected in self.expect.spans:
            if expected.id is not None and not (expected.id in known or self._sends(expected.id)):
                raise ValueError(f"no span is sent with the id {expected.id!r}, which is expected")
        return self

    def _sends(self, word: str) -> bool:
        """Whether a recorded span may have this id."""
        return self.file is not None and is_id(word, 8)


def _check_ids(span: SentSpan, known: Mapping[str, SentSpan]) -> None:
    if span.id and known[span.id] is not span:
        raise ValueError(f"two spans have the id {span.id!r}: give each its own")
    if span.parent and (span.parent not in known or known[span.parent].trace != span.trace):
        raise ValueError(
            f"no span of its trace has the id {span.parent!r}, which {span.name!r} names as parent"
        )


class Suite(ConfigModel):
    """A test file."""

    config: FilePath = FilePath("pipeline.yaml")
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


def read_suite(path: FilePath) -> LoadedSuite:
    """Read a test file and its configuration. Raises ConfigError with every mistake in them."""
    top, problems = source.read(path)
    suite, found = check(Suite, top, ())
    problems += found
    tests = top.get("tests")
    if problems or suite is None or tests is None:
        raise ConfigError(lines(problems))
    places = [node.place for node in tests.value]
    above = top.get("set")
    config = load_config(
        path.parent / suite.config,
        environ={**os.environ, **suite.env},
        settings=above.value or {} if above else {},
    )
    problems = list(_unknown(tests, config))
    if problems:
        raise ConfigError(lines(problems))
    return LoadedSuite(suite, places, config)


def _unknown(tests: Node, config: CollectorConfig) -> Iterator[Problem]:
    """Receivers and exporters that tests name, and no pipeline uses."""
    for number, test in enumerate(tests.value):
        path = ("tests", number)
        if receiver := test.get("receiver"):
            yield from _not_in(config.receivers, receiver, (*path, "receiver"))
        exporters = test.get("expect").get("exporters")
        for place, exporter in enumerate(exporters.value or () if exporters else ()):
            yield from _not_in(config.exporters, exporter, (*path, "expect", "exporters", place))


def _not_in(known: Iterable[str], named: Node, path: Path) -> Iterator[Problem]:
    if named.value and named.value not in known:
        hint = did_you_mean(named.value, known) or f"; known are {', '.join(known)}"
        yield Problem(named.place, path, f"no pipeline uses {named.value!r}{hint}")
